"""What every state store keeps of runs and agents for people to look at."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.domain.ledger import MOST_RUN_SUMMARIES, WISH_PAUSED, WISH_RUNNING
from ingest.ports import StateStore
from support.state_records import (
    LARGEST_ID,
    NOW,
    ODD_TEXTS,
    a_full_summary,
    a_summary,
    an_agent,
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
        most = MOST_RUN_SUMMARIES
        state.save_run_summaries([a_summary(n, created_at=at(n)) for n in range(1, most + 51)])
        state.save_run_summaries([a_summary(9999, created_at=at(-1))])
        state.save_run_summaries([])
        kept = [summary.key.run_id for summary in state.load_run_summaries()]
        assert kept == list(range(most + 50, 50, -1))


class TestAgents:
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

    def test_people_wish_something_of_an_agent(self, state: StateStore) -> None:
        """The newest wish counts; nobody spoke of the others."""
        assert state.load_desired_states() == {}
        state.save_desired_state("monitor", WISH_PAUSED)
        state.save_desired_state("logs", WISH_RUNNING)
        state.save_desired_state("monitor", WISH_PAUSED)
        assert state.load_desired_states() == {"monitor": WISH_PAUSED, "logs": WISH_RUNNING}
        state.save_desired_state("monitor", WISH_RUNNING)
        assert state.load_desired_states()["monitor"] == WISH_RUNNING

    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_a_wish_may_be_any_text(self, state: StateStore, text: str) -> None:
        """Of any agent."""
        state.save_desired_state(text, text)
        assert state.load_desired_states() == {text: text}
