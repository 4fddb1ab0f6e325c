"""The services that botocore knows, by their folders.

It looks into each of its 400 folders to learn whether it knows the one service that a client is
built for, once for each kind of file: a fourth of the time in which a client is built.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.session import Session


def take_folders_for_services(session: Session) -> Session:
    """Make a botocore session take every folder for a service of its name; return it.

    Only the folder of the wanted service is looked into, where AWS_DATA_PATH leads as well.
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
