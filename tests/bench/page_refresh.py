"""What a refresh of each page costs on Anvil's app server: CPU of all its processes.

They are the JVM, the process that starts server code, that code, and PostgreSQL. A page refreshes
every 15 seconds; before each refresh as many repositories are polled as are in that time, where
each is polled every ten minutes, and both agents report. Caches age as if these 15 seconds had
passed. Needs an app server, which ``ANVIL_APP_SERVER`` names.
"""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psycopg2
from anvil.tables import app_tables
from ingest.adapters.data_tables import DataTablesState
from ingest.adapters.data_tables.cached_rows import COMMIT_TIME
from ingest.adapters.data_tables.repositories import page_columns
from ingest.adapters.data_tables.table import chunks_by_count
from ingest.domain.codec import encode_dataclass
from ingest.domain.ledger import AgentRecord, LedgerCounts, new_repository
from ingest.domain.log_outline import LogOutline
from ingest.domain.source_records import DiscoveredRepository
from ingest.domain.stored_records import REPOSITORY_COLUMNS, body_of
from ingest.domain.stored_values import repository_key, to_json
from ingest.services.context import AGENTS

from standalone.app_server.errors import CannotServe
from standalone.app_server.program import find_app_server
from tests.bench.report import Row
from tests.support.anvil_people import signed_in
from tests.support.anvil_server import AnvilApp, processes_of, serving_anvil, without_schedule
from tests.support.aws_server import LocalAws
from tests.support.postgres_server import PostgresServer
from tests.support.state_records import a_job, a_log, a_run, a_summary, an_attempt, an_error

GOAL = "50 ms"
RUNS = 400
ERRORS = 100
INTERVALS = 288
JOBS = 20
REPOSITORY = "octo/r0000"
RUN_ID = 1_000_000
COPIED_RUN_ID = 2_000_000
LOG_LINES = 5_000
WARM_TURNS = 100
TURNS = 40
POLL_INTERVAL = timedelta(minutes=10)
REFRESH_INTERVAL = timedelta(seconds=15)
TIME_LAPSE = 7.5

#: All tables of an app are one in its database. An attempt has a row that is searched, and a body.
_COPY = """
    INSERT INTO app_storage_data (table_id, data)
    SELECT table_id, replace(
        replace(data::text, '2000000', (2000000 + number)::text),
        'octo/r0000',
        'octo/r' || lpad((number %% %(repositories)s)::text, 4, '0')
    )::jsonb
    FROM app_storage_data JOIN app_storage_tables ON app_storage_tables.id = table_id,
        generate_series(1, %(attempts)s) AS number
    WHERE name IN ('attempts', 'attempt_bodies') AND data::text LIKE '%%|2000000|%%'
"""
_INDEX = (
    "CREATE INDEX app_storage_data_json_idx ON app_storage_data USING gin (data jsonb_path_ops)"
)

#: In the app's process the times of its caches pass faster: a turn of 2 seconds stands for 15.
MODULE = f"""
import anvil.server
from .ingest.adapters.data_tables import cached_rows, saved_counters, seldom_changed

cached_rows.MAX_CLOCK_DIFFERENCE /= {TIME_LAPSE}
cached_rows.COMMIT_TIME /= {TIME_LAPSE}
for module in (cached_rows, saved_counters, seldom_changed):
    module.RELOAD_SECONDS /= {TIME_LAPSE}

@anvil.server.callable
def do_nothing():
    pass
"""

Call = Callable[..., Any]
Refresh = Callable[[Call], object]

#: As pages call: their answers are texts.
REFRESHES: dict[str, Refresh] = {
    "a call that does nothing": lambda call: call("do_nothing"),
    "Overview": lambda call: call("get_collection_status", as_json=True),
    "Runs": lambda call: call("get_recent_metrics", limit=50, offset=0, as_json=True),
    "Repositories": lambda call: call("get_repositories", as_json=True),
    "Activity": lambda call: call("list_activity", as_json=True),
    "Settings": lambda call: call("get_settings", as_json=True),
    "a run of 20 jobs": lambda call: call("get_run", RUN_ID, 1, REPOSITORY, as_json=True),
    "a log": lambda call: call("get_job_logs", RUN_ID, 1, 1, 500, details=True, as_json=True),
}


