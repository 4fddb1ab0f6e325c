"""Export the metrics queue as OpenTelemetry traces: an example of a converter.

    export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318
    python examples/to_opentelemetry.py          # until Ctrl-C
    python examples/to_opentelemetry.py --once   # until the queue is empty

Each attempt of a run becomes a trace: run, jobs, steps. Names follow the semantic conventions for
CI/CD; docs/mappings/opentelemetry.md lists them. The ids of spans are derived from those of GitHub,
so a repeated message exports the same span again. A message is deleted from its queue after its
spans are exported, so the script can be killed at any time.

It requires boto3, opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http, and uses the AWS
and OpenTelemetry configuration of the environment.
"""

# ruff: noqa: INP001 - a script, not a module of a package

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from json import loads
from typing import Any

import boto3
from botocore.config import Config
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.semconv._incubating.attributes import cicd_attributes as cicd
from opentelemetry.semconv._incubating.attributes import vcs_attributes as vcs
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.trace import SpanKind, Status, StatusCode

Json = dict[str, Any]
Attributes = Mapping[str, Any]

#: Conclusions in the words of the conventions; any other value is exported as it is.
RESULTS = {
    "success": "success",
    "neutral": "success",
    "failure": "failure",
    "timed_out": "timeout",
    "cancelled": "cancellation",
    "stale": "cancellation",
    "skipped": "skip",
    "startup_failure": "error",
    "action_required": "error",
}
ERRORS = frozenset({"failure", "timeout", "error"})

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

logger = logging.getLogger("to_opentelemetry")


