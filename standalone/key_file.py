"""A random key in a file that only its owner may read: the Uplink key, PostgreSQL's password."""

from __future__ import annotations

import secrets
from pathlib import Path

from ingest.bootstrap.private_files import write_private

_KEY_BYTES = 24


def load_or_create_key(file: Path) -> str:
    """Load the key from its file, or create both."""
    if file.exists():
        file.chmod(0o600)
        return file.read_text(encoding="utf-8").strip()
    key = secrets.token_urlsafe(_KEY_BYTES)
    write_private(file, f"{key}\n")
    return key