def measure(*, quick: bool) -> Iterator[Row]:
    """Measure few repositories, and many with many attempts."""
    try:
        find_app_server(os.environ)
    except CannotServe as error:
        yield Row("pages", "every page on an app server", "not measured", GOAL, str(error))
        return
    yield from _rows(3, 0)
    yield from _rows(1000, 100_000 if quick else 1_000_000)


def _rows(repositories: int, attempts: int) -> Iterator[Row]:
    case = f"{repositories:,} repositories, {attempts + 2:,} known attempts"
    for page, cpu in _costs(repositories, attempts).items():
        yield Row("pages", f"{page}, {case}", f"{1000 * cpu:.0f} ms of CPU", GOAL, _details())


def _details() -> str:
    return f"mean of {TURNS} refreshes; load {os.getloadavg()[0]:.0f}"


def _costs(repositories: int, attempts: int) -> dict[str, float]:
    """Measure the CPU of a refresh of each page, in seconds."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        postgres = opened.enter_context(closing(PostgresServer()))
        app = opened.enter_context(
            serving_anvil(
                folder,
                postgres=postgres,
                aws=opened.enter_context(LocalAws()),
                modules={"page_refresh.py": MODULE},
                edit=without_schedule,
            )
        )
        call = opened.enter_context(signed_in(app))
        state, names = DataTablesState(), [f"octo/r{n:04}" for n in range(repositories)]
        _watch(names)
        _collect(state)
        _fill(app.database_url, attempts, repositories)
        cpu = _Cpu(app, postgres)
        for _ in range(WARM_TURNS):
            for refresh in REFRESHES.values():
                refresh(call)
        return _measure(state, call, cpu, names)


class _Cpu:
    """The CPU time of an app server's processes and of its PostgreSQL."""

    def __init__(self, app: AnvilApp, postgres: PostgresServer) -> None:
        self._app, self._postgres = app, postgres

    def of(self, work: Callable[[], object]) -> float:
        """Measure some work, in seconds; what has ended meanwhile counts for nothing."""
        before = self._seconds()
        work()
        after = self._seconds()
        return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())

    def _seconds(self) -> dict[int, float]:
        pids = [*processes_of(self._app, ""), *_children(self._postgres.pid)]
        return dict(zip(pids, map(_cpu_seconds, pids), strict=True))


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [pid, *(int(child) for task in tasks for child in task.read_text().split())]


