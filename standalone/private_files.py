"""Files that only their owner may read: the server's configuration and its keys."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_KEY_BYTES = 24


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        draft.unlink(missing_ok=True)
        # A full disk refuses bytes, and does not name the file.
        raise OSError(error.errno, error.strerror, str(file)) from error
    draft.replace(file)


def load_or_make_key(file: Path) -> str:
    """Load a key from its file; at the first time, make one."""
    if file.exists():
        file.chmod(0o600)
        return file.read_text(encoding="utf-8").strip()
    key = secrets.token_urlsafe(_KEY_BYTES)
    write_private(file, f"{key}\n")
    return key
