"""What every state store keeps of what agents share."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ingest.domain.collection_records import CollectionPhase, LastChange
from ingest.domain.due import MAX_CLOCK_DIFFERENCE
from ingest.domain.ledger import DESIRED_PAUSED, DESIRED_RUNNING, WRITE_CHECK_KEY
from ingest.ports import CoordinationStore
from support.state_records import LARGEST_ID, NOW, ODD_TEXTS, a_collection, an_agent, at


class TestAgents:
    def test_agents_are_listed_by_name_and_holder(self, state: CoordinationStore) -> None:
        """Each keeps its newest heartbeat."""
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

    def test_agents_that_were_silent_for_a_day_go(self, state: CoordinationStore) -> None:
        """Every process has a new host, and the old ones do not pile up."""
        state.save_agent(an_agent("a", "gone", heartbeat_at=at(-86400.000001)))
        state.save_agent(an_agent("a", "here", heartbeat_at=at(-86400)))
        state.save_agent(an_agent("b"))
        assert [agent.host for agent in state.list_agents()] == ["here", "host-1"]

    def test_collections_are_listed_newest_first(self, state: CoordinationStore) -> None:
        """Each keeps its newest progress, and one goes after a day."""
        full = a_collection(
            "two 🚀\x00",
            repository="octo/api",
            phase=CollectionPhase.FETCHING.value,
            rounds=3,
            counts={"runs": LARGEST_ID},
            remaining_repositories=("octo/api", "o/\ud83d"),
            last_run_change=LastChange("1 repository", at(-9)),
            last_log_change=LastChange("x", at(9.000001)),
            note="n",
            exit_code=75,
            started_at=at(1),
        )
        state.save_collection(a_collection("gone", updated_at=at(-86400.000001)))
        state.save_collection(replace(full, rounds=2, remaining_repositories=None))
        state.save_collection(full)
        state.save_collection(a_collection("one"))
        assert state.list_collections() == [full, a_collection("one")]

    def test_an_agent_has_a_desired_state(self, state: CoordinationStore) -> None:
        """The newest one counts; other agents have none."""
        assert state.load_desired_states() == {}
        state.save_desired_state("monitor", DESIRED_PAUSED)
        state.save_desired_state("logs", DESIRED_RUNNING)
        state.save_desired_state("monitor", DESIRED_PAUSED)
        assert state.load_desired_states() == {"monitor": DESIRED_PAUSED, "logs": DESIRED_RUNNING}
        state.save_desired_state("monitor", DESIRED_RUNNING)
        assert state.load_desired_states()["monitor"] == DESIRED_RUNNING

    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_a_desired_state_may_be_any_text(self, state: CoordinationStore, text: str) -> None:
        """Of any agent."""
        state.save_desired_state(text, text)
        assert state.load_desired_states() == {text: text}


class TestPauses:
    def test_a_pause_is_loaded_until_it_is_over(self, state: CoordinationStore) -> None:
        """Who starts anew knows what GitHub asked of the one before."""
        state.save_credential_pauses({"token-1": NOW + timedelta(minutes=1)})
        assert state.load_credential_pauses(now=NOW) == {"token-1": NOW + timedelta(minutes=1)}
        assert state.load_credential_pauses(now=NOW + timedelta(minutes=1)) == {}

    def test_a_longer_pause_is_never_shortened(self, state: CoordinationStore) -> None:
        """Processes save their pauses in any order."""
        state.save_credential_pauses({"token-1": NOW + timedelta(minutes=9)})
        state.save_credential_pauses({"token-1": NOW + timedelta(minutes=1), "token-2": NOW})
        assert state.load_credential_pauses(now=NOW) == {"token-1": NOW + timedelta(minutes=9)}


class TestClaimOnce:
    def test_a_key_is_claimed_once(self, state: CoordinationStore) -> None:
        """Also when it is an odd text."""
        assert state.claim_once("d\x00\ud83d", now=NOW)
        assert not state.claim_once("d\x00\ud83d", now=at(1))
        assert state.claim_once("d", now=at(1))

    def test_a_claim_is_kept_for_four_days(self, state: CoordinationStore) -> None:
        """GitHub sends again for three days; a fifth day is nobody's."""
        days = 86400
        state.claim_once("d", now=NOW)
        assert not state.claim_once("d", now=at(4 * days))
        assert state.claim_once("d", now=at(4 * days + 1))

    def test_a_claim_that_is_ahead_does_not_count(self, state: CoordinationStore) -> None:
        """The clock was set back since; a claim by a host whose clock is a little ahead counts."""
        state.claim_once("d", now=NOW + MAX_CLOCK_DIFFERENCE)
        assert not state.claim_once("d", now=NOW)
        state.claim_once("e", now=NOW + MAX_CLOCK_DIFFERENCE + timedelta(microseconds=1))
        assert state.claim_once("e", now=NOW)
        assert not state.claim_once("e", now=NOW)


class TestCheckWritable:
    def test_it_leaves_nothing_behind(self, state: CoordinationStore) -> None:
        """It may be asked every second, by several at a time."""
        state.check_writable(now=NOW)
        state.check_writable(now=at(-9))
        assert state.claim_once(WRITE_CHECK_KEY, now=NOW)