def _cpu_seconds(pid: int) -> float:
    """Return what a process and its children that have ended have used."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    times = text.rpartition(")")[2].split()[11:15]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def _measure(
    state: DataTablesState, call: Call, cpu: _Cpu, names: Sequence[str]
) -> dict[str, float]:
    """Measure turns of each page; a third of the polls are in the last third of a turn's time.

    What was polled in the turns of the other pages is read before.
    """
    polled, count = cycle(names), len(names) * REFRESH_INTERVAL // POLL_INTERVAL
    of_page = dict.fromkeys(REFRESHES, 0.0)
    for page, refresh in REFRESHES.items():
        refresh(call)
        for _ in range(TURNS):
            next_turn = time.monotonic() + REFRESH_INTERVAL.total_seconds() / TIME_LAPSE
            due = list(islice(polled, count))
            _poll(state, due[: 2 * count // 3])
            time.sleep(COMMIT_TIME.total_seconds() / TIME_LAPSE)
            _poll(state, due[2 * count // 3 :])
            _save_heartbeats(state)
            of_page[page] += cpu.of(partial(refresh, call))
            time.sleep(max(0.0, next_turn - time.monotonic()))
    return {page: of_turns / TURNS for page, of_turns in of_page.items()}


def _poll(state: DataTablesState, names: Sequence[str]) -> None:
    """Poll idle repositories: each is claimed and given back."""
    now = datetime.now(timezone.utc)
    for _ in names:
        claimed = state.claim_repository(
            holder="bench", now=now + POLL_INTERVAL, lease_seconds=60, only=names
        )
        assert claimed is not None
        polled = replace(claimed, last_polled_at=now)
        state.release_repository(polled, holder="bench", next_poll_at=now + POLL_INTERVAL)


def _save_heartbeats(state: DataTablesState) -> None:
    now = datetime.now(timezone.utc)
    for name in AGENTS:
        state.save_agent(
            AgentRecord(
                name=name,
                host="bench",
                state="idle",
                heartbeat_at=now,
                started_at=now,
                counts={},
                last_log_at=None,
                rate_limit={},
                note=None,
            )
        )


def _watch(names: Sequence[str]) -> None:
    """Watch repositories of a source whose polls are spread over the interval between two."""
    now = datetime.now(timezone.utc)
    polled = {name: now - POLL_INTERVAL * place / len(names) for place, name in enumerate(names)}
    counts = asdict(LedgerCounts(attempts=1, logs_fetched=1))
    _add("repositories", [_watched_row(name, at) for name, at in polled.items()])
    _add("discovered_repositories", [_discovered_row(name, at) for name, at in polled.items()])
    _add(
        "ledger_counts",
        [{**_saved(name, at), **counts} for name, at in polled.items() if name != REPOSITORY],
    )


def _saved(name: str, at: datetime) -> dict[str, Any]:
    return {"key": repository_key(name), "saved_at": at}


def _watched_row(name: str, polled_at: datetime) -> dict[str, Any]:
    new = new_repository(name, backfill_days=1, now=polled_at)
    next_poll_at = polled_at + POLL_INTERVAL
    record = replace(new, last_polled_at=polled_at, next_poll_at=next_poll_at, cursor=polled_at)
    return {
        "key": repository_key(name),
        **{column: getattr(record, column) for column in REPOSITORY_COLUMNS},
        "progress": to_json(body_of(record)),
        **page_columns(record),
    }


def _discovered_row(name: str, at: datetime) -> dict[str, Any]:
    record = DiscoveredRepository(full_name=name, source="octo/*", discovered_at=at)
    return {**_saved(name, at), "body": to_json(encode_dataclass(record))}


def _collect(state: DataTablesState) -> None:
    """Save what a collection of a day leaves: a run with its logs, runs, counts and errors."""
    now = datetime.now(timezone.utc)
    jobs = tuple(a_job(number, name=f"test ({number})") for number in range(1, JOBS + 1))
    run = a_run(RUN_ID, repository=REPOSITORY)
    state.save_attempts([an_attempt(RUN_ID, 1, REPOSITORY, run=run, jobs=jobs, settled=True)])
    copied = a_run(COPIED_RUN_ID, repository=REPOSITORY)
    state.save_attempts([an_attempt(COPIED_RUN_ID, 1, REPOSITORY, run=copied, settled=True)])
    state.save_job_logs([a_log(job.job_id, "fetched", key=run.key) for job in jobs])
    log = b"".join(b"%07d something that a step has printed\n" % n for n in range(LOG_LINES))
    state.log_cache.save_log(run.key, 1, io.BytesIO(log), LogOutline(), now)
    state.save_run_summaries([a_summary(number, 1, REPOSITORY) for number in range(RUNS)])
    for number in reversed(range(INTERVALS)):
        state.add_to_saved_counters(
            {"github_requests.free": 9}, now=now - timedelta(minutes=5 * number)
        )
    for number in range(ERRORS):
        state.add_error(an_error(message=f"Job {number} failed."))
    state.count_ledger()  # which a state of an earlier release does once


def _add(table: str, rows: Sequence[dict[str, Any]]) -> None:
    for chunk in chunks_by_count(rows):
        getattr(app_tables, table).add_rows(chunk)


def _fill(url: str, attempts: int, repositories: int) -> None:
    """Add so many copies of a collected run to all repositories, in the database itself."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DROP INDEX app_storage_data_json_idx")
        cursor.execute(_COPY, {"attempts": attempts, "repositories": repositories})
        cursor.execute(_INDEX)
        cursor.execute("ANALYZE app_storage_data")
