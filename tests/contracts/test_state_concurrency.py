"""Threads and processes use a state store at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.domain.ledger import LedgerCounts
from ingest.ports import StateStore
from support.processes import start_at_once
from support.state_records import NOW, REPOSITORY, a_log, a_repository, a_summary, an_attempt, at
from support.state_stores import claim, in_threads

SERVER_CODE = Path(__file__).parents[2] / "server_code"


class TestConcurrency:
    #: A store that takes its time for every call does with less.
    threads, rounds, repositories, attempts = 8, 10, 100, 300

    def test_threads_claim_each_repository_once(self, state: StateStore) -> None:
        """They share them all."""
        for number in range(self.repositories):
            state.add_repository(a_repository(f"o/r{number}"))
        claimed = self.in_threads(lambda number: claim(state, f"thread-{number}"))
        names = [name for share in claimed for name in share]
        assert sorted(names) == sorted(f"o/r{number}" for number in range(self.repositories))

    def test_processes_claim_each_repository_once(
        self, state: StateStore, database_url: str
    ) -> None:
        """Two processes share a hundred; a URL is all that another one needs."""
        for number in range(100):
            state.add_repository(a_repository(f"o/r{number}"))
        names = [name for share in in_processes(database_url, "one", "two") for name in share]
        assert sorted(names) == sorted(f"o/r{number}" for number in range(100))

    def test_threads_save_at_once(self, state: StateStore) -> None:
        """Writers wait for each other instead of failing."""

        def save(thread: int) -> None:
            for batch in range(self.rounds):
                ids = range(thread * 1000 + batch * 10, thread * 1000 + batch * 10 + 10)
                state.save_attempts([an_attempt(run_id) for run_id in ids])

        self.in_threads(save)
        assert state.count_ledger().attempts == self.threads * self.rounds * 10

    def test_threads_save_the_same_at_once(self, state: StateStore) -> None:
        """Whatever the order of their rows, they do not block each other for ever."""

        def save(thread: int) -> None:
            for _ in range(self.rounds):
                runs = range(50) if thread % 2 else range(49, -1, -1)
                state.save_attempts([an_attempt(run_id) for run_id in runs])
                state.save_job_logs([a_log(job_id) for job_id in runs])
                state.save_run_summaries([a_summary(run_id) for run_id in runs])

        self.in_threads(save)
        assert state.count_ledger() == LedgerCounts(
            attempts=50, open_attempts=50, unread_attempts=50, logs_pending=50
        )

    def test_threads_add_counts_at_once(self, state: StateStore) -> None:
        """No addition is lost, whatever the order of the names."""

        def add(thread: int) -> None:
            names = ["runs", "jobs", f"own-{thread}"]
            for number in range(self.rounds * 2):
                counts = dict.fromkeys(names if thread % 2 else names[::-1], 1)
                state.add_to_saved_counters(counts, now=at(number % 2 * 300))

        self.in_threads(add)
        saved_counters, each = state.load_saved_counters(), self.rounds * 2
        assert saved_counters.totals == {
            **dict.fromkeys(("runs", "jobs"), self.threads * each),
            **{f"own-{number}": each for number in range(self.threads)},
        }
        half = self.threads * self.rounds
        assert [counts["runs"] for _, counts in saved_counters.intervals] == [half, half]

    def test_threads_forget_at_once(self, state: StateStore) -> None:
        """What is old is forgotten once, and what is open stays."""
        runs = range(self.attempts)
        state.save_attempts([an_attempt(run_id, settled=run_id % 2 == 0) for run_id in runs])
        forgotten = self.in_threads(
            lambda _: state.remove_settled_attempts(created_before=at(1), limit=100)
        )
        state.remove_settled_attempts(created_before=at(1), limit=1000)
        assert sum(forgotten) <= len(runs[::2])
        left = {key.run_id for key in state.load_attempts(REPOSITORY, runs)}
        assert left == set(runs[1::2])

    def test_a_delivery_is_new_to_one_thread_only(self, state: StateStore) -> None:
        """A delivery that arrives several times at once counts once."""
        assert sum(self.in_threads(lambda _: state.claim_once("d", now=NOW))) == 1

    def in_threads(self, work: Callable[[int], Any]) -> list[Any]:
        """Run work in threads at once."""
        return in_threads(work, threads=self.threads)


CLAIM_ALL = """
import sys
from datetime import datetime
from ingest.adapters.sql import open_sql_state
url, holder, now = sys.argv[1:]
state = open_sql_state(url)
print("ready", flush=True)
sys.stdin.readline()
while record := state.claim_repository(
    holder=holder, now=datetime.fromisoformat(now), lease_seconds=60
):
    print(record.full_name)
state.close()
"""


def in_processes(database_url: str, *holders: str) -> list[list[str]]:
    """Let processes claim all there is, beginning at once; return each one's share."""
    now = NOW.isoformat()
    return start_at_once(
        [[sys.executable, "-c", CLAIM_ALL, database_url, holder, now] for holder in holders],
        search=[SERVER_CODE],
    )
