"""What every state store keeps of runs for people to read."""

from __future__ import annotations

import pytest
from ingest.domain.ledger import MAX_RUN_SUMMARIES
from ingest.ports import StateStore
from support.state_records import (
    ODD_TEXTS,
    a_full_summary,
    a_summary,
    at,
)


class TestRunSummaries:
    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_one_comes_back_as_it_was_saved(self, state: StateStore, text: str) -> None:
        """Whatever GitHub's texts hold, and with all or nothing known."""
        full, empty = a_full_summary(text), a_summary(8, created_at=at(-1))
        state.save_run_summaries([empty, full])
        assert state.load_run_summaries() == [full, empty]

    def test_the_newest_created_come_first(self, state: StateStore) -> None:
        """A re-run keeps its time of creation, and stands above the attempt before it."""
        second, newest = a_summary(1, 2, created_at=at(-2)), a_summary(2, created_at=at(-1))
        first, oldest = (
            a_summary(1, created_at=at(-2)),
            a_summary(9, 1, "a/b", created_at=at(-5)),
        )
        state.save_run_summaries([first, oldest, newest, second])
        assert state.load_run_summaries() == [newest, second, first, oldest]

    def test_a_later_one_replaces_the_earlier(self, state: StateStore) -> None:
        """In one save and in the next, whatever the case of the repository's name."""
        done = a_summary(7, 1, "octo/api", status="completed", created_at=at(-9))
        state.save_run_summaries([a_summary(), a_summary(status="in_progress")])
        assert [summary.status for summary in state.load_run_summaries()] == ["in_progress"]
        state.save_run_summaries([done])
        assert state.load_run_summaries() == [done]

    def test_runs_of_the_same_number_are_of_their_repositories(self, state: StateStore) -> None:
        """Two repositories never share a line."""
        ours, theirs = a_summary(), a_summary(repository="octo/web")
        state.save_run_summaries([ours, theirs])
        assert state.load_run_summaries() == [theirs, ours]

    def test_so_many_are_kept(self, state: StateStore) -> None:
        """The oldest created go first, whenever they were saved."""
        maximum = MAX_RUN_SUMMARIES
        state.save_run_summaries([a_summary(n, created_at=at(n)) for n in range(1, maximum + 51)])
        state.save_run_summaries([a_summary(9999, created_at=at(-1))])
        state.save_run_summaries([])
        kept = [summary.key.run_id for summary in state.load_run_summaries()]
        assert kept == list(range(maximum + 50, 50, -1))
