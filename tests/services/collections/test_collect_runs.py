"""When a search for older runs is given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

from ingest.domain.ledger import new_repository
from ingest.domain.repository_progress import RunLists
from ingest.services.collections.collect_runs import SearchProgress

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
LIMITED = replace(
    new_repository("octo/api", backfill_days=1, now=NOW), last_error="The limit is used up."
)


def test_each_part_of_a_day_is_progress():
    """A day of thousands of runs is asked for in more parts than a slow server answers at once."""
    progress = SearchProgress()
    for parts in range(1, 20):
        answered = {f"created={part}": '"etag"' for part in range(parts)}
        assert not progress.is_complete(
            replace(LIMITED, run_lists=RunLists(validators=answered)), 0
        )
        assert progress.tries == 0


def test_tries_without_progress_count_and_a_complete_search_ends_them():
    progress = SearchProgress()
    for tries in range(5):
        assert not progress.is_complete(LIMITED, 0)
        assert progress.tries == tries
    assert "The limit is used up." in str(progress.error("octo/api"))
    assert progress.is_complete(replace(LIMITED, last_error=None), 0)
    assert progress.tries == 0


def test_what_runs_bring_is_no_progress_of_the_search():
    """Lists of an active repository change with each poll, and a search that fails must end."""
    progress = SearchProgress()
    for tries in range(5):
        assert not progress.is_complete(
            replace(LIMITED, run_lists=RunLists(validators={"runs": f'"{tries}"'})), 0
        )
        assert progress.tries == tries
