"""When a search for older runs is given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

from ingest.domain.ledger import new_repository
from ingest.domain.repository_progress import RunLists
from ingest.services.collections.collect_runs import SearchDepth

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
LIMITED = replace(
    new_repository("octo/api", backfill_days=1, now=NOW), last_error="The limit is used up."
)


def test_each_part_of_a_day_is_progress():
    """A day of thousands of runs is asked for in more parts than a slow server answers at once."""
    depth = SearchDepth()
    for parts in range(1, 20):
        answered = {f"created={part}": '"etag"' for part in range(parts)}
        assert not depth.is_reached(replace(LIMITED, run_lists=RunLists(validators=answered)), 0)
        assert depth.tries == 0


def test_tries_without_progress_count_and_a_complete_search_ends_them():
    depth = SearchDepth()
    for tries in range(5):
        assert not depth.is_reached(LIMITED, 0)
        assert depth.tries == tries
    assert "The limit is used up." in str(depth.error("octo/api"))
    assert depth.is_reached(replace(LIMITED, last_error=None), 0)
    assert depth.tries == 0


def test_what_runs_bring_is_no_progress_of_the_search():
    """Lists of an active repository change with each poll, and a search that fails must end."""
    depth = SearchDepth()
    for tries in range(5):
        assert not depth.is_reached(
            replace(LIMITED, run_lists=RunLists(validators={"runs": f'"{tries}"'})), 0
        )
        assert depth.tries == tries
