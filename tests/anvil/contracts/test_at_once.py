"""Threads and processes use the Data Tables over Uplinks at once."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anvil.tables
from contracts import test_state_concurrency as contract
from ingest.ports import StateStore
from support.anvil_people import Call
from support.anvil_server import AnvilApp
from support.processes import start_at_once
from support.state_records import NOW, a_repository, an_attempt

ROOT = Path(__file__).parents[3]

CONNECT = """
import sys
from datetime import datetime
from ingest.adapters.data_tables import open_data_tables_state
from ingest.settings import Secret
from standalone.uplink.link import AppAddress, connect
url, key, own, now = sys.argv[1:]
connect(AppAddress(url, Secret(key)))
state = open_data_tables_state()
print("ready", flush=True)
sys.stdin.readline()
"""
CLAIM_ALL = """
while record := state.claim_repository(
    holder=own, now=datetime.fromisoformat(now), lease_seconds=60
):
    print(record.full_name)
"""
SAVE_THE_SAME = """
from support.processes import start_at_once
from support.state_records import an_attempt
for _ in range(5):
    state.save_attempts([an_attempt(run_id, fingerprint=own) for run_id in range(20)])
"""


class TestConcurrency(contract.TestConcurrency):
    threads, rounds, repositories, attempts = 6, 2, 20, 120

    def test_processes_claim_each_repository_once(  # type: ignore[override]
        self, state: StateStore, stores_app: AnvilApp
    ) -> None:
        """Two processes, each with a connection of its own, share forty."""
        for number in range(40):
            state.add_repository(a_repository(f"o/r{number}"))
        names = [name for share in in_processes(stores_app, CLAIM_ALL) for name in share]
        assert sorted(names) == sorted(f"o/r{number}" for number in range(40))

    def test_processes_save_the_same_at_once(self, state: StateStore, stores_app: AnvilApp) -> None:
        """There is one row for each key afterwards."""
        in_processes(stores_app, SAVE_THE_SAME)
        assert state.count_ledger().attempts == 20
        assert len(state.load_attempts(an_attempt().key.repository, range(20))) == 20

    def test_twelve_transactions_are_open_at_once(self, app_call: Call) -> None:
        """Pages and agents hold a few each, and what they call needs connections beside them."""
        agents, everybody = anvil.tables.app_tables.agents, threading.Barrier(12)

        def save(number: int) -> None:
            with anvil.tables.Transaction():
                everybody.wait(60)
                agents.add_row(key=f"agent {number}")

        with ThreadPoolExecutor(12) as threads:
            list(threads.map(save, range(12)))
        assert len(agents.search()) == 12


def in_processes(app: AnvilApp, work: str) -> list[list[str]]:
    """Run the same in two processes at once; return what each printed."""
    url, key = app.served.uplink.url, app.served.uplink.key.reveal()
    return start_at_once(
        [
            [sys.executable, "-c", CONNECT + work, url, key, own, NOW.isoformat()]
            for own in ("one", "two")
        ],
        search=[ROOT / "server_code", ROOT, ROOT / "tests"],
    )
