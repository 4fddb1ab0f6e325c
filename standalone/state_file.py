"""The state in a file: whether it is there, before a command that only looks would make one."""

from __future__ import annotations

from pathlib import Path

from ingest.bootstrap.states import DEFAULT_STATE_FILE
from ingest.errors import IngestError


class NoState(IngestError):
    """The error that nothing was collected here yet."""


def require_state(database_url: str | None) -> None:
    """Raise NoState where the state would be a file that does not exist."""
    url = database_url or DEFAULT_STATE_FILE
    scheme, is_url, path = url.partition("://")
    if is_url and scheme != "sqlite":
        return
    file = Path(path.removeprefix("/") if is_url else url)
    if not file.exists():
        raise NoState(
            f"No state exists at {file.resolve()}: start runstream collect here "
            "first, or name its database in DATABASE_URL."
        )
