"""How many server calls each action takes: over the Internet each costs a round trip."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from anvil import _threaded_server
from anvil.tables import app_tables
from ingest.adapters.data_tables import DataTablesState, attempts, table, transactions
from ingest.adapters.data_tables.values import dump_body
from ingest.domain.ledger import AttemptRecord
from ingest.domain.log_outline import LogOutline
from ingest.domain.stored_records import body_of
from ingest.domain.stored_values import repository_key
from ingest.services.dashboard.logs import find_job_log
from ingest.services.dashboard.overview import build_overview
from ingest.services.dashboard.repository_list import RepositoryQuery, list_repository_page
from ingest.services.dashboard.runs import RunFilters, RunReference, list_runs
from ingest.settings import read_settings
from support.state_records import (
    NOW,
    REPOSITORY,
    a_job,
    a_log,
    a_repository,
    a_summary,
    an_agent,
    an_attempt,
    at,
)

#: A transaction is begun and ended.
TRANSACTION = 2
#: Anvil counts what a search found, and brings its first rows.
COUNT = 2
#: The kept counts of a repository are found and changed.
COUNTED = 2
#: Where a repository has none yet, they are counted before.
FIRST_COUNTED = 1 + 1 + 5 * COUNT


@pytest.fixture
def asked(state: DataTablesState, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Count what is asked in a block, once the app's tables are known."""
    state.load_desired_states()
    calls: list[str] = []
    ask = _threaded_server.do_call

    def count(args: Any, kwargs: Any, fn_name: str | None = None, **rest: Any) -> Any:
        # Every ten seconds Anvil's client asks on its own account whether the server is there.
        if fn_name != "anvil.private.echo":
            calls.append(fn_name or "")
        return ask(args, kwargs, fn_name=fn_name, **rest)

    monkeypatch.setattr(_threaded_server, "do_call", count)

    @contextmanager
    def at_most(number: int) -> Iterator[None]:
        calls.clear()
        yield
        assert len(calls) <= number, calls

    return at_most


def watch(count: int) -> None:
    """Add many repositories at once, as only a test does."""
    names = [f"o/r{number:03}" for number in range(count)]
    app_tables.repositories.add_rows(
        [
            {
                "key": repository_key(name),
                "full_name": name,
                "added_at": at(-60),
                "paused": False,
                "next_poll_at": at(number),
                "progress": '{"watched_since":"2026-11-23T12:00:00.000000Z"}',
            }
            for number, name in enumerate(names)
        ]
    )


def test_repositories(state: DataTablesState, asked: Callable[..., Any]) -> None:
    watch(250)
    with asked(1):
        assert state.claim_repository(holder="me", now=at(-1), lease_seconds=60) is None
    with asked(1 + TRANSACTION + 2):
        claimed = state.claim_repository(holder="me", now=NOW, lease_seconds=60)
    assert claimed is not None
    assert claimed.full_name == "o/r000"
    with asked(TRANSACTION + 2):
        assert state.save_progress(claimed, holder="me", lease_until=at(90))
    with asked(TRANSACTION + 2):
        assert state.release_repository(claimed, holder="me", next_poll_at=at(999))
    with asked(1):
        assert len(state.list_repositories()) == 250
    with asked(TRANSACTION + 2):
        assert state.add_repository(a_repository()) == a_repository()


def test_attempts(state: DataTablesState, asked: Callable[..., Any]) -> None:
    some = [an_attempt(run_id, jobs=(a_job(run_id),)) for run_id in range(100)]
    with asked(TRANSACTION + 4 + FIRST_COUNTED + 1):
        state.save_attempts(some[:50])
    with asked(TRANSACTION + 4 + COUNTED):
        state.save_attempts(some[50:])
    with asked(TRANSACTION + 4):
        state.save_attempts(some[:20])
    with asked(2):
        assert len(state.load_attempts(REPOSITORY, range(100))) == 100
    with asked(2):
        assert len(state.load_due_attempts(REPOSITORY, now=NOW, limit=50)) == 50
    with asked(1):
        assert state.load_next_check_at(REPOSITORY) == NOW
    assert state.count_ledger().attempts == 100
    with asked(1):
        assert state.count_ledger().attempts == 100
    with asked(1):
        assert state.count_ledger(REPOSITORY).attempts == 100
    with asked(1):
        assert state.count_ledger_by_repository()[repository_key(REPOSITORY)].attempts == 100


