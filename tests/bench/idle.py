"""What an idle collector with a large ledger costs: CPU, memory, and a refresh of the overview.

All that the repositories have is collected, and their runs ended days ago, so that a poll is one
free request; the next polls are spread over the ten minutes between two of them. The ledger is
filled by its database, and its kept counts with it. CPU is that of the collector's process, as a
share of one core.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg2
from ingest.bootstrap.state_stores import open_state
from ingest.domain.ledger import AttemptRecord
from ingest.domain.runs import AttemptKey
from ingest.services.dashboard.overview import build_overview
from ingest.settings import read_settings

from tests.bench.collector import CollectorProcess
from tests.bench.memory import MIB, requests, stage_of
from tests.bench.report import Row
from tests.support.postgres_server import PostgresServer
from tests.support.world_builder import WorldBuilder

REPOSITORIES = 1000
REFRESHES = 10
SPREAD = timedelta(minutes=10)
TEMPLATE_RUN = 1

_FILL = """
    INSERT INTO attempts
    WITH RECURSIVE numbers (n) AS (
        SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {more}
    )
    SELECT repository_key, run_id + n, run_attempt, created_at, settled, unread, look_at, record
    FROM attempts, numbers WHERE run_id = {template}
"""
_COUNT = "UPDATE ledger_counts SET attempts = attempts + {more}"


def measure(*, quick: bool) -> Iterator[Row]:
    """Measure SQLite and PostgreSQL, each with few and with many known attempts."""
    attempts, seconds = (100_000, 60) if quick else (1_000_000, 180)
    for known in (REPOSITORIES, attempts):
        yield _row("SQLite", known, seconds, None)
    for known in (REPOSITORIES, attempts):
        with closing(PostgresServer()) as postgres:
            yield _row("PostgreSQL", known, seconds, postgres.new_database_url())


def _row(database: str, attempts: int, seconds: int, url: str | None) -> Row:
    builder = WorldBuilder()
    names = [f"octo/idle-{number:04d}" for number in range(REPOSITORIES)]
    for name in names:
        builder.repository(name).run(created=-86_400 * 3).job()
    with stage_of(builder) as environment:
        environment["DATABASE_URL"] = url or environment["DATABASE_URL"]
        with CollectorProcess(names, environment) as collector:
            collector.wait(_is_collected, seconds=1800)
        _fill(environment["DATABASE_URL"], names, attempts // REPOSITORIES - 1)
        _rest(environment["DATABASE_URL"])
        with CollectorProcess(names, environment) as collector:
            time.sleep(10)
            before, began = collector.ask(), time.monotonic()
            time.sleep(seconds)
            after, took = collector.ask(), time.monotonic() - began
        refresh = _refresh_seconds(environment)
    cpu = (after["cpu_seconds"] - before["cpu_seconds"]) / took
    return Row(
        "idle",
        f"{database}, {REPOSITORIES:,} repositories, {attempts:,} known attempts",
        f"{100 * cpu:.2f} % of a core, {after['rss'] / MIB:.0f} MiB, "
        f"{1000 * refresh:.0f} ms of CPU a refresh",
        "1 %, 150 MiB, 50 ms",
        f"{requests(after) - requests(before)} requests in {took:.0f} s",
    )


def _is_collected(status: dict[str, Any]) -> bool:
    """Return whether the one log of every repository is published: nothing is left to do."""
    return bool(status["counts"].get("logs", 0) >= REPOSITORIES)


def _fill(url: str, names: list[str], more: int) -> None:
    """Add so many settled attempts to every repository."""
    now = datetime.now(timezone.utc)
    with closing(open_state(read_settings({"DATABASE_URL": url}.get))) as state:
        records = [
            AttemptRecord(
                key=AttemptKey(name, TEMPLATE_RUN, 1),
                created_at=now - timedelta(days=3),
                published_statuses=("completed",),
                settled=True,
            )
            for name in names
        ]
        state.save_attempts(records)
    fill = (
        [_FILL.format(more=more, template=TEMPLATE_RUN), _COUNT.format(more=more)] if more else []
    )
    connect: Callable[[str], Any] = (
        psycopg2.connect if url.startswith("postgres") else sqlite3.connect
    )
    with closing(connect(url)) as connection:
        cursor = connection.cursor()
        for statement in fill:
            cursor.execute(statement)
        connection.commit()


def _rest(url: str) -> None:
    """Let every repository be one in which nothing has changed for days, and spread the polls."""
    now = datetime.now(timezone.utc)
    before = now - timedelta(days=3)
    with closing(open_state(read_settings({"DATABASE_URL": url}.get))) as state:
        idle = []
        while record := state.claim_repository(holder="bench", now=now + SPREAD, lease_seconds=60):
            idle.append(record)
        for place, record in enumerate(idle, 1):
            state.release_repository(
                replace(record, added_at=before, last_changed_at=before),
                holder="bench",
                next_poll_at=now + SPREAD * place / len(idle),
            )
        assert len(idle) == REPOSITORIES


def _refresh_seconds(environment: dict[str, str]) -> float:
    """Measure the CPU of a refresh of the overview, the database's own not included."""
    settings = read_settings(environment.get)
    with closing(open_state(settings)) as state:
        build_overview(state, settings, now=datetime.now(timezone.utc))
        began = time.process_time()
        for _ in range(REFRESHES):
            build_overview(state, settings, now=datetime.now(timezone.utc))
        return (time.process_time() - began) / REFRESHES
