"""What SQLite and the file system below it report, as a sentence that says what to do."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable
from pathlib import Path

#: For how long a statement waits while another connection writes.
BUSY_SECONDS = 30

#: Python 3.10 gives no error codes, so SQLite's own message must do: https://www.sqlite.org/rescode.html
_FAULTS = {
    "is locked": f"has been locked by another process for over {BUSY_SECONDS} seconds; find and "
    "end it",
    "is full": "cannot grow: the disk is full, or the file has reached its limit; free some space",
    "readonly database": "is not writable; let this user write the file and its folder",
    "unable to open": "cannot be opened; create its folder, and let this user write there",
    "malformed": "is damaged; restore a copy, or move it away to start anew",
    "disk i/o error": "cannot be read or written: the disk failed; check the disk",
    "no such table": "has lost a table; restore a copy, or move it away to start anew",
}

#: SQLite's message for many causes; which one it is, the file system says itself.
_VAGUE = frozenset({"unable to open", "disk i/o error", "readonly database"})

_FULL = "is full"
_READ_ONLY = "cannot be written: its file system is read-only; mount it writable"
_OPEN_FILES = (
    "cannot be opened, because too many files are open; raise the limit of open files (ulimit -n)"
)
_CAUSES = {
    errno.ENOSPC: _FAULTS[_FULL],
    errno.EDQUOT: "cannot grow: this user's disk quota is used up; free some space, or raise it",
    errno.EFBIG: "cannot grow: its size has reached a limit, of this process or of the disk; raise "
    "it (ulimit -f)",
    errno.EROFS: _READ_ONLY,
    errno.EMFILE: _OPEN_FILES,
    errno.ENFILE: _OPEN_FILES,
}
_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

#: More than SQLite's index of its log takes at once.
_TRIAL_BYTES = 64 * 1024


def is_disk_full(error: Exception) -> bool:
    """Return whether SQLite itself reports that there is no space, and so undid the change."""
    return _FULL in str(error)


def is_out_of_space(error: Exception, path: Path | None) -> bool:
    """Return whether the file or its disk has no space left, whatever SQLite calls that."""
    return is_disk_full(error) or _refusal(_message_of(error), path) in _SPACE


def explanation_for(place: str, path: Path | None) -> Callable[[Exception], str]:
    """Return the function that explains errors of the database in a file, or in memory."""

    def explain(error: Exception) -> str:
        message = _message_of(error)
        sentence = _CAUSES.get(_refusal(message, path) or 0, _FAULTS.get(message))
        if sentence is None:
            return (
                f"{place} failed ({type(error).__name__}: {error}); check the file and try again."
            )
        return f"{place} {sentence}."

    return explain


def _message_of(error: Exception) -> str:
    text = str(error).lower()
    return next((message for message in _FAULTS if message in text), "")


def _refusal(message: str, path: Path | None) -> int | None:
    """Return the number of the error with which the file's folder refuses a file as it is.

    None where SQLite's message is clear, or the folder refuses nothing.
    """
    if path is None or message not in _VAGUE:
        return None
    try:
        size = max((each.stat().st_size for each in _files_of(path) if each.exists()), default=0)
        with tempfile.TemporaryFile(dir=path.parent) as trial:
            trial.write(bytes(_TRIAL_BYTES))
            trial.seek(size)  # what lies before takes no space
            trial.write(bytes(_TRIAL_BYTES))
            trial.flush()
    except OSError as error:
        return error.errno
    return None


def _files_of(path: Path) -> tuple[Path, ...]:
    return (path, Path(f"{path}-wal"), Path(f"{path}-shm"))
