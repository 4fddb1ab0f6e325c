"""The GitHub App of this machine's private file, where settings name none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..settings import Find, Lookup

#: Where headless commands keep the App; `serve` has it in its folder.
DEFAULT_APP_FILE = ".runstream/github-app.json"

#: The setting that names another file.
APP_FILE = "GITHUB_APP_FILE"

#: The settings of an App, and those of them that every App has.
REQUIRED_SETTINGS = ("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY")
APP_SETTINGS = (*REQUIRED_SETTINGS, "GITHUB_WEBHOOK_SECRET")


def with_app_file(lookup: Lookup, *, default: str | None = None) -> Lookup:
    """Return a lookup that finds the App of the file where the settings name none.

    Raises BadSettings for a file that cannot be read.
    """
    path = lookup(APP_FILE) or default
    if path is None:
        return lookup
    from ..adapters.app_file import load_app_file

    kept = load_app_file(Path(path))
    # Never the key of one App with the id of another.
    if any(lookup(name) for name in REQUIRED_SETTINGS):
        kept = {name: value for name, value in kept.items() if name not in REQUIRED_SETTINGS}
    return lambda name: lookup(name) or kept.get(name)


def find_with_app_file(find: Find) -> Find:
    """Return a finder that also names the private file as the place of a setting."""
    lookup = with_app_file(lambda name: find(name)[0])

    def find_or_load(name: str) -> tuple[str | None, str]:
        value, place = find(name)
        kept = lookup(name) if value is None else None
        return (value, place) if kept is None else (kept, "private file")

    return find_or_load


def save_app(path: Path, values: Mapping[str, str]) -> None:
    """Save an App in the private file. Raises Rejected where it holds one already."""
    from ..adapters.app_file import save_app_file

    save_app_file(path, values)


def require_no_app(path: Path) -> None:
    """Raise Rejected where the private file holds an App already."""
    from ..adapters.app_file import require_no_app as require

    require(path)
