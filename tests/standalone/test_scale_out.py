"""Four collectors on one PostgreSQL: they share 80 repositories, and two of them are killed.

Who holds which repository is noted by the database itself, and who asks for its runs by GitHub.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from ingest.bootstrap.queues import set_up_queues
from ingest.bootstrap.state_stores import open_state
from ingest.settings import read_settings
from support.aws_server import LocalAws, sqs_client
from support.command_line import ROOT, wait_until
from support.fleet import RunsRequest, Witness, fleet, watch_all
from support.postgres_server import PostgresServer

from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import Limits, Settings, TokenSpec
from tests.chaos.reader import Reader
from tests.chaos.reconcile import missing, wrongly_repeated

REPOSITORIES = 80
WORKERS = 4
KILLED = 2
TOKENS = tuple(f"scale-token-{number}" for number in range(WORKERS + KILLED))
QUEUES = {
    "METRICS_QUEUE": "scale-out-metrics",
    "LOGS_QUEUE": "scale-out-logs",
    "JOB_EVENTS_QUEUE": "scale-out-job-events",
}

#: The database notes every change of a holder, in the transaction that makes it.
NOTE_HOLDERS = """
    CREATE TABLE holders (
        number BIGSERIAL PRIMARY KEY,
        at DOUBLE PRECISION NOT NULL DEFAULT EXTRACT(EPOCH FROM clock_timestamp()),
        repository TEXT NOT NULL,
        former TEXT,
        holder TEXT
    );
    CREATE FUNCTION note_holder() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO holders (repository, former, holder)
        VALUES (NEW.full_name, OLD.lease_holder, NEW.lease_holder);
        RETURN NULL;
    END $$;
    CREATE TRIGGER note_holder AFTER UPDATE ON repositories FOR EACH ROW
    WHEN (OLD.lease_holder IS DISTINCT FROM NEW.lease_holder) EXECUTE FUNCTION note_holder();
"""


@dataclass(frozen=True, slots=True)
class Hold:
    """The time for which a process held a repository; times are seconds since the epoch."""

    pid: int
    begun_at: float
    ended_at: float


def catches(pid: int, signal_number: int) -> bool:
    """Return whether a process has a handler of its own for a signal."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    [caught] = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
    return bool(int(caught, 16) >> (signal_number - 1) & 1)


