"""The keys of the app server, in files that only their owner may read."""

from __future__ import annotations

import secrets
from pathlib import Path

from ingest.bootstrap.private_files import write_private

_KEY_BYTES = 24


def load_or_make_key(file: Path) -> str:
    """Load a key from its file; at the first time, make one."""
    if file.exists():
        file.chmod(0o600)
        return file.read_text(encoding="utf-8").strip()
    key = secrets.token_urlsafe(_KEY_BYTES)
    write_private(file, f"{key}\n")
    return key
