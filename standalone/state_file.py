"""The file of the state: commands that only read require that it exists, and never create it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ingest.bootstrap.state_stores import DEFAULT_STATE_FILE
from ingest.errors import IngestError
from ingest.settings import Settings


class NoState(IngestError):
    """The error that nothing was collected here yet."""


def require_state(database_url: str | None) -> None:
    """Raise NoState if the state is a file that does not exist."""
    missing = _missing_file(database_url)
    if missing is not None:
        raise NoState(
            f"No state exists at {missing}: start runstream collect here "
            "first, or name its database in DATABASE_URL."
        )


@contextmanager
def temporary_state_if_missing(settings: Settings) -> Iterator[Settings]:
    """Yield the settings; if the file of the state is missing, with a temporary state next to it.

    The temporary state is removed at the end of the block. If no file can be created there, the
    settings stay as they are, and opening the state reports why.
    """
    missing = _missing_file(settings.database_url)
    if missing is None:
        yield settings
        return
    try:
        temporary = TemporaryDirectory(dir=missing.parent, prefix=".runstream-")
    except OSError:
        yield settings
    else:
        with temporary as folder:
            yield replace(settings, database_url=str(Path(folder, missing.name)))


def _missing_file(database_url: str | None) -> Path | None:
    url = database_url or DEFAULT_STATE_FILE
    scheme, separator, path = url.partition("://")
    if separator and scheme != "sqlite":
        return None
    file = Path(path.removeprefix("/") if separator else url)
    return None if file.exists() else file.resolve()
