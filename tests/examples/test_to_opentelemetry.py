"""The example exports a trace for each attempt, to a receiver of the official protocol."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from examples.otlp_receiver import OtlpReceiver, plain
from ingest.domain.annotations import AnnotationList
from ingest.messaging.encoding import encode_envelope
from ingest.messaging.envelope import Envelope
from ingest.messaging.run_events import job_envelope
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from support.aws_server import LocalAws, sqs_client
from support.builders import (
    a_commit,
    a_job,
    a_pull,
    a_run,
    a_step,
    an_annotation,
    at,
    envelope_of_run,
)

SCRIPT = Path(__file__).parents[2] / "examples" / "to_opentelemetry.py"

JOB = a_job(
    conclusion="failure",
    steps=(
        a_step(),
        a_step(number=2, name="Test", conclusion="failure"),
        a_step(number=3, name="Upload", conclusion="skipped", started_at=None, completed_at=None),
    ),
    annotations=AnnotationList(items=(an_annotation(),), total=1),
)
WAITING = a_job(job_id=2, status="in_progress", conclusion=None, completed_at=None, steps=())
SKIPPED = a_job(job_id=3, conclusion="skipped", started_at=at(81), completed_at=at(80), steps=())
PULL = a_pull(title="Parse it")
RUN = a_run(conclusion="failure", event="pull_request", pull_requests=(PULL,))


def envelopes() -> list[Envelope]:
    commit = a_commit(pull_requests=(PULL,))
    jobs = [job_envelope(RUN.key, job, timestamp=at(90)) for job in (WAITING, JOB, SKIPPED)]
    return [*jobs, envelope_of_run(RUN, [JOB], commit, occurrence=0, now=at(90))]


class Exporter:
    """A queue, a receiver, and the script between them."""

    def __init__(self, aws: LocalAws) -> None:
        self.receiver = OtlpReceiver()
        self._aws = aws
        self._sqs = sqs_client(aws)
        self._url = self._sqs.create_queue(QueueName=f"otel-{uuid.uuid4().hex}")["QueueUrl"]

    def send(self, *sent: Envelope) -> None:
        for message in map(encode_envelope, sent):
            self._sqs.send_message(
                QueueUrl=self._url,
                MessageBody=message.body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in message.attributes.items()
                },
            )

    def run(self) -> int:
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.receiver.url}
        return subprocess.run(
            [sys.executable, str(SCRIPT), "--once", f"--metrics-queue={self._url}"],
            env={**os.environ, **self._aws.environment, **endpoint},
            check=False,
            timeout=120,
        ).returncode

    def left(self) -> int:
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible")]
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        return sum(map(int, answer["Attributes"].values()))

    def spans(self) -> dict[str, Any]:
        return {span.name: span for _, span in self.receiver.spans}


@pytest.fixture
def exporter(aws: LocalAws) -> Iterator[Exporter]:
    opened = Exporter(aws)
    yield opened
    opened.receiver.close()


def conventional_in(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name[:4] in {"cicd", "vcs."}}


def nanoseconds(seconds: float) -> int:
    return int(at(seconds).timestamp()) * 10**9


def test_an_attempt_is_a_trace_of_run_jobs_and_steps(exporter: Exporter) -> None:
    """A job in progress and a step that never ran have no span; the queue is read to its end."""
    exporter.send(*envelopes())
    assert exporter.run() == 0
    assert exporter.left() == 0
    spans = [span for _, span in exporter.receiver.spans]
    names = ["build (3.12)", "build (3.12)", "RUN CI", "Set up job", "Test"]
    assert sorted(span.name for span in spans) == sorted(names)
    assert len({span.trace_id for span in spans}) == 1
    found = exporter.spans()
    run, job = found["RUN CI"], next(span for span in spans if len(span.events) == 1)
    assert (run.parent_span_id, run.kind) == (b"", Span.SPAN_KIND_SERVER)
    assert (job.parent_span_id, job.kind) == (run.span_id, Span.SPAN_KIND_INTERNAL)
    assert {found[name].parent_span_id for name in ("Set up job", "Test")} == {job.span_id}
    assert (run.start_time_unix_nano, run.end_time_unix_nano) == (nanoseconds(0), nanoseconds(80))
    assert (job.start_time_unix_nano, job.end_time_unix_nano) == (nanoseconds(20), nanoseconds(80))
    skipped = next(s for s in spans if plain(s.attributes).get("cicd.pipeline.task.run.id") == "3")
    assert skipped.start_time_unix_nano == skipped.end_time_unix_nano


def test_names_are_those_of_the_conventions(exporter: Exporter) -> None:
    """Result, revision, pull request and worker; what failed says so."""
    exporter.send(*envelopes())
    assert exporter.run() == 0
    resources = [resource for resource, span in exporter.receiver.spans if span.name == "RUN CI"]
    assert conventional_in(resources[0]) == {
        "cicd.pipeline.name": "CI",
        "cicd.pipeline.run.id": "12000000001",
        "cicd.pipeline.run.url.full": "https://github.com/octo/api/actions/runs/12000000001",
        "vcs.provider.name": "github",
        "vcs.owner.name": "octo",
        "vcs.repository.name": "api",
        "vcs.repository.url.full": "https://github.com/octo/api",
        "vcs.ref.head.name": RUN.head_branch,
        "vcs.ref.head.revision": RUN.head_sha,
    }
    run = exporter.spans()["RUN CI"]
    attributes = plain(run.attributes)
    assert attributes["cicd.pipeline.result"] == "failure"
    assert attributes["cicd.pipeline.action.name"] == "RUN"
    assert (attributes["vcs.change.id"], attributes["vcs.change.title"]) == ("5", "Parse it")
    assert attributes["error.type"] == "failure"
    assert attributes["github.run_attempt"] == 1
    assert run.status.code == Status.STATUS_CODE_ERROR
    resource, job = next(each for each in exporter.receiver.spans if each[1].events)
    attributes = plain(job.attributes)
    assert attributes["cicd.pipeline.task.name"] == "build (3.12)"
    assert attributes["cicd.pipeline.task.run.id"] == "70000000001"
    assert attributes["cicd.pipeline.task.run.result"] == "failure"
    assert (resource["cicd.worker.id"], resource["cicd.worker.name"]) == (
        "7",
        "GitHub Actions 7",
    )
    assert attributes["github.labels"] == ["ubuntu-latest"]
    step = plain(exporter.spans()["Test"].attributes)
    name = "cicd.pipeline.task.run.url.full"
    assert step[name] == f"{attributes[name]}#step:2:1"
    [event] = job.events
    assert plain(event.attributes)["message"] == "Undefined name"
    page = (SCRIPT.parents[1] / "docs" / "mappings" / "opentelemetry.md").read_text("utf-8")
    exported = {
        name
        for resource, span in exporter.receiver.spans
        for name in (*plain(span.attributes), *conventional_in(resource))
    }
    undocumented = {name for name in exported if not name.startswith("github.")}
    assert {name for name in undocumented if f"`{name}`" not in page} == set()


def test_a_repeated_message_exports_the_same_span(exporter: Exporter) -> None:
    """Ids are derived; the next attempt is another trace."""
    last = envelopes()[-1]
    again = envelope_of_run(replace(RUN, run_attempt=2), [], None, occurrence=0, now=at(90))
    exporter.send(last, last, again)
    assert exporter.run() == 0
    ids = [(span.trace_id, span.span_id) for _, span in exporter.receiver.spans]
    assert len(ids) == 3
    assert len(set(ids)) == 2
    assert len({trace_id for trace_id, _ in ids}) == 2


def test_what_is_not_exported_stays_on_the_queue(exporter: Exporter) -> None:
    """The script ends with an error; the next start continues."""
    exporter.send(*envelopes())
    exporter.receiver.status = 400
    assert exporter.run() == 1
    assert exporter.left() == 4


def test_messages_of_other_kinds_are_passed_over(exporter: Exporter) -> None:
    """A later version may send types that the script does not know."""
    unknown = replace(envelopes()[-1], event_type="deployment_completed", data={"id": 1})
    exporter.send(unknown)
    assert exporter.run() == 0
    assert (exporter.receiver.spans, exporter.left()) == ([], 0)


def test_both_formats_of_messages_are_read(exporter: Exporter) -> None:
    """A CloudEvent has the same data, and the attribute that names its type."""
    exporter.send(replace(envelopes()[-1], cloudevents_source_root="https://github.com"))
    assert exporter.run() == 0
    assert list(exporter.spans()) == ["RUN CI"]
