"""The services that botocore supports, listed by the names of their folders.

To check that it supports a client's service, botocore reads each of its 400 folders, once for each
kind of file. That takes a fourth of the time in which a client is built.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.session import Session


def avoid_service_scan(session: Session) -> Session:
    """Make a botocore session list each folder as a service without reading it; return it.

    It then reads the folder of the wanted service only, also below AWS_DATA_PATH.
    """
    from botocore.loaders import Loader

    class FolderLoader(Loader):
        """A loader that lists folders, and does not look into them."""

        def list_available_services(self, type_name: str) -> list[str]:
            """Return the names of all folders, whatever kinds of files they have."""
            del type_name
            names: set[str] = set()
            for path in self.search_paths:
                with suppress(OSError):  # most of the paths do not exist
                    names.update(each.name for each in Path(path).iterdir())
            return sorted(names)

    found = session.get_component("data_loader")
    folders = FolderLoader(found.search_paths, include_default_search_paths=False)
    session.register_component("data_loader", folders)
    return session
