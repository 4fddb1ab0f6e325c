"""What every state store keeps for people to look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ingest.domain.runs import AttemptKey
from ingest.ports import StateStore
from support.state_records import (
    LARGEST_ID,
    NOW,
    ODD_TEXTS,
    REPOSITORY,
    an_agent,
    an_attempt,
    an_error,
    at,
)


class TestView:
    def test_recent_runs_are_the_newest_created_first(self, state: StateStore) -> None:
        """A re-run keeps its time of creation, and stands above the attempt before it."""
        state.save_recent_runs(
            [
                (AttemptKey(REPOSITORY, 1, 1), at(-2), {"n": 1}),
                (AttemptKey(REPOSITORY, 2, 1), at(-1), {"n": 2}),
                (AttemptKey(REPOSITORY, 1, 2), at(-2), {"n": 3}),
                (AttemptKey("octo/other", 3, 1), at(-5), {"n": 4}),
            ]
        )

        def numbers(**page: Any) -> list[int]:
            return [data["n"] for data in state.load_recent_runs(**page)]

        assert numbers(limit=10) == [2, 3, 1, 4]
        assert numbers(limit=2, offset=1) == [3, 1]
        assert numbers(limit=10, repository="octo/API") == [2, 3, 1]
        assert numbers(limit=10, repository="octo/api", offset=2) == [1]
        assert numbers(limit=0) == []
        assert numbers(limit=5, offset=100) == []

    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_message_data_comes_back_as_json(self, state: StateStore, text: str) -> None:
        """Nested, with nulls and large numbers; the newest of a run replaces the one before."""
        data = {"jobs": [{"name": text, "id": LARGEST_ID, "x": None, "ok": True, "s": 1.5}]}
        state.save_recent_runs([(an_attempt().key, NOW, {"old": 1})])
        state.save_recent_runs([(AttemptKey("octo/api", 7, 1), NOW, data)])
        assert state.load_recent_runs(limit=10) == [data]

    def test_two_thousand_recent_runs_are_kept(self, state: StateStore) -> None:
        """The oldest created go first, whenever they were saved."""
        runs = [(AttemptKey(REPOSITORY, n, 1), at(n), {"n": n}) for n in range(1, 2051)]
        state.save_recent_runs(runs)
        state.save_recent_runs([(AttemptKey(REPOSITORY, 9999, 1), at(-1), {"n": 9999})])
        state.save_recent_runs([])
        kept = [data["n"] for data in state.load_recent_runs(limit=5000)]
        assert kept == list(range(2050, 50, -1))

    def test_agents_are_listed_by_name_and_holder(self, state: StateStore) -> None:
        """Each keeps its newest sign of life."""
        full = an_agent(
            "logs",
            "host-2 🚀\x00",
            counts={"messages": LARGEST_ID},
            rate_limit={"remaining": 5, "reset_at": "x", "limit": None},
            note="n",
            heartbeat_at=at(1),
        )
        state.save_agent(an_agent("monitor"))
        state.save_agent(replace(full, counts={}, heartbeat_at=NOW))
        state.save_agent(full)
        state.save_agent(an_agent("logs"))
        assert state.list_agents() == [an_agent("logs"), full, an_agent("monitor")]

    def test_agents_that_were_silent_for_a_day_go(self, state: StateStore) -> None:
        """Every process has a new holder, and the old ones do not pile up."""
        state.save_agent(an_agent("a", "gone", heartbeat_at=at(-86400.000001)))
        state.save_agent(an_agent("a", "here", heartbeat_at=at(-86400)))
        state.save_agent(an_agent("b"))
        assert [agent.holder for agent in state.list_agents()] == ["here", "host-1"]

    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_an_error_comes_back_as_it_was_added(self, state: StateStore, text: str) -> None:
        """What went wrong may be any text."""
        error = an_error(agent="a", repository=text, what=text, remedy=text)
        state.add_error(error)
        assert state.list_errors(limit=10) == [error]

    def test_errors_are_listed_newest_first(self, state: StateStore) -> None:
        """Of the same moment, the one that came last is the newest."""
        errors = [an_error(2), an_error(1, what="x"), an_error(2, what="y")]
        for error in errors:
            state.add_error(error)
        assert state.list_errors(limit=10) == [errors[2], errors[0], errors[1]]
        assert state.list_errors(limit=1) == [errors[2]]
        assert state.list_errors(limit=0) == []

    def test_five_hundred_errors_are_kept(self, state: StateStore) -> None:
        """The oldest go first."""
        for number in range(505):
            state.add_error(an_error(number))
        kept = state.list_errors(limit=1000)
        assert [kept[0], kept[-1], len(kept)] == [an_error(504), an_error(5), 500]
