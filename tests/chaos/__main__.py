"""``make chaos``: thousands of runs with everything that can go wrong, and nothing may be missing.

GitHub lies, lags, limits and breaks; webhooks are lost, doubled and late; the collectors are killed
with -9 again and again. At the end the sandbox's truth is held against what the queues got.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import boto3
from ingest.bootstrap.collector import Collector
from ingest.bootstrap.queues import set_up_queues
from ingest.bootstrap.state_stores import open_state
from ingest.errors import IngestError
from ingest.settings import Secret, read_settings

from standalone.local.aws import LocalAws
from standalone.local.free_port import free_port
from standalone.once import collect_once
from standalone.sandbox.clock import SandboxClock
from standalone.sandbox.faults import Fault
from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import HookFaults, Limits, Settings, TokenSpec
from standalone.sandbox.simulation import simulated_world
from tests.chaos.clock import FastClock, Pace
from tests.chaos.reader import Reader
from tests.chaos.reconcile import given_up, missing, wrongly_repeated
from tests.chaos.worker import open_worker
from tests.support.postgres_server import PostgresServer
from tests.support.webhook_server import WebhookServer

REPOSITORIES = tuple(f"octo/service-{number}" for number in range(1, 11))
WEBHOOK_SECRET = "chaos"
TOKENS = tuple(TokenSpec(value=f"chaos-token-{number}") for number in range(4))

FAULTS = (
    Fault(path=r"/actions/", do="error", status=502, html=True, probability=0.02),
    Fault(path=r"/actions/", do="error", status=500, probability=0.02),
    Fault(path=r"/attempts/\d+/jobs", do="cut", probability=0.01),
    Fault(path=r"/attempts/\d+/jobs", do="late_jobs", seconds=20, probability=0.05),
    Fault(path=r"/actions/runs$", do="reset", probability=0.01),
    Fault(path=r"/commits/", do="error", status=503, html=True, probability=0.03),
    Fault(path=r"/logs", do="dead_redirect", probability=0.01),
    Fault(path=r"/logs", do="cut", fraction=0.9, probability=0.02),
    Fault(path=r"/logs", do="slow", seconds=0.5, probability=0.01),
    Fault(path=r"/logs$", do="missing", probability=0.02),
    Fault(path=r"/logs$", do="gone", probability=0.005),
    Fault(path=r"/logs$", do="direct_log", probability=0.02),
    Fault(path=r"logs\.zip$", do="archive_lacks", probability=0.03),
    Fault(path=r"logs\.zip$", do="archive_empty", probability=0.03),
    Fault(path=r"/attempts/\d+/jobs", do="empty_list", probability=0.02),
    Fault(path=r"/attempts/\d+/jobs", do="malformed", probability=0.005),
    Fault(path=r"/actions/runs$", do="empty_list", probability=0.005),
    Fault(path=r"/actions/runs", do="broken_json", probability=0.01),
    Fault(path=r"/actions/runs", do="error", above_page_size=50, probability=0.02),
    Fault(path=r"/actions/", do="unauthorized", probability=0.002),
    Fault(path=r"/actions/", do="sso", probability=0.001),
    Fault(path=r"/actions/", do="blocked", probability=0.001),
    Fault(path=r"/actions/", do="suspended", probability=0.001),
    Fault(path=r"/actions/runs$", do="revoked", count=1, probability=0.0005),
    Fault(path=r"/actions/runs/\d+", do="busy", status=503, seconds=60, probability=0.002),
    Fault(path=r"/logs", do="busy", status=429, seconds=30, probability=0.002),
    Fault(path=r"/commits/", do="missing", probability=0.002),
    Fault(path=r"/actions/runs$", do="secondary", status=429, seconds=60, probability=0.002),
    Fault(
        path=r"/actions/runs$",
        do="secondary",
        status=403,
        seconds=60,
        retry_after_date=True,
        probability=0.001,
    ),
    Fault(
        path=r"/jobs", do="secondary", status=403, seconds=90, retry_after=False, probability=0.001
    ),
)


#: Passes after the living part; each takes what ended during the one before.
MAX_PASSES = 8

#: How long, in real seconds, the last collectors may change nothing before a pass takes over.
IDLE_SECONDS = 120


Worker = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Plan:
    """The size of a chaos run."""

    runs: int
    kills: int
    workers: int
    speed: float
    seed: int
    log_mode: str
    rate: float

    @property
    def seconds(self) -> float:
        """Return how long the living part takes, in real seconds."""
        return self.runs / (len(REPOSITORIES) * self.rate) * 3600 / self.speed


def main() -> int:
    plan = _plan()
    with ExitStack() as stack:
        aws = stack.enter_context(LocalAws())
        postgres = PostgresServer()
        stack.callback(postgres.close)
        start = time.time()
        pace = Pace(sandbox_start=start, real_start=start, speed=plan.speed)
        sandbox = stack.enter_context(_sandbox(plan, start))
        _configure(plan, aws, sandbox, postgres.new_database_url())
        stack.enter_context(_webhooks(pace))
        reader = Reader(aws.endpoint_url, "ci_cd_metrics_queue", "ci_cd_logs_queue")
        try:
            workers = [_start_worker(pace) for _ in range(plan.workers)]
            killed = _live(plan, pace, workers)
            _drain(workers)
            truth = _collect_the_rest(pace, sandbox)
        finally:
            reader.close()
        return _judge(truth, reader, sandbox.stats(), killed)


def _plan() -> Plan:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=120, help="runs an hour and repository")
    parser.add_argument("--log-mode", choices=("live", "economy"), default="economy")
    return Plan(**vars(parser.parse_args()))


def _sandbox(plan: Plan, start: float) -> SandboxServer:
    port = free_port()
    world = simulated_world(
        seed=plan.seed,
        start=start,
        repositories=REPOSITORIES,
        runs_per_hour=plan.rate,
        history_days=0.02,
        last_run_at=start + plan.seconds * plan.speed,
        hooks=[(f"http://127.0.0.1:{port}/github/webhook", WEBHOOK_SECRET)],
    )
    os.environ["CHAOS_WEBHOOK_PORT"] = str(port)
    settings = Settings(
        tokens=TOKENS,
        faults=FAULTS,
        hook_faults=HookFaults(lost=0.7, doubled=0.1, late=0.2),
        limits=Limits(grace=3.0),
        index_lag=60,
    )
    clock = SandboxClock(start, speed=plan.speed)
    return SandboxServer(world, clock=clock, settings=settings)


def _configure(plan: Plan, aws: LocalAws, sandbox: SandboxServer, database_url: str) -> None:
    """Put the settings where every worker finds them, and make the queues."""
    os.environ.update(
        {
            **aws.environment,
            "GITHUB_API_URL": sandbox.url,
            "GITHUB_TOKEN": ",".join(token.value for token in TOKENS),
            "GITHUB_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "DATABASE_URL": database_url,
            "LOG_MODE": plan.log_mode,
            "BACKFILL_DAYS": "1",
        }
    )
    for _ in set_up_queues(read_settings(os.environ.get)):
        pass
    # The work of a killed collector comes back soon: SQS knows no fast clock.
    sqs = boto3.client("sqs", endpoint_url=aws.endpoint_url)
    url = sqs.get_queue_url(QueueName="ci_cd_job_events_queue")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "15"})


@contextmanager
def _webhooks(pace: Pace) -> Iterator[None]:
    state = open_state(read_settings(os.environ.get))
    server = WebhookServer(
        state,
        FastClock(pace, threading.Event()),
        secret=Secret(WEBHOOK_SECRET),
        host="127.0.0.1",
        port=int(os.environ["CHAOS_WEBHOOK_PORT"]),
    )
    try:
        yield
    finally:
        server.close()
        state.close()


def _live(plan: Plan, pace: Pace, workers: list[Worker]) -> int:
    """Run the world and kill collectors at random moments; return how many were killed."""
    chance = random.Random(plan.seed)
    ends_at, killed = time.monotonic() + plan.seconds, 0
    while (left := ends_at - time.monotonic()) > 0:
        time.sleep(min(chance.expovariate(plan.kills / plan.seconds), left))
        place = chance.randrange(plan.workers)
        workers[place].kill()
        workers[place].wait()
        workers[place] = _start_worker(pace)
        killed += 1
        _print(f"killed {killed}; {max(left, 0):.0f} s of life left")
    return killed


def _drain(workers: list[Worker]) -> None:
    """Let the last collectors work until nothing waits, or nothing changes, and end them."""
    state = open_state(read_settings(os.environ.get))
    counts, changed_at = state.count_ledger(), time.monotonic()
    try:
        while (
            counts.open_attempts or counts.logs_pending
        ) and time.monotonic() - changed_at < IDLE_SECONDS:
            time.sleep(2)
            before, counts = counts, state.count_ledger()
            if counts != before:
                changed_at = time.monotonic()
            _print(f"drain: {counts}")
    finally:
        state.close()
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait()


def _start_worker(pace: Pace) -> Worker:
    command = [sys.executable, "-m", "tests.chaos.worker"]
    return subprocess.Popen([*command, json.dumps(asdict(pace)), json.dumps(REPOSITORIES)])


def _collect_the_rest(pace: Pace, sandbox: SandboxServer) -> list[dict[str, Any]]:
    """Collect without kills, in the sandbox's time, until a pass finds the world as it was before.

    Returns what the world held before the last pass.
    """
    truth: list[dict[str, Any]] = []
    is_whole = False
    for number in range(1, MAX_PASSES + 1):
        before, truth = truth, sandbox.truth()
        if is_whole and before == truth:
            break
        is_whole = _collect(pace, f"pass {number}")
    return truth


def _collect(pace: Pace, name: str) -> bool:
    """Return whether all was collected; where it was not, a user is asked to collect again."""
    stop = threading.Event()
    collector = open_worker(pace, stop)
    try:
        result = collect_once(collector, REPOSITORIES, stop=stop, on_progress=_progress(collector))
        _print(f"{name}: {json.dumps(result.summary.as_json())}")
        for error in result.errors.values():
            raise error
        return not result.summary.pending  # exit code 75: collect again later
    except IngestError as error:
        _print(f"{name}: {error}")
        return False
    finally:
        collector.close()


def _progress(collector: Collector) -> Callable[[], None]:
    reported_at = time.monotonic()

    def report() -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at > 10:
            reported_at = time.monotonic()
            _print(f"the rest: {collector.context.store.count_ledger()}")

    return report


def _judge(truth: list[dict[str, Any]], reader: Reader, stats: dict[str, Any], killed: int) -> int:
    lost, repeated = sorted(missing(truth, reader)), sorted(wrongly_repeated(reader))
    ended = [attempt for attempt in truth if attempt["status"] == "completed"]
    jobs = sum(len(attempt["jobs"]) for attempt in ended)
    print(f"ended attempts        {len(ended)} of {len({a['run_id'] for a in ended})} runs")
    print(f"jobs                  {jobs}")
    print(f"messages read         {reader.messages}")
    print(f"collectors killed     {killed}")
    print(f"requests              {stats['charged']} charged, {stats['free']} free")
    print(f"faults                {stats['faults']}")
    print(f"webhooks              {stats['webhooks']}")
    print(f"missing               {len(lost)} {lost[:5]}")
    print(f"logs given up         {len(given_up(truth, reader))}")
    print(f"wrongly repeated      {len(repeated)} {repeated[:3]}")
    print(f"sent while limited    {stats['violations']}")
    print(f"tokens leaked         {stats['leaked_tokens']}")
    return int(bool(lost or repeated or stats["violations"] or stats["leaked_tokens"]))


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
