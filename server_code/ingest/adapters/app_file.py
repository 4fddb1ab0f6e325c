"""The file of this machine that holds its GitHub App. Only its owner may read it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from ..errors import BadSettings, Rejected

#: The settings that the file holds.
NAMES = ("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET")


def load_app_file(path: Path) -> dict[str, str]:
    """Return the settings of the file; none where there is no file. Raises BadSettings."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        fault = f"GITHUB_APP_FILE {path} cannot be read ({type(error).__name__})"
        raise BadSettings([f"{fault}: create the App again, or remove the file"]) from error
    values = found if isinstance(found, dict) else {}
    return {name: str(values[name]) for name in NAMES if values.get(name)}


def save_app_file(path: Path, values: Mapping[str, str]) -> None:
    """Save the settings of an App. Raises Rejected where the file holds one, or cannot be written.

    GitHub shows the key once: whoever calls this keeps it where it cannot be saved.
    """
    _require_free(path)
    try:
        _write_draft(path, json.dumps(dict(values))).replace(path)
    except OSError as error:
        raise Rejected(
            f"The key of the GitHub App {values.get('GITHUB_APP_ID')} could not be saved in {path} "
            f"({type(error).__name__})."
        ) from error


def require_no_app(path: Path) -> None:
    """Raise Rejected where the file holds an App, whose key would be lost, or cannot be written."""
    _require_free(path)
    try:
        _write_draft(path, "").unlink()
    except OSError as error:
        raise Rejected(
            f"The key of a GitHub App cannot be saved in {path} ({type(error).__name__}). Correct "
            "the folder, or set GITHUB_APP_FILE to another file."
        ) from error


def _require_free(path: Path) -> None:
    known = load_app_file(path).get("GITHUB_APP_ID")
    if known is not None:
        raise Rejected(
            f"{path} holds the GitHub App {known} already. Delete the App on GitHub, remove the "
            "file, then create another one."
        )


def _write_draft(path: Path, content: str) -> Path:
    """Write a new file next to the private one, that no one else may read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
    return draft
