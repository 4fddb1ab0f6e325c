"""What more processes bring: 1, 2 and 4 collectors on one PostgreSQL collect the same world once.

GitHub takes a fifth of a second for each answer, for it is far away, and there are so many tokens
that no limit of theirs is met. The clock begins when all processes run and the repositories are
added, and ends when the last log is on its queue.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ingest.bootstrap.state_stores import open_state
from ingest.settings import read_settings

from standalone.sandbox.faults import Fault
from standalone.sandbox.settings import TokenSpec
from tests.bench.collector import HEARTBEAT_SECONDS, CollectorProcess
from tests.bench.report import Row
from tests.bench.services import running_services
from tests.support.fleet import fleet, watch_all
from tests.support.postgres_server import PostgresServer
from tests.support.world import GENEROUS

PROCESSES = (1, 2, 4)
GOALS = {2: "1.8 times", 4: "3.4 times"}
GITHUB_SECONDS = 0.2
LONGEST_SECONDS = 1200
_IDLE = 3

GITHUB = replace(
    GENEROUS,
    tokens=tuple(
        TokenSpec(value=f"bench-token-{number}", limit=10**6, graphql_limit=10**6)
        for number in range(8)
    ),
    threads=112,
    limits=replace(GENEROUS.limits, concurrent=0),
    faults=(Fault(path="/", do="slow", seconds=GITHUB_SECONDS),),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What one number of processes needed and did.

    ``cpu_seconds`` are those of the collectors, ``busy`` is the used part of all cores.
    """

    seconds: float
    counts: Counter[str]
    github: dict[str, Any]
    cpu_seconds: float
    busy: float

    @property
    def messages(self) -> int:
        """Count messages of all queues."""
        return sum(n for name, n in self.counts.items() if name.startswith("queue_messages."))


def measure(*, quick: bool) -> Iterator[Row]:
    """Measure each number of processes on a state of its own."""
    repositories, runs = (60, 2) if quick else (150, 2)
    alone: Found | None = None
    with closing(PostgresServer()) as postgres:
        for processes in PROCESSES:
            found = _collect(postgres, processes, repositories, runs)
            alone = alone or found
            yield _row(processes, found, times=alone.seconds / found.seconds)


def _row(processes: int, found: Found, *, times: float) -> Row:
    attempts, kinds = found.counts["attempts"], found.github["endpoints"]
    lists = kinds["list_runs"]["requests"]
    return Row(
        "workers",
        f"{processes} {'process' if processes == 1 else 'processes'}: attempts a second",
        f"{attempts / found.seconds:.1f}, {times:.2f} times one process",
        GOALS.get(processes, ""),
        f"{found.messages / found.seconds:.0f} messages a second; {attempts} attempts and "
        f"{found.counts['logs']} logs in {found.seconds:.1f} s with "
        f"{found.counts['queue_requests']} requests to SQS and "
        f"{found.github['requests']} to GitHub, {lists} of them for lists of runs; "
        f"{found.github['charged']} charged; {found.cpu_seconds:.1f} s of CPU in the collectors, "
        f"{found.busy:.0%} of all cores used",
    )


def _collect(postgres: PostgresServer, processes: int, repositories: int, runs: int) -> Found:
    builder = fleet(repositories, runs=runs, jobs=2)
    attempts = repositories * (runs + 1)
    more = {"DATABASE_URL": postgres.new_database_url(), "POLL_SECONDS": "600"}
    tokens = [token.value for token in GITHUB.tokens]
    with ExitStack() as stack:
        services = stack.enter_context(
            running_services(builder, at=7200, settings=GITHUB, tokens=tokens, **more)
        )
        github, environment = services.github, services.environment
        state = stack.enter_context(closing(open_state(read_settings(environment.get))))
        started = [stack.enter_context(CollectorProcess([], environment)) for _ in range(processes)]
        before, cpu, machine = _counts(started), _cpu_seconds(started), _ticks()
        began = time.monotonic()
        watch_all(state, (each.spec.full_name for each in github.world.repositories))
        counts = _until_all_is_there(started, attempts=attempts, logs=2 * attempts)
        seconds = time.monotonic() - began
        counts.subtract(before)
        ticks = [after - earlier for after, earlier in zip(_ticks(), machine, strict=True)]
        return Found(
            seconds,
            counts,
            github.stats(),
            cpu_seconds=_cpu_seconds(started) - cpu,
            busy=1 - ticks[_IDLE] / sum(ticks),
        )


def _until_all_is_there(
    processes: Sequence[CollectorProcess], *, attempts: int, logs: int
) -> Counter[str]:
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        counts = _counts(processes)
        if counts["attempts"] >= attempts and counts["logs"] >= logs:
            return counts
        if time.monotonic() > deadline:
            raise TimeoutError(f"The collectors are not done: {counts}")
        time.sleep(HEARTBEAT_SECONDS)


def _counts(processes: Sequence[CollectorProcess]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for each in processes:
        counts.update(each.ask()["counts"])
    return counts


def _cpu_seconds(processes: Sequence[CollectorProcess]) -> float:
    return sum(float(each.ask()["cpu_seconds"]) for each in processes)


def _ticks() -> list[int]:
    """Read what all cores have done since the start of the machine, by kind."""
    return [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]]
