"""What the state does where rows are there twice, or others are at work."""

from __future__ import annotations

import anvil.server
import anvil.tables
import pytest
from anvil.tables import app_tables
from ingest.adapters.data_tables import DataTablesState, transactions
from ingest.adapters.data_tables.table import Table
from ingest.errors import StateBusy
from support.state_records import (
    NOW,
    REPOSITORY,
    a_log,
    a_repository,
    a_summary,
    an_agent,
    an_attempt,
    at,
)


class TestTwoRowsOfOneKey:
    """Only something outside of the app can make them; the first counts."""

    @pytest.fixture(autouse=True)
    def doubled(self, state: DataTablesState) -> None:
        state.add_repository(a_repository())
        state.save_attempts([an_attempt()])
        state.save_job_logs([a_log()])
        state.save_run_summaries([a_summary()])
        state.save_agent(an_agent())
        state.add_to_saved_counters({"runs": 1}, now=NOW)
        for name in self.TABLES:
            table = getattr(app_tables, name)
            table.add_rows([dict(row) for row in table.search()])

    TABLES = (
        *("repositories", "attempts", "attempt_bodies", "job_logs"),
        *("run_summaries", "agents", "traffic"),
    )

    def test_readers_find_one(self, state: DataTablesState) -> None:
        assert state.list_repositories() == [a_repository()]
        assert state.load_attempts(REPOSITORY, [7]) == {an_attempt().key: an_attempt()}
        assert state.load_due_attempts(REPOSITORY, now=NOW, limit=5) == [an_attempt()]
        assert state.find_attempts(7) == [an_attempt()]
        assert list(state.load_job_logs(an_attempt().key)) == [1]
        assert state.load_run_summaries() == [a_summary()]
        assert state.list_agents() == [an_agent()]
        assert state.load_saved_counters().totals == {"runs": 1}

    def test_the_next_save_leaves_one(self, state: DataTablesState) -> None:
        state.save_attempts([an_attempt(fingerprint="new")])
        state.save_job_logs([a_log()])
        state.save_run_summaries([a_summary()])
        state.save_agent(an_agent())
        state.add_to_saved_counters({"runs": 1}, now=NOW)
        assert {name: len(getattr(app_tables, name).search()) for name in self.TABLES[1:]} == {
            **dict.fromkeys(self.TABLES[1:], 1),
            "traffic": 2,
        }
        assert state.load_attempts(REPOSITORY, [7])[an_attempt().key].fingerprint == "new"
        assert state.load_saved_counters().totals == {"runs": 2}

    def test_a_repository_is_claimed_once(self, state: DataTablesState) -> None:
        def claim(moment: float) -> str | None:
            found = state.claim_repository(holder="me", now=at(moment), lease_seconds=60)
            return None if found is None else found.full_name

        assert claim(0) == REPOSITORY
        assert claim(1) is None
        assert state.release_repository(a_repository(), holder="me", next_poll_at=at(100))
        assert claim(50) is None
        state.remove_repository(REPOSITORY)
        assert len(app_tables.repositories.search()) == 0


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            anvil.tables.TransactionConflict({"message": "in the way"}),
            "other processes hold the same rows",
        ),
        (
            anvil.tables.TableError(
                {"message": "Failed to connect to database: Too many transactions already"}
            ),
            "other processes hold the same rows",
        ),
        (
            anvil.server.AnvilWrappedError({"message": "This transaction has expired"}),
            "Data Tables are too slow: a save took over 10 seconds",
        ),
    ],
    ids=["conflict", "all taken", "expired"],
)
def test_others_that_are_always_in_the_way(
    state: DataTablesState, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    """It ends with an error of ours, in bounded time; and the next save finds nothing held."""
    tries = []

    def fail(*_: object) -> None:
        tries.append(1)
        raise error

    with monkeypatch.context() as changed:
        changed.setattr(transactions, "_MAX_RETRY_SECONDS", 10)
        changed.setattr(Table, "upsert", fail)
        with pytest.raises(StateBusy, match=reason):
            state.save_desired_state("monitor", "paused")
    assert len(tries) > 1
    state.save_desired_state("monitor", "running")
    assert state.load_desired_states() == {"monitor": "running"}
