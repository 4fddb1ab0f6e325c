"""The version of this program, with the commit that it was built from."""

from __future__ import annotations

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def full_version() -> str:
    """Return the version, followed by the commit if it is known."""
    packaged = _ROOT / "commit.txt"
    commit = packaged.read_text().strip() if packaged.exists() else _checked_out_commit()
    return f"{installed_version()} ({commit})" if commit else installed_version()


def installed_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("runstream")
    except PackageNotFoundError:
        return "not installed"


def _checked_out_commit() -> str:
    if not (_ROOT / ".git").exists():
        return ""
    command = ["git", "-C", str(_ROOT), "rev-parse", "--short=12", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
