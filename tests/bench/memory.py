"""What a collector process holds: with a thousand idle repositories, and while a huge log passes.

The collector is a process of its own, with SQLite and the local SQS; memory is what Linux counts as
resident. A long log goes through in parts, read and deleted as they come.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from standalone.local.aws import LocalAws
from standalone.sandbox.settings import Settings
from standalone.sandbox.specs import LogSpec
from tests.bench.collector import CollectorProcess
from tests.bench.report import Row
from tests.bench.services import running_services
from tests.support.aws_server import sqs_client, take_messages
from tests.support.world import GENEROUS
from tests.support.world_builder import WorldBuilder

MIB = 2**20
LOGS_QUEUE = "ci_cd_logs_queue"


def measure(*, quick: bool) -> Iterator[Row]:
    """Measure both, of the sizes that the goals name."""
    yield _idle(1000)
    yield _huge_log(1024 * MIB)


def _idle(repositories: int) -> Row:
    builder = WorldBuilder()
    names = [f"octo/idle-{number:04d}" for number in range(repositories)]
    for name in names:
        builder.repository(name).run(created=-86_400 * 3).job()
    with stage_of(builder) as environment, CollectorProcess(names, environment) as collector:
        polled = 2 * repositories
        answer = collector.wait(lambda status: requests(status) >= polled, seconds=600)
    return Row(
        "memory",
        f"{repositories:,} idle repositories, each polled twice",
        f"{answer['rss'] / MIB:.0f} MiB",
        "150 MiB",
        f"largest {answer['peak'] / MIB:.0f} MiB",
    )


def _huge_log(size: int) -> Row:
    builder = WorldBuilder().run(seconds=60)
    builder.job("small")
    small = WorldBuilder().run(seconds=60).job("small")
    before = _peak(small, logs=1)
    builder.job("huge", log=LogSpec(seed="huge", giant_bytes=size))
    after = _peak(builder, logs=2)
    return Row(
        "memory",
        f"a log of {size // MIB:,} MiB next to a small one",
        f"{(after - before) / MIB:+.0f} MiB",
        "32 MiB",
        f"largest {after / MIB:.0f} MiB, with a small one alone {before / MIB:.0f} MiB",
    )


def _peak(builder: WorldBuilder, *, logs: int) -> int:
    with stage_of(builder) as environment, CollectorProcess(["octo/api"], environment) as collector:
        answer = collector.wait(
            lambda status: status["counts"].get("logs", 0) >= logs, seconds=1200
        )
    return int(answer["peak"])


@contextmanager
def stage_of(builder: WorldBuilder, *, settings: Settings = GENEROUS) -> Iterator[dict[str, str]]:
    """Run services whose logs queue is read empty; yield the collector's environment."""
    with (
        running_services(builder, settings=settings, LOG_MODE="live") as services,
        _emptied(services.aws, LOGS_QUEUE),
    ):
        yield services.environment


@contextmanager
def _emptied(aws: LocalAws, queue: str) -> Iterator[None]:
    """Read a queue empty on a thread, so that the local SQS need not hold a whole log."""
    done = threading.Event()

    def empty() -> None:
        with closing(sqs_client(aws)) as client:
            while not done.is_set():
                for _ in take_messages(client, queue, wait_seconds=1):
                    pass

    thread = threading.Thread(target=empty)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def requests(status: dict[str, Any]) -> int:
    """Count the requests to GitHub that a collector reports."""
    counts = status["counts"]
    return int(counts.get("github_requests.free", 0)) + int(
        counts.get("github_requests.charged", 0)
    )
