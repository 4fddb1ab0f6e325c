"""The private file that keeps the GitHub App of this machine, for settings that name no App."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ..errors import BadSettings, Rejected
from ..settings import FindSetting, LookUpSetting
from .private_files import require_writable, write_private

#: The file for commands without a dashboard; `serve` keeps the App in its own folder.
DEFAULT_GITHUB_APP_FILE = ".runstream/github-app.json"

#: The settings of an App, and those of them that every App has.
REQUIRED_APP_SETTINGS = ("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY")
GITHUB_APP_SETTINGS = (*REQUIRED_APP_SETTINGS, "GITHUB_WEBHOOK_SECRET")


def with_github_app_file(lookup: LookUpSetting, *, default: str | None = None) -> LookUpSetting:
    """Return a lookup that reads from the file what settings lack that do not name another App.

    Raises BadSettings for a file that cannot be read.
    """
    path = lookup("GITHUB_APP_FILE") or default
    if path is None:
        return lookup
    kept = _load_app(Path(path))
    # Never the key or secret of one App with the ID of another.
    is_named = any(lookup(name) for name in REQUIRED_APP_SETTINGS)
    if is_named and lookup("GITHUB_APP_ID") != kept.get("GITHUB_APP_ID"):
        return lookup
    return lambda name: lookup(name) or kept.get(name)


def find_with_github_app_file(find: FindSetting) -> FindSetting:
    """Return a finder that also names the private file as the place of a setting."""
    lookup = with_github_app_file(lambda name: find(name)[0])

    def find_or_load(name: str) -> tuple[str | None, str]:
        value, place = find(name)
        kept = lookup(name) if value is None else None
        return (value, place) if kept is None else (kept, "private file")

    return find_or_load


def save_app(path: Path, values: Mapping[str, str]) -> None:
    """Save the settings of an App. Raises Rejected if the file holds one or cannot be written.

    Raises BadSettings for a file that cannot be read. GitHub shows the key only once, so the caller
    must keep it if it cannot be saved.
    """
    _require_holds_none(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, json.dumps(dict(values)))
    except OSError as error:
        raise Rejected(
            f"The key of the GitHub App {values.get('GITHUB_APP_ID')} could not be saved in {path} "
            f"({type(error).__name__})."
        ) from error


def require_no_app(path: Path) -> None:
    """Raise Rejected if the file holds an App (its key would be lost), or cannot be written.

    Raises BadSettings for a file that cannot be read.
    """
    _require_holds_none(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_writable(path)
    except OSError as error:
        raise Rejected(
            f"The key of a GitHub App cannot be saved in {path} ({type(error).__name__}). Correct "
            "the folder, or set GITHUB_APP_FILE to another file."
        ) from error


def _load_app(path: Path) -> dict[str, str]:
    """Return the settings of the file; none if there is no file. Raises BadSettings."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        fault = f"GITHUB_APP_FILE {path} cannot be read ({type(error).__name__})"
        raise BadSettings([f"{fault}: create the App again, or remove the file"]) from error
    values = found if isinstance(found, dict) else {}
    return {name: str(values[name]) for name in GITHUB_APP_SETTINGS if values.get(name)}


def _require_holds_none(path: Path) -> None:
    kept = _load_app(path)
    if any(name in kept for name in REQUIRED_APP_SETTINGS):
        known = kept.get("GITHUB_APP_ID", "of a key without an ID")
        raise Rejected(
            f"{path} holds the GitHub App {known} already. Delete the App on GitHub, remove the "
            "file, then create another one."
        )
