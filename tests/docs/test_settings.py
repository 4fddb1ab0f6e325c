"""The table of settings is what the settings declare."""

from __future__ import annotations

import sys
from pathlib import Path

from ingest.settings import SETTINGS

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
HEAD = "| name | default | description |\n|---|---|---|\n"


def settings_table() -> str:
    """Return the table, a row for each setting."""
    rows = (
        f"| `{each.name}` | {f'`{each.default}`' if each.default else ''} | {each.help} |"
        for each in SETTINGS
    )
    return HEAD + "\n".join(rows) + "\n"


def test_the_page_has_the_table_of_settings() -> None:
    """Run this file as a program to write it anew."""
    assert settings_table() in PAGE.read_text()


def test_every_setting_has_a_name_of_its_own() -> None:
    """Other names included."""
    names = [name for setting in SETTINGS for name in (setting.name, *setting.aliases)]
    assert len(names) == len(set(names))


def write_table() -> None:
    """Replace the page's table."""
    before, head, rest = PAGE.read_text().partition(HEAD)
    assert head, "the page has no table of settings"
    after = rest[rest.index("\n\n") + 1 :]
    PAGE.write_text(before + settings_table() + after)


if __name__ == "__main__":
    sys.exit(write_table())