class Collectors:
    """Processes of `collect`, each with a token of its own."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.killed_at: dict[int, float] = {}

    def start(self) -> None:
        """Start one more."""
        number = len(self._processes)
        with (self._folder / f"collector-{number}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "standalone", "collect"],
                    cwd=self._folder,
                    env={**os.environ, **self._environment, "GITHUB_TOKEN": TOKENS[number]},
                    stdout=log,
                    stderr=log,
                )
            )

    def kill_one(self, chance: random.Random) -> None:
        """End one with -9."""
        alive = [each for each in self._processes[:WORKERS] if each.pid not in self.killed_at]
        victim = chance.choice(alive)
        victim.kill()
        self.killed_at[victim.pid] = time.time()
        victim.wait()

    def stop(self) -> list[int]:
        """End those that live as a supervisor does; return their exit codes."""
        alive = [each for each in self._processes if each.poll() is None]
        # All may be collected before the last one of them has begun.
        wait_until(lambda: all(catches(each.pid, signal.SIGTERM) for each in alive))
        for each in alive:
            each.send_signal(signal.SIGTERM)
        return [each.wait(60) for each in alive]

    def pid_of(self, token: str) -> int:
        """Return which process has a token."""
        return self._processes[TOKENS.index(token)].pid

    def kill_all(self) -> None:
        """Leave none."""
        for each in self._processes:
            each.kill()
            each.wait()


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Witness:
    return Witness(monkeypatch)


@pytest.fixture
def github(witness: Witness) -> Iterator[SandboxServer]:
    """Serve the fleet, to tokens whose limits nobody meets."""
    settings = Settings(
        tokens=tuple(TokenSpec(value=each, limit=10**6, graphql_limit=10**6) for each in TOKENS),
        limits=Limits(points_per_minute=0, graphql_points_per_minute=0),
    )
    world = fleet(REPOSITORIES, runs=1, jobs=1).build()
    with SandboxServer(world, settings=settings) as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    return postgres.new_database_url()


@pytest.fixture
def collectors(
    github: SandboxServer,
    database: str,
    aws: LocalAws,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Collectors]:
    """Prepare queues, state and repositories; start nobody."""
    environment = {
        **aws.environment,
        **QUEUES,
        "GITHUB_API_URL": github.url,
        "DATABASE_URL": database,
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "server_code"))),
    }
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    settings = read_settings({**environment, "GITHUB_TOKEN": TOKENS[0]}.get)
    assert list(set_up_queues(settings))
    # What a killed process had in hand comes back soon.
    sqs = sqs_client(aws)
    url = sqs.get_queue_url(QueueName=QUEUES["JOB_EVENTS_QUEUE"])["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "15"})
    with closing(open_state(settings)) as state:
        watch_all(state, (each.spec.full_name for each in github.world.repositories))
    query(database, NOTE_HOLDERS)
    started = Collectors(environment, tmp_path)
    yield started
    started.kill_all()


def query(database: str, sql: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as rows:
        rows.execute(sql)
        return rows.fetchall() if rows.description else []


def holds_of(database: str, killed: Sequence[int]) -> dict[str, list[Hold]]:
    """Read who held what; only what a killed process held may change hands."""
    found: dict[str, list[Hold]] = defaultdict(list)
    begun: dict[str, float] = {}
    log = "SELECT repository, former, holder, at FROM holders ORDER BY number"
    for repository, former, holder, at in query(database, log):
        if former is not None:
            pid = int(former.rpartition(":")[2])
            assert holder is None or pid in killed, f"{repository}: {holder} took it from {former}"
            found[repository].append(Hold(pid, begun.pop(repository), at))
        if holder is not None:
            assert repository not in begun
            begun[repository] = at
    assert begun == {}, "somebody who ended holds repositories still"
    return found


def unheld(
    requests: Sequence[RunsRequest], holds: dict[str, list[Hold]], collectors: Collectors
) -> list[RunsRequest]:
    """Name the requests that no holder asked, but for what a killed process left on its way."""

    def is_held(request: RunsRequest) -> bool:
        pid = collectors.pid_of(request.token)
        killed_at = collectors.killed_at.get(pid, float("inf"))
        return request.begun_at >= killed_at or any(
            hold.pid == pid
            and hold.begun_at <= request.begun_at
            and min(request.ended_at, killed_at) <= hold.ended_at
            for hold in holds[request.repository]
        )

    return [request for request in requests if not is_held(request)]


@pytest.mark.slow
def test_four_collectors_share_the_work_and_two_may_die(
    github: SandboxServer,
    witness: Witness,
    database: str,
    aws: LocalAws,
    collectors: Collectors,
) -> None:
    """All is collected, nobody polls what another holds, and no fact comes under two ids."""
    seed = random.randrange(10**6)
    chance, truth = random.Random(seed), github.truth()
    print(f"killed as seed {seed} says")
    reader = Reader(aws.endpoint_url, QUEUES["METRICS_QUEUE"], QUEUES["LOGS_QUEUE"])
    try:
        for _ in range(WORKERS):
            collectors.start()
        wait_until(lambda: len({each.token for each in witness.requests()}) == WORKERS)
        asked = len(witness.requests())
        for more in sorted(chance.sample(range(1, REPOSITORIES * 3 // 4), KILLED)):
            wait_until(lambda minimum=asked + more: len(witness.requests()) >= minimum)
            collectors.kill_one(chance)
            collectors.start()
        wait_until(lambda: next(missing(truth, reader), None) is None, seconds=240)
        assert collectors.stop() == [0] * WORKERS
    finally:
        collectors.kill_all()
        reader.close()
    assert list(missing(truth, reader)) == []
    assert list(wrongly_repeated(reader)) == []
    holds = holds_of(database, list(collectors.killed_at))
    assert len(holds) == REPOSITORIES
    assert unheld(witness.requests(), holds, collectors) == []
