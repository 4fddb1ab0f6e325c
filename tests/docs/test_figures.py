"""The README's figures are those that docs/benchmarks.md prints."""

from __future__ import annotations

import re

from docs.pages import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
MEASURED = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")

#: The columns of the README's tables.
WAYS = ("webhooks", "watched")
COLUMNS = (0, 2, 3)


def cells(text: str, *first: str) -> list[str]:
    """Return the cells of the one row that begins with these."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    (found,) = (row for row in rows if row[: len(first)] == list(first))
    return found[len(first) :]


def test_the_requests_of_one_run_are_those_measured() -> None:
    """The minimum is that of a run with webhooks, which the details of its row begin with."""
    for mode in ("economy", "live"):
        minimum, *shown = cells(README, f"5 jobs, `LOG_MODE={mode}`")
        rows = [cells(MEASURED, "requests", f"{mode}, {way}, 5 jobs") for way in WAYS]
        assert shown == [row[0] for row in rows]
        assert minimum == re.match(r"theory (\d+)", rows[0][2])[1]
    assert cells(MEASURED, "requests", "idle repository, one hour")[0] == "0 charged"
    assert cells(README, "idle repository, one hour") == ["0", "0", "0"]


def test_the_comparison_is_the_one_measured() -> None:
    """Of Runstream, Airbyte and tap-github, in the order of the README's columns."""
    names = ("Runstream, economy", "Airbyte source-github", "tap-github")
    measured = [cells(MEASURED, name) for name in names]
    requests = cells(README, "requests per attempt of 5 jobs, measured")
    assert [re.match(r"[\d.]+", requests[column])[0] for column in COLUMNS] == [
        row[0] for row in measured
    ]
    delivered = cells(README, "attempts and logs delivered, measured")
    assert [delivered[column] for column in COLUMNS] == [
        f"{attempts}, {logs}" for _, _, attempts, _, logs in measured
    ]
