"""What every state store does with times that a clock left behind which was ahead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ingest.domain.due import (
    MAX_CHECK_DELAY,
    MAX_CLOCK_DIFFERENCE,
    MAX_LEASE,
    MAX_PAUSE,
    MAX_POLL_DELAY,
)
from ingest.domain.ledger import HEARTBEATS_KEPT_FOR
from ingest.domain.saved_counters import (
    COUNT_INTERVAL,
    MAX_COUNTS_AHEAD,
    start_of_count_interval,
)
from ingest.ports import StateStore
from support.state_records import NOW, REPOSITORY, a_repository, an_agent, an_attempt
from support.state_stores import claim

MOMENT = timedelta(microseconds=1)


class TestTimesAhead:
    @pytest.mark.parametrize("over", [timedelta(), MOMENT, timedelta(days=400)])
    def test_a_poll_is_due_where_nothing_plans_it_that_late(
        self, state: StateStore, over: timedelta
    ) -> None:
        state.add_repository(a_repository(next_poll_at=NOW + MAX_POLL_DELAY + over))
        assert claim(state) == ([REPOSITORY] if over else [])

    @pytest.mark.parametrize("over", [timedelta(), MOMENT, timedelta(hours=1)])
    def test_a_poll_is_due_where_the_last_one_is_ahead(
        self, state: StateStore, over: timedelta
    ) -> None:
        """The clock was set back since, and the next poll was planned by the former time."""
        polled_at = NOW + MAX_CLOCK_DIFFERENCE + over
        next_poll_at = polled_at + timedelta(minutes=3)
        state.add_repository(a_repository(last_polled_at=polled_at, next_poll_at=next_poll_at))
        assert claim(state) == ([REPOSITORY] if over else [])

    @pytest.mark.parametrize("over", [timedelta(), MOMENT, timedelta(days=400)])
    def test_a_lease_is_over_where_nothing_leases_that_long(
        self, state: StateStore, over: timedelta
    ) -> None:
        lease = {"lease_holder": "ahead", "lease_until": NOW + MAX_LEASE + over}
        state.add_repository(a_repository(**lease))
        assert claim(state) == ([REPOSITORY] if over else [])

    @pytest.mark.parametrize("over", [timedelta(), MOMENT, timedelta(days=400)])
    def test_a_check_is_due_where_nothing_plans_it_that_late(
        self, state: StateStore, over: timedelta
    ) -> None:
        state.save_attempts([an_attempt(next_check_at=NOW + MAX_CHECK_DELAY + over)])
        due = state.load_due_attempts(REPOSITORY, now=NOW, limit=10)
        assert len(due) == (1 if over else 0)

    @pytest.mark.parametrize("over", [timedelta(), MOMENT, timedelta(days=400)])
    def test_a_pause_is_over_where_nothing_pauses_that_long(
        self, state: StateStore, over: timedelta
    ) -> None:
        state.save_credential_pauses({"token-1": NOW + MAX_PAUSE + over})
        assert state.load_credential_pauses(now=NOW) == (
            {} if over else {"token-1": NOW + MAX_PAUSE}
        )

    def test_a_pause_replaces_one_that_is_not_believed(self, state: StateStore) -> None:
        """What GitHub asks for now is obeyed by all, whatever was stored before."""
        until = NOW + timedelta(minutes=1)
        state.save_credential_pauses({"token-1": NOW + timedelta(days=400)})
        state.save_credential_pauses({"token-1": until})
        assert state.load_credential_pauses(now=NOW) == {"token-1": until}

    @pytest.mark.parametrize("over", [timedelta(), COUNT_INTERVAL, timedelta(days=400)])
    def test_counts_of_the_future_are_removed_by_the_next_ones(
        self, state: StateStore, over: timedelta
    ) -> None:
        """They would hide those of the present for as long; what was counted in all stays."""
        interval = start_of_count_interval(NOW)
        ahead = interval + MAX_COUNTS_AHEAD + over
        state.add_to_saved_counters({"runs": 1}, now=ahead)
        state.add_to_saved_counters({"runs": 1}, now=interval)
        found = state.load_saved_counters()
        assert found.totals == {"runs": 2}
        assert [at for at, _ in found.intervals] == ([interval] if over else [interval, ahead])

    def test_a_heartbeat_of_the_future_is_removed_by_the_next_one(self, state: StateStore) -> None:
        """An agent that worked under a wrong clock does not stay the newest one."""
        ahead = an_agent(host="ahead", heartbeat_at=NOW + HEARTBEATS_KEPT_FOR + MOMENT)
        state.save_agent(ahead)
        state.save_agent(an_agent(host="now", heartbeat_at=NOW))
        assert [agent.host for agent in state.list_agents()] == ["now"]
