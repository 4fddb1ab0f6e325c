"""How fast facts leave: from envelopes to the local SQS, and how many requests that takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timezone

from ingest.adapters.aws.clients import sqs_client
from ingest.adapters.aws.sqs import SqsPublisher
from ingest.domain.counters import Counters
from ingest.messaging.envelope import Envelope
from ingest.messaging.run_events import job_envelope
from ingest.messaging.truncation import encode_to_fit
from ingest.ports import Publisher
from ingest.services.publish import publish
from ingest.settings import AwsSettings, Secret

from standalone.agents import MONITORING_THREADS
from standalone.local.aws import LocalAws
from tests.bench.report import Row
from tests.support.builders import a_job, a_run, envelope_of_run
from tests.support.manual_clock import ManualClock

QUEUE = "bench-metrics"
SLICE_RUNS = 100
JOBS_PER_RUN = 5
ROUNDS = 5
NOW = datetime(2026, 1, 5, tzinfo=timezone.utc)


def measure(*, quick: bool) -> Iterator[Row]:
    """Measure the slices that a backfill publishes, each of 100 runs with 5 jobs.

    One thread waits for each answer; the agent has as many as it polls repositories side by side.
    """
    slices = 2 if quick else 8
    with LocalAws() as aws, closing(_client(aws)) as client:
        client.create_queue(QueueName=QUEUE, Attributes={"MaximumMessageSize": "1048576"})
        url = client.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        counters = Counters()
        publisher = SqsPublisher.open(client, QUEUE, counters)
        own = counters.read("queue_requests")
        for threads in (1, MONITORING_THREADS):
            rates = []
            for _ in range(ROUNDS):
                rates.append(_rate(publisher, threads=threads, slices=slices))
                client.purge_queue(QueueUrl=url)
                own += 1
            yield _row(threads, rates)
        sent = counters.read(f"queue_messages.{QUEUE}")
        requests = counters.read("queue_requests") - own
    yield Row(
        "metrics",
        "SQS requests per metric message",
        f"{requests / sent:.3f}",
        "0.11",
        f"{requests} requests for {sent} messages, in slices of {SLICE_RUNS} runs",
    )


def _rate(publisher: Publisher, *, threads: int, slices: int) -> float:
    """Encode and publish slices on some threads; return messages a second."""
    facts = _facts()

    def send() -> None:
        for _ in range(slices):
            messages = [encode_to_fit(fact, max_bytes=1_048_576) for fact in facts]
            publish(publisher, messages, clock=ManualClock(NOW))

    with ThreadPoolExecutor(threads) as pool:
        started = time.perf_counter()
        for sent in [pool.submit(send) for _ in range(threads)]:
            sent.result()
        return threads * slices * len(facts) / (time.perf_counter() - started)


def _row(threads: int, rates: list[float]) -> Row:
    return Row(
        "metrics",
        f"messages a second, envelopes to the local SQS, {threads} threads",
        f"{max(rates):,.0f}",
        "5,000" if threads == MONITORING_THREADS else "",
        f"best of {ROUNDS}, median {sorted(rates)[ROUNDS // 2]:,.0f}, worst {min(rates):,.0f}",
    )


def _client(aws: LocalAws):
    environment = aws.environment
    return sqs_client(
        AwsSettings(
            region=environment["AWS_DEFAULT_REGION"],
            endpoint_url=aws.endpoint_url,
            access_key_id=Secret(environment["AWS_ACCESS_KEY_ID"]),
            secret_access_key=Secret(environment["AWS_SECRET_ACCESS_KEY"]),
        )
    )


def _facts() -> list[Envelope]:
    facts: list[Envelope] = []
    for number in range(SLICE_RUNS):
        run = a_run(run_id=number + 1)
        jobs = [a_job(job_id=number * 100 + job, run_id=run.run_id) for job in range(JOBS_PER_RUN)]
        facts += [job_envelope(run.key, job, timestamp=NOW) for job in jobs]
        facts.append(envelope_of_run(run, jobs, None, occurrence=0, now=NOW))
    return facts
