"""The README's table has every setting: the collector's, and the dashboard's."""

from __future__ import annotations

import re
from pathlib import Path

from ingest.services.dashboard.configuration import list_settings
from ingest.settings import read_settings

README = (Path(__file__).parents[2] / "README.md").read_text()
TABLE = README.partition("### Settings")[2].partition("\n#")[0]


def documented() -> dict[str, str]:
    """Read which settings the table has, and which default it says for a line of one."""
    rows = [line.split("|")[1:3] for line in TABLE.splitlines() if line.startswith("| `")]
    return {
        name: default.strip().strip("`")
        for names, default in rows
        for name in re.findall(r"`([A-Z_]+)`", names)
    }


def test_every_setting_of_the_collector_is_in_the_table() -> None:
    """Whatever it asks its environment for, but for AWS's second names."""
    asked: set[str] = set()
    read_settings(asked.add)
    assert asked - {"AWS_REGION", "AWS_SESSION_TOKEN"} <= set(documented())


def test_every_setting_that_the_dashboard_shows_is_in_the_table() -> None:
    """And its default is the same, where it is one value."""
    shown = {each["name"]: each["value"] for each in list_settings(lambda name: (None, "default"))}
    table = documented()
    assert set(shown) <= set(table)
    for name in ("LOG_MODE", "POLL_SECONDS", "BACKFILL_DAYS", "RETENTION_DAYS"):
        assert table[name] == shown[name]
