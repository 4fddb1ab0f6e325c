"""The state in a file: whether it is there, before a command that only looks would make one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ingest.bootstrap.states import DEFAULT_STATE_FILE
from ingest.errors import IngestError
from ingest.settings import Settings


class NoState(IngestError):
    """The error that nothing was collected here yet."""


def require_state(database_url: str | None) -> None:
    """Raise NoState where the state would be a file that does not exist."""
    missing = _missing_file(database_url)
    if missing is not None:
        raise NoState(
            f"No state exists at {missing}: start runstream collect here "
            "first, or name its database in DATABASE_URL."
        )


@contextmanager
def without_a_new_state(settings: Settings) -> Iterator[Settings]:
    """Move a state that does not exist yet to a file next to it, removed at the end of the block.

    A place that takes no file is left as it is: opening it says why.
    """
    missing = _missing_file(settings.database_url)
    if missing is None:
        yield settings
        return
    try:
        folder_next_to_it = TemporaryDirectory(dir=missing.parent, prefix=".runstream-")
    except OSError:
        yield settings
    else:
        with folder_next_to_it as folder:
            yield replace(settings, database_url=str(Path(folder, missing.name)))


def _missing_file(database_url: str | None) -> Path | None:
    url = database_url or DEFAULT_STATE_FILE
    scheme, is_url, path = url.partition("://")
    if is_url and scheme != "sqlite":
        return None
    file = Path(path.removeprefix("/") if is_url else url)
    return None if file.exists() else file.resolve()
