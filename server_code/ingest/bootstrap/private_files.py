"""Files that only their owner may read: the app server's configuration and keys, a GitHub App."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte. Raises OSError."""
    draft = _write_draft(file, text)
    try:
        draft.replace(file)
    except OSError:
        draft.unlink()
        raise


def require_writable(file: Path) -> None:
    """Raise OSError if a private file cannot be written; an existing file is not changed."""
    _write_draft(file, "").unlink()


def _write_draft(file: Path, text: str) -> Path:
    """Write the text to a new file in the same folder; remove that file if writing fails."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        draft.unlink(missing_ok=True)
        # The error of a full disk does not name the file.
        raise OSError(error.errno, error.strerror, str(file)) from error
    return draft
