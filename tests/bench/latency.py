"""How long a change takes from GitHub to the metrics queue, in real time.

The end of a run and the start of a job count from the moment at which the sandbox shows it, to that
at which a reader of the queue has it. With webhooks the polls are 10 minutes apart and prove
nothing; without, they are as close as the setting says.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

from ingest.domain.timestamps import parse_timestamp

from standalone.http.webhook_app import PATH
from standalone.local.aws import LocalAws
from standalone.local.free_port import free_port
from tests.bench.collector import CollectorProcess
from tests.bench.report import Row
from tests.bench.services import running_services
from tests.support.aws_server import sqs_client, take_messages
from tests.support.world_builder import FIRST_RUN, WorldBuilder

SECRET = "bench"
POLL_SECONDS = 5
RUN_SECONDS = 6
EVERY_SECONDS = 2
FIRST_RUN_AFTER = 15


def measure(*, quick: bool) -> Iterator[Row]:
    """Measure both ways."""
    runs = 10 if quick else 60
    pushed = _latencies(runs, poll_seconds=600, port=free_port())
    yield _row("end of a run to queue, with webhooks", pushed.ends, "p95 2 s")
    yield _row("start of a job to queue, with webhooks", pushed.starts, "p95 2 s")
    polled = _latencies(runs, poll_seconds=POLL_SECONDS, port=None)
    goal = f"{POLL_SECONDS + 5} s"
    yield _row(f"end of a run to queue, polled every {POLL_SECONDS} s", polled.ends, goal)


class _Latencies(NamedTuple):
    """The seconds from the ends of runs, and from the starts of jobs, to the queue."""

    ends: list[float]
    starts: list[float]


def _row(case: str, found: list[float], goal: str) -> Row:
    latencies = sorted(found)
    middle, late = latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.95)]
    return Row(
        "latency",
        case,
        f"p95 {late:.2f} s",
        goal,
        f"median {middle:.2f} s, longest {latencies[-1]:.2f} s of {len(latencies)}",
    )


def _latencies(runs: int, *, poll_seconds: int, port: int | None) -> _Latencies:
    """Let runs start and end one after another; return how long each change took to the queue."""
    builder = WorldBuilder()
    if port is not None:
        builder.hook(f"http://127.0.0.1:{port}{PATH}", secret=SECRET)
    for number in range(runs):
        created = FIRST_RUN_AFTER + number * EVERY_SECONDS
        builder.run(created=created, starts_after=1, seconds=RUN_SECONDS).job().job("second")
    more = {"GITHUB_WEBHOOK_SECRET": SECRET, "POLL_SECONDS": str(poll_seconds)}
    with (
        running_services(builder, at=0, **more) as services,
        CollectorProcess(["octo/api"], services.environment, port=port),
    ):
        begun = time.time() - (services.github.clock.now() - builder.start)
        arrivals = _read(services.aws, runs, seconds=120 + runs * EVERY_SECONDS)
    began = {
        name: begun + parse_timestamp(started_at).timestamp() - builder.start
        for name, (_, started_at) in arrivals.starts.items()
    }
    first = begun + FIRST_RUN_AFTER + 1 + RUN_SECONDS
    shown = {FIRST_RUN + 1 + number: first + number * EVERY_SECONDS for number in range(runs)}
    return _Latencies(
        ends=[arrived - shown[run_id] for run_id, arrived in arrivals.ends.items()],
        starts=[arrived - began[name] for name, (arrived, _) in arrivals.starts.items()],
    )


class _Arrivals(NamedTuple):
    """When ends of runs and starts of jobs arrived; of jobs also when GitHub says they started."""

    ends: dict[int, float]
    starts: dict[int, tuple[float, Any]]


def _read(aws: LocalAws, runs: int, *, seconds: float) -> _Arrivals:
    """Read the metrics queue until so many runs have ended; return when each change arrived."""
    arrivals = _Arrivals({}, {})
    deadline = time.monotonic() + seconds
    with closing(sqs_client(aws)) as client:
        while len(arrivals.ends) < runs and time.monotonic() < deadline:
            for message in take_messages(client, "ci_cd_metrics_queue", wait_seconds=1):
                now, body = time.time(), json.loads(message["Body"])
                kind, data = body["event_type"], body["data"]
                if kind == "workflow_run_completed":
                    arrivals.ends.setdefault(data["run_id"], now)
                elif kind == "workflow_job_in_progress":
                    arrivals.starts.setdefault(data["job_id"], (now, data["started_at"]))
    return arrivals
