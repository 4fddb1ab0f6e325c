"""What every state store does with hints and commits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ingest.domain.commits import Commit
from ingest.domain.due import urgent_due_at
from ingest.domain.ledger import CLAIMS_KEPT_FOR, DeliveredEvent, new_repository
from ingest.ports import StateStore
from support.state_records import (
    LARGEST_ID,
    NOW,
    ODD_TEXTS,
    REPOSITORY,
    a_job,
    a_pull_request,
    a_run,
    at,
)


class TestHints:
    def test_a_hint_is_saved_with_its_claims_or_not_at_all(self, state: StateStore) -> None:
        """The first key that was claimed before is returned, and nothing else changes."""
        state.add_repository(new_repository(REPOSITORY, backfill_days=1, now=NOW))
        assert state.save_delivery_once(["d", "body"], REPOSITORY, 7, now=NOW) is None
        assert state.load_run_hints(REPOSITORY) == {7: NOW}
        assert state.load_repository(REPOSITORY).next_poll_at == urgent_due_at(NOW)
        assert state.save_delivery_once(["d", "other"], REPOSITORY, 8, now=NOW) == "d"
        assert state.save_delivery_once(["e", "body"], REPOSITORY, 8, now=NOW) == "body"
        assert state.claim_once("e", now=NOW)
        assert state.load_run_hints(REPOSITORY) == {7: NOW}

    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_a_fact_is_saved_in_place_of_a_hint_and_kept_until_it_was_processed(
        self, state: StateStore, text: str
    ) -> None:
        """In the order of arrival, with its claims or not at all."""
        state.add_repository(new_repository(REPOSITORY, backfill_days=1, now=NOW))
        events = [
            DeliveredEvent(delivery_id="d2", received_at=NOW, run=a_run(display_title=text)),
            DeliveredEvent(delivery_id="d1", received_at=at(1), job=a_job(name=text)),
        ]
        for event in events:
            key, now = event.delivery_id, event.received_at
            assert state.save_delivery_once([key], REPOSITORY, 7, now=now, event=event) is None
            assert state.save_delivery_once([key], REPOSITORY, 7, now=now, event=event) == key
        assert state.load_run_hints(REPOSITORY) == {}
        assert state.load_repository(REPOSITORY).next_poll_at == urgent_due_at(NOW)
        assert state.load_delivered_events("octo/other", limit=9) == []
        assert state.load_delivered_events("OCTO/API", limit=9) == events
        assert state.load_delivered_events("OCTO/API", limit=1) == events[:1]
        state.clear_delivered_events(["d2", "unknown"])
        assert state.load_delivered_events(REPOSITORY, limit=9) == events[1:]
        state.clear_delivered_events([])
        assert state.load_delivered_events(REPOSITORY, limit=9) == events[1:]
        later = NOW + CLAIMS_KEPT_FOR + timedelta(minutes=1)
        assert state.save_delivery_once(["d3"], REPOSITORY, 7, now=later) is None
        assert state.load_delivered_events(REPOSITORY, limit=9) == []

    def test_the_newest_hint_counts(self, state: StateStore) -> None:
        """Webhooks come out of order."""
        state.save_run_hint(REPOSITORY, 7, now=at(5))
        state.save_run_hint("octo/api", 7, now=at(3))
        state.save_run_hint("octo/other", 8, now=NOW)
        assert state.load_run_hints(REPOSITORY) == {7: at(5)}

    def test_a_hint_that_came_meanwhile_is_not_forgotten(self, state: StateStore) -> None:
        """Only what was looked at is cleared."""
        for run_id in (1, 2, 3):
            state.save_run_hint(REPOSITORY, run_id, now=NOW)
        seen = {**state.load_run_hints(REPOSITORY), 404: NOW}
        del seen[3]
        state.save_run_hint(REPOSITORY, 2, now=at(0.000001))
        state.clear_run_hints("OCTO/API", seen)
        assert state.load_run_hints(REPOSITORY) == {2: at(0.000001), 3: NOW}

    def test_no_hints_are_cleared(self, state: StateStore) -> None:
        """An empty mapping is no special case for callers."""
        state.clear_run_hints(REPOSITORY, {})
        assert state.load_run_hints(REPOSITORY) == {}


class TestCommits:
    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_metrics_come_back_as_they_were_saved(self, state: StateStore, text: str) -> None:
        """What is unknown stays unknown."""
        full = Commit(
            commit_sha="a" * 40,
            commit_message=text,
            commit_author=text,
            files_changed_count=0,
            additions=1,
            deletions=LARGEST_ID,
            pull_requests=(a_pull_request(),),
        )
        empty = Commit(commit_sha="b" * 40)
        state.save_commits(REPOSITORY, [full, empty])
        wanted = ["a" * 40, "b" * 40, "c" * 40]
        assert state.load_commits("octo/api", wanted) == {"a" * 40: full, "b" * 40: empty}
        assert state.load_commits("octo/other", wanted) == {}

    def test_later_metrics_replace_earlier_ones(self, state: StateStore) -> None:
        """In one save and in the next."""
        first = Commit(commit_sha="a", additions=1)
        state.save_commits(REPOSITORY, [first, replace(first, additions=2)])
        assert state.load_commits(REPOSITORY, ["a"])["a"].additions == 2
        state.save_commits(REPOSITORY, [replace(first, additions=3)])
        assert state.load_commits(REPOSITORY, ["a"])["a"].additions == 3

    def test_a_thousand_are_saved_and_loaded_at_once(self, state: StateStore) -> None:
        """Callers need not know what a statement takes."""
        shas = [f"{number:040x}" for number in range(1001)]
        state.save_commits(REPOSITORY, [Commit(commit_sha=sha) for sha in shas])
        assert set(state.load_commits(REPOSITORY, shas)) == set(shas)
        state.save_commits(REPOSITORY, [])
        assert state.load_commits(REPOSITORY, []) == {}
