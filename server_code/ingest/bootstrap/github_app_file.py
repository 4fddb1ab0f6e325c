"""The private file that keeps the GitHub App of this machine, for settings that name no App."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ..domain.quotes import unquoted
from ..errors import BadSettings, Rejected
from ..settings import LocateSetting, LookUpSetting
from .private_files import require_writable, write_private

#: The file for commands without a dashboard; `serve` keeps the App in its own folder.
DEFAULT_GITHUB_APP_FILE = ".runstream/github-app.json"

#: The settings that every App has, and all that the file holds.
REQUIRED_APP_SETTINGS = ("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY")
GITHUB_APP_SETTINGS = (*REQUIRED_APP_SETTINGS, "GITHUB_WEBHOOK_SECRET")


def github_app_file(lookup: LookUpSetting, default: str | None = None) -> Path | None:
    """Return the path of the file; None for a host without one."""
    path = unquoted(lookup("GITHUB_APP_FILE") or "") or default
    return None if path is None else Path(path)


def lookup_with_github_app_file(
    lookup: LookUpSetting, *, default: str | None = None
) -> LookUpSetting:
    """Return a lookup that adds what the file holds, unless the settings name another App.

    Raises BadSettings for a file that cannot be read.
    """
    path = github_app_file(lookup, default)
    if path is None:
        return lookup
    file_settings = _load_app(path)
    # Never the key or secret of one App with the ID of another.
    app_id, *others = (unquoted(lookup(name) or "") for name in REQUIRED_APP_SETTINGS)
    if (app_id or any(others)) and app_id != file_settings.get("GITHUB_APP_ID"):
        return lookup

    def look_up_or_load(name: str) -> str | None:
        value = lookup(name)
        return value if unquoted(value or "") else file_settings.get(name)

    return look_up_or_load


def locator_with_github_app_file(locate: LocateSetting) -> LocateSetting:
    """Return a locator that also names the private file as the place of a setting.

    Raises BadSettings for a file that cannot be read.
    """
    lookup = lookup_with_github_app_file(lambda name: locate(name)[0])

    def locate_or_load(name: str) -> tuple[str | None, str]:
        value, place = locate(name)
        from_file = None if unquoted(value or "") else lookup(name)
        return (value, place) if from_file is None else (from_file, "private file")

    return locate_or_load


def save_app(path: Path, values: Mapping[str, str]) -> None:
    """Save the settings of an App. Raises Rejected if the file holds one or cannot be written.

    Raises BadSettings for a file that cannot be read. GitHub shows the key only once, so the caller
    must keep it if it cannot be saved.
    """
    _require_no_app(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, json.dumps(dict(values)))
    except OSError as error:
        raise Rejected(
            f"The key of the GitHub App {values.get('GITHUB_APP_ID')} could not be saved in {path} "
            f"({type(error).__name__})."
        ) from error


def require_can_save_app(path: Path) -> None:
    """Raise Rejected if the file holds an App (its key would be lost), or cannot be written.

    Raises BadSettings for a file that cannot be read.
    """
    _require_no_app(path)
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
    fault = f"The file of the GitHub App, {path}, cannot be read"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        remedy = "correct its permissions, or set GITHUB_APP_FILE to another file"
        raise BadSettings([f"{fault} ({type(error).__name__}): {remedy}"]) from error
    except ValueError:
        values = None
    if not isinstance(values, dict):
        remedy = "restore it, or remove it and create the App again"
        raise BadSettings([f"{fault}, for it is not a JSON object: {remedy}"])
    return {name: str(values[name]) for name in GITHUB_APP_SETTINGS if values.get(name)}


def _require_no_app(path: Path) -> None:
    file_settings = _load_app(path)
    if any(name in file_settings for name in REQUIRED_APP_SETTINGS):
        known = file_settings.get("GITHUB_APP_ID", "of a key without an ID")
        raise Rejected(
            f"{path} holds the GitHub App {known} already. Delete the App on GitHub, remove the "
            "file, then create another one."
        )
