"""How long a change takes from GitHub to the metrics queue, in real time.

The end of a run and the start of a job count from the moment at which the sandbox shows it, to that
at which a reader of the queue has it. With webhooks the polls are 10 minutes apart and prove
nothing; without, they are as close as the setting says.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import boto3
from ingest.bootstrap.queues import set_up_queues
from ingest.domain.timestamps import parse_timestamp
from ingest.settings import read_settings

from standalone.http.webhook_app import PATH
from standalone.local.aws import LocalAws
from standalone.local.free_port import free_port
from standalone.sandbox.clock import SandboxClock
from standalone.sandbox.server import SandboxServer
from tests.bench.collector import CollectorProcess
from tests.bench.report import Row
from tests.support.world import GENEROUS
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
    with ExitStack() as stack:
        aws = stack.enter_context(LocalAws())
        clock = SandboxClock(builder.start, speed=1)
        begun = time.time()
        server = stack.enter_context(SandboxServer(builder.build(), clock=clock, settings=GENEROUS))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        environment = {
            **aws.environment,
            "GITHUB_API_URL": server.url,
            "GITHUB_TOKEN": "sandbox-token",
            "GITHUB_WEBHOOK_SECRET": SECRET,
            "DATABASE_URL": f"{folder}/bench.db",
            "BACKFILL_DAYS": "3650",
            "POLL_SECONDS": str(poll_seconds),
        }
        for _ in set_up_queues(read_settings(environment.get)):
            pass
        stack.enter_context(CollectorProcess(["octo/api"], environment, port=port))
        arrivals = _read(aws, runs, seconds=120 + runs * EVERY_SECONDS)
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
    environment = aws.environment
    client: Any = boto3.client(
        "sqs",
        endpoint_url=aws.endpoint_url,
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    url = client.get_queue_url(QueueName="ci_cd_metrics_queue")["QueueUrl"]
    arrivals = _Arrivals({}, {})
    deadline = time.monotonic() + seconds
    while len(arrivals.ends) < runs and time.monotonic() < deadline:
        answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        now = time.time()
        for message in answer.get("Messages", ()):
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            body = json.loads(message["Body"])
            kind, data = body["event_type"], body["data"]
            if kind == "workflow_run_completed":
                arrivals.ends.setdefault(data["run_id"], now)
            elif kind == "workflow_job_in_progress":
                arrivals.starts.setdefault(data["job_id"], (now, data["started_at"]))
    client.close()
    return arrivals