def test_large_attempts(
    state: DataTablesState, asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no message holds goes and comes in several, here two attempts in each."""
    jobs = tuple(a_job(number, name=f"job {number}") for number in range(200))
    large = [an_attempt(number, jobs=jobs) for number in range(10, 20)]
    body = len(dump_body(body_of(large[0])))
    monkeypatch.setattr(table, "CHARACTERS_PER_QUERY", 2 * body + 100)
    with asked(TRANSACTION + 2 + 5 + 1 + FIRST_COUNTED + 1):
        state.save_attempts(large)
    with asked(1 + 5):
        assert sorted(state.load_attempts(REPOSITORY, range(30)).values(), key=run_id) == large
    changed = [replace(attempt, fingerprint="new") for attempt in large]
    with asked(TRANSACTION + 2 + 5 + 1):
        state.save_attempts(changed)
    assert state.load_due_attempts(REPOSITORY, now=NOW, limit=20) == changed


def test_a_transaction_does_not_wait_for_packing(
    state: DataTablesState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends ten seconds after its last call, and hundreds of jobs take their time."""
    begun: list[int] = []

    def transact(work: Callable[[], Any]) -> None:
        begun.append(1)
        transactions.transact(work)

    def pack_before(body: dict[str, Any]) -> str:
        assert not begun
        return dump_body(body)

    monkeypatch.setattr(attempts, "transact", transact)
    monkeypatch.setattr(attempts, "dump_body", pack_before)
    state.save_attempts([an_attempt(), an_attempt(8)])
    assert begun == [1]


def run_id(attempt: AttemptRecord) -> int:
    return attempt.key.run_id


def test_logs_and_summaries(state: DataTablesState, asked: Callable[..., Any]) -> None:
    logs = [a_log(job_id) for job_id in range(20)]
    with asked(TRANSACTION + 2 + FIRST_COUNTED + 1):
        state.save_job_logs(logs)
    with asked(TRANSACTION + 2):
        state.save_job_logs(logs)
    with asked(TRANSACTION + 2 + COUNTED):
        state.save_job_logs([a_log(job_id) for job_id in range(20, 40)])
    with asked(1):
        assert len(state.load_waiting_logs("pending", None, updated_before=at(1), limit=40)) == 40
    with asked(TRANSACTION + 2 + COUNT):
        state.save_run_summaries([a_summary(run_id) for run_id in range(20)])
    state.save_run_summaries([a_summary(run_id) for run_id in range(1990)])
    with asked(TRANSACTION + 2 + COUNT + 2):
        state.save_run_summaries([a_summary(run_id) for run_id in range(1990, 2010)])
    # Anvil brings a thousand rows at once, however many are asked for.
    with asked(2):
        assert len(state.load_run_summaries()) == 2000
    state.save_run_summaries([a_summary(2010)])
    with asked(2):  # all of them were saved within the last minutes
        assert len(state.load_run_summaries()) == 2000


def test_heartbeats(state: DataTablesState, asked: Callable[..., Any]) -> None:
    with asked(TRANSACTION + 3):
        state.add_to_saved_counters({"runs": 1}, now=NOW)
    with asked(1):
        assert state.load_saved_counters().totals == {"runs": 1}


def test_a_refresh_of_a_page(state: DataTablesState, asked: Callable[..., Any]) -> None:
    """However many runs there are; the second time, and every 15 seconds, as agents report."""
    watch(40)
    state.save_attempts([an_attempt(run_id) for run_id in range(20)])
    state.save_run_summaries([a_summary(run_id) for run_id in range(20)])
    state.add_to_saved_counters({"runs": 1}, now=NOW)
    settings = read_settings({}.get)
    state.save_agent(an_agent())
    build_overview(state, settings, now=NOW)
    with asked(8):
        build_overview(state, settings, now=NOW)
    state.save_agent(an_agent(heartbeat_at=at(5)))
    with asked(6):
        assert build_overview(state, settings, now=NOW)["repositories"]["watched"] == 40
    list_repository_page(state, settings, RepositoryQuery(), now=NOW)
    with asked(4):
        list_repository_page(state, settings, RepositoryQuery(), now=NOW)
    with asked(1):
        list_runs(state, RunFilters(), limit=50, offset=0)


def test_a_look_at_many_repositories(state: DataTablesState, asked: Callable[..., Any]) -> None:
    """Those that changed are read, and whether any was removed elsewhere."""
    watch(1500)
    name = "o/r007"
    assert len(state.for_dashboard().list_repositories()) == 1500
    with asked(2):
        assert len(state.for_dashboard().list_repositories()) == 1500
    assert state.make_due(name, now=at(-120))
    state.for_dashboard().list_repositories()
    another_process().set_paused(name, paused=True)
    with asked(2):
        shown = {each.full_name: each for each in state.for_dashboard().list_repositories()}
    assert shown[name].paused
    another_process().remove_repository("o/r009")
    another_process().add_repository(a_repository())
    names = {each.full_name for each in state.for_dashboard().list_repositories()}
    assert names ^ shown.keys() == {"o/r009", REPOSITORY}
    assert names == {each.full_name for each in state.list_repositories()}


def another_process() -> DataTablesState:
    """Open the same tables without what was read before."""
    return DataTablesState()


def test_a_check_that_the_state_can_be_written(
    state: DataTablesState, asked: Callable[..., Any]
) -> None:
    """A refresh of the overview makes one where no agent has reported since the one before."""
    with asked(2):
        state.check_writable(now=NOW)


def test_a_page_of_a_large_log(state: DataTablesState, asked: Callable[..., Any]) -> None:
    """Whatever its size."""
    log = b"".join(
        b"%07d something that a step has printed\n" % number for number in range(300_000)
    )
    state.log_cache.save_log(an_attempt().key, 1, io.BytesIO(log), LogOutline(), NOW)
    with asked(3):
        lines = state.log_cache.load_lines(an_attempt().key, 1, 250_000, 1000)
    assert lines is not None
    assert len(lines.lines) == 1000
    state.save_attempts([an_attempt(jobs=(a_job(1), a_job(2)))])
    state.save_job_logs([a_log(1), a_log(2)])
    reference = RunReference(run_id=an_attempt().key.run_id)
    with asked(2 + 3 + 1):  # the attempt and its body, the lines, the record of the log
        job_log = find_job_log(state, open_no_reader, reference, 1)
        assert len(job_log.page(250_000, 1000)["lines"]) == 1000


def open_no_reader() -> NoReturn:
    raise AssertionError("the log is in the cache")
