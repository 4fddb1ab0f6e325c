"""What SQLite and the file system below it report, as a sentence that says what to do."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable
from pathlib import Path

#: For how long a statement waits while another connection writes.
BUSY_SECONDS = 30

#: Python 3.10 gives no error codes, so SQLite's own message must do: https://www.sqlite.org/rescode.html
_EXPLANATIONS = {
    "database is locked": f"has been locked by another process for over {BUSY_SECONDS} "
    "seconds; find and end it",
    "is full": "cannot grow: the disk is full, or the file has reached its limit; free some space",
    "readonly database": "is not writable; let this user write the file and its folder",
    "unable to open": "cannot be opened; create its folder, and let this user write there",
    "malformed": "is damaged; restore a copy, or move it away to start anew",
    "disk i/o error": "cannot be read or written: the disk failed; check the disk",
    "no such table": "has lost a table; restore a copy, or move it away to start anew",
}

#: SQLite's messages for several causes; a trial file shows which one it is.
_VAGUE_MESSAGES = frozenset({"unable to open", "disk i/o error", "readonly database"})

_FULL = "is full"
_READ_ONLY = "cannot be written: its file system is read-only; mount it writable"
_OPEN_FILES = (
    "cannot be opened, because too many files are open; raise the limit of open files (ulimit -n)"
)
_EXPLANATIONS_BY_ERRNO = {
    errno.ENOSPC: _EXPLANATIONS[_FULL],
    errno.EDQUOT: "cannot grow: this user's disk quota is used up; free some space, or raise it",
    errno.EFBIG: "cannot grow: its size has reached a limit, of this process or of the disk; raise "
    "it (ulimit -f)",
    errno.EROFS: _READ_ONLY,
    errno.EMFILE: _OPEN_FILES,
    errno.ENFILE: _OPEN_FILES,
}
_OUT_OF_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

#: More bytes than SQLite adds at once to its -shm file, the index of the write-ahead log.
_TRIAL_BYTES = 64 * 1024


def is_disk_full(error: Exception) -> bool:
    """Return whether SQLite itself reports that there is no space; it has rolled back then."""
    return _FULL in str(error)


def is_out_of_space(error: Exception, path: Path | None) -> bool:
    """Return whether the file or its disk has no space left, whatever SQLite calls that."""
    return is_disk_full(error) or _trial_errno(_message_of(error), path) in _OUT_OF_SPACE


def make_explainer(database: str, path: Path | None) -> Callable[[Exception], str]:
    """Return the function that explains errors of the database in a file, or in memory."""

    def explain(error: Exception) -> str:
        message = _message_of(error)
        sentence = _EXPLANATIONS_BY_ERRNO.get(
            _trial_errno(message, path) or 0, _EXPLANATIONS.get(message)
        )
        if sentence is None:
            fault = f"{type(error).__name__}: {error}"
            return f"{database} failed ({fault}); check the file and try again."
        return f"{database} {sentence}."

    return explain


def _message_of(error: Exception) -> str:
    text = str(error).lower()
    return next((message for message in _EXPLANATIONS if message in text), "")


def _trial_errno(message: str, path: Path | None) -> int | None:
    """Return the errno with which a trial file of the database's size fails in its folder.

    None where SQLite's message is clear, or the trial succeeds.
    """
    if path is None or message not in _VAGUE_MESSAGES:
        return None
    try:
        size = max(
            (each.stat().st_size for each in _database_files(path) if each.exists()), default=0
        )
        with tempfile.TemporaryFile(dir=path.parent) as trial:
            trial.write(bytes(_TRIAL_BYTES))
            trial.seek(size)  # a gap takes no space
            trial.write(bytes(_TRIAL_BYTES))
            trial.flush()
    except OSError as error:
        return error.errno
    return None


def _database_files(path: Path) -> tuple[Path, ...]:
    return (path, Path(f"{path}-wal"), Path(f"{path}-shm"))