def main() -> int:
    """Export the queue until it is empty, or until the process is stopped."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arguments = _arguments()
    sqs = boto3.client("sqs", config=Config(retries={"mode": "standard", "total_max_attempts": 5}))
    queue = arguments.metrics_queue
    url = queue if "://" in queue else sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    exporter = OTLPSpanExporter()
    while messages := _receive(sqs, url, once=arguments.once):
        spans = [span for message in messages for span in spans_of(message)]
        if spans and exporter.export(spans) is not SpanExportResult.SUCCESS:
            logger.error("The spans were not exported; their messages stay on %s.", queue)
            return 1
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        logger.info("%d messages, %d spans", len(messages), len(spans))
    return 0


def spans_of(message: Json) -> list[ReadableSpan]:
    """Return the spans of a message; none for a message without an end, or of an unknown type."""
    attributes = message.get("MessageAttributes", {})
    event_type = attributes.get("event_type", {}).get("StringValue")
    if event_type not in {"workflow_run_completed", "workflow_job_completed"}:
        return []
    attempt = Attempt(loads(message["Body"])["data"])
    if event_type == "workflow_run_completed":
        attempt.add_run()
    else:
        attempt.add_job()
    return attempt.spans


class Attempt(SpanProcessor, IdGenerator):
    """The spans of one message about an attempt, under ids that are derived from GitHub's."""

    def __init__(self, data: Json) -> None:
        self.spans: list[ReadableSpan] = []
        self._data = data
        self._trace = f"{data['repo']} {data['run_id']} {data['run_attempt']}"
        self._next = self._trace
        provider = TracerProvider(
            resource=Resource.create(_known(self._resource())),
            id_generator=self,
            shutdown_on_exit=False,
        )
        provider.add_span_processor(self)
        self._tracer = provider.get_tracer("runstream")

    def add_run(self) -> None:
        """Add the span of the run."""
        data = self._data
        pull = _triggering_pull(data)
        attributes = {
            cicd.CICD_PIPELINE_ACTION_NAME: "RUN",
            cicd.CICD_PIPELINE_RESULT: _result(data),
            vcs.VCS_CHANGE_ID: pull.get("number") and str(pull["number"]),
            vcs.VCS_CHANGE_TITLE: pull.get("title"),
            vcs.VCS_REF_BASE_NAME: pull.get("base_ref"),
            **_own(data, "run_attempt", "run_number", "event", "actor", "triggering_actor"),
            **_own(data, "display_title", "workflow_path"),
        }
        name = f"RUN {data['workflow_name']}" if data["workflow_name"] else "RUN"
        times = data["run_started_at"], data["completed_at"]
        self._add(self._trace, None, name, times, attributes, data, SpanKind.SERVER)

    def add_job(self) -> None:
        """Add the spans of a job and its steps."""
        job = self._data
        identity = f"{self._trace} {job['job_id']}"
        attributes = {
            **_task(job["job_name"], str(job["job_id"]), job),
            cicd.CICD_PIPELINE_TASK_RUN_URL_FULL: job["html_url"],
            **_own(job, "runner_group_name", "labels", "queued_seconds"),
        }
        times = job["started_at"], job["completed_at"]
        self._add(identity, self._trace, job["job_name"], times, attributes, job)
        for step in job["steps"]:
            name, number = step["step_name"], f"{job['job_id']}/{step['number']}"
            times = step["started_at"], step["completed_at"]
            own = f"{self._trace} {number}"
            attributes = _task(name, number, step)
            if job["html_url"]:
                # The address at which GitHub shows the first line of the step.
                page = f"{job['html_url']}#step:{step['number']}:1"
                attributes[cicd.CICD_PIPELINE_TASK_RUN_URL_FULL] = page
            self._add(own, identity, name, times, attributes, step)

    def on_end(self, span: ReadableSpan) -> None:
        """Collect a span that is complete."""
        self.spans.append(span)

    def generate_trace_id(self) -> int:
        """Return the id of the attempt's trace."""
        return _derived(self._trace, 16)

    def generate_span_id(self) -> int:
        """Return the id of the span that is about to start."""
        return _derived(self._next, 8)

    def _add(  # noqa: PLR0913, PLR0917 - what a span is made of
        self,
        identity: str,
        parent: str | None,
        name: str,
        times: tuple[str | None, str | None],
        attributes: Attributes,
        outcome: Json,
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> None:
        """Add a span, unless its start or its end is unknown."""
        start, end = map(_nanoseconds, times)
        if start is None or end is None:
            return
        self._next = identity
        context = None if parent is None else self._context(parent)
        span = self._tracer.start_span(
            name, context=context, kind=kind, attributes=_known(attributes), start_time=start
        )
        # GitHub's times can be reversed by a second.
        end = max(start, end)
        for annotation in outcome.get("annotations") or ():
            span.add_event("annotation", _known(annotation), timestamp=end)
        if _result(outcome) in ERRORS:
            span.set_status(Status(StatusCode.ERROR))
            span.set_attribute(ERROR_TYPE, outcome["conclusion"])
        span.end(end_time=end)

    def _context(self, parent: str) -> Any:  # noqa: ANN401 - the SDK's own type
        context = trace.SpanContext(
            trace_id=self.generate_trace_id(),
            span_id=_derived(parent, 8),
            is_remote=True,
            trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
        )
        return trace.set_span_in_context(trace.NonRecordingSpan(context))

    def _resource(self) -> Json:
        """Return what all spans of the message have in common; the worker is that of a job."""
        data = self._data
        owner, _, name = data["repo"].partition("/")
        page = (data["html_url"] or "").partition("/actions/")[0]
        run_id = str(data["run_id"])
        return {
            "service.name": "github-actions",
            cicd.CICD_PIPELINE_NAME: data.get("workflow_name"),
            cicd.CICD_PIPELINE_RUN_ID: run_id,
            cicd.CICD_PIPELINE_RUN_URL_FULL: f"{page}/actions/runs/{run_id}" if page else None,
            vcs.VCS_PROVIDER_NAME: "github",
            vcs.VCS_OWNER_NAME: owner,
            vcs.VCS_REPOSITORY_NAME: name,
            vcs.VCS_REPOSITORY_URL_FULL: page or None,
            vcs.VCS_REF_HEAD_NAME: data.get("head_branch"),
            vcs.VCS_REF_HEAD_REVISION: data.get("head_sha"),
            cicd.CICD_WORKER_ID: data.get("runner_id") and str(data["runner_id"]),
            cicd.CICD_WORKER_NAME: data.get("runner_name"),
        }


def _receive(sqs: Any, url: str, *, once: bool) -> list[Json]:  # noqa: ANN401 - boto3's client
    """Receive messages; an empty list only if the queue is empty and the script is to end."""
    while True:
        messages: list[Json] = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1 if once else 20,
            MessageAttributeNames=["event_type"],
        ).get("Messages", [])
        if messages or once:
            return messages


def _task(name: str, run_id: str, outcome: Json) -> Json:
    return {
        cicd.CICD_PIPELINE_TASK_NAME: name,
        cicd.CICD_PIPELINE_TASK_RUN_ID: run_id,
        cicd.CICD_PIPELINE_TASK_RUN_RESULT: _result(outcome),
    }


def _own(data: Json, *names: str) -> Json:
    """Return fields for which there is no convention."""
    return {f"github.{name}": data.get(name) for name in names}


def _result(outcome: Json) -> str | None:
    conclusion = outcome["conclusion"]
    return RESULTS.get(conclusion, conclusion)


def _triggering_pull(data: Json) -> Json:
    wanted = data["code_metrics"]["pull_request_id"]
    return next((pull for pull in data["pull_requests"] if pull["id"] == wanted), {})


def _known(attributes: Attributes) -> Json:
    """Return the attributes without null values, which OpenTelemetry does not have."""
    return {name: value for name, value in attributes.items() if value is not None}


def _nanoseconds(time: str | None) -> int | None:
    if time is None:
        return None
    moment = datetime.fromisoformat(time.replace("Z", "+00:00"))
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def _derived(identity: str, size: int) -> int:
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:size], "big")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Export Runstream's metrics queue over OTLP.")
    parser.add_argument("--once", action="store_true", help="exit when the queue is empty")
    default = os.environ.get("METRICS_QUEUE") or "ci_cd_metrics_queue"
    parser.add_argument("--metrics-queue", default=default, help=f"default: {default}")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
