"""Recorded GitHub data, and the messages that become of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

from ingest.domain.commits import Commit
from ingest.domain.jobs import Job
from ingest.domain.runs import AttemptKey, WorkflowRun
from ingest.messaging.encoding import encode_envelope
from ingest.messaging.envelope import Envelope
from ingest.messaging.run_events import job_envelope
from ingest.wire.fields import mapping
from ingest.wire.payloads import parse_job, parse_run
from ingest.wire.webhooks import Delivery, parse_delivery
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from support.builders import envelope_of_run
from support.webhook_headers import signed_headers

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "docs" / "schemas"
NOW = datetime(2026, 11, 24, 6, 30, tzinfo=timezone.utc)
SECRET = "It's a Secret to Everybody"


@dataclass(frozen=True)
class Recordings:
    """A folder of recorded GitHub data, and where each case that a test is about lies in it."""

    folder: Path
    cases: Mapping[str, Any]

    def lines(self, name: str) -> tuple[dict[str, Any], ...]:
        """Read a file of JSON lines."""
        return _lines(self.folder / name)

    def runs(self) -> tuple[dict[str, Any], ...]:
        """Return all runs, recorded and made by hand."""
        return self.lines("runs.jsonl") + self.lines("handmade/runs.jsonl")

    def jobs(self) -> tuple[dict[str, Any], ...]:
        """Return all jobs, recorded and made by hand."""
        return self.lines("jobs.jsonl") + self.lines("handmade/jobs.jsonl")

    def snapshots(self, name: str, case: str | int) -> list[dict[str, Any]]:
        """Find every recording of one run or job."""
        identity = self.cases[case] if isinstance(case, str) else case
        return [payload for payload in self.lines(name) if payload["id"] == identity]

    def run(self, case: str | int, **changes: Any) -> WorkflowRun:
        """Read a recorded run, changed where no recording shows such a case."""
        return read_run({**self.snapshots("runs.jsonl", case)[0], **changes})

    def job(self, case: str | int, **changes: Any) -> Job:
        """Read a recorded job, changed where no recording shows such a case."""
        return parse_job({**self.snapshots("jobs.jsonl", case)[0], **changes})

    def commit_payload(self, sha: str) -> dict[str, Any]:
        """Find a recorded commit."""
        return next(line for line in self.lines("commits.jsonl") if line["sha"] == sha)

    def webhook(self, case: str) -> Path:
        """Return the file of a recorded webhook."""
        return self.folder / "webhooks" / self.cases[case]

    def payload(self, case: str) -> dict[str, Any]:
        """Read the payload of a recorded webhook."""
        payload: dict[str, Any] = json.loads(self.webhook(case).read_text("utf-8"))
        return payload

    def webhooks(self, *, about_runs: bool) -> list[Path]:
        """List the payloads of `workflow_run` and `workflow_job`, or of all other events."""
        files = sorted((self.folder / "webhooks").glob("*.json"))
        return [path for path in files if path.name.startswith("workflow_") == about_runs]

    def exchanges(self, *statuses: int) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
        """Return recorded answers of these statuses, each with its headers."""
        for exchange in self.lines("exchanges.jsonl"):
            if exchange["status"] in statuses:
                yield exchange, {name.lower(): value for name, value in exchange["headers"]}


@cache
def _lines(path: Path) -> tuple[dict[str, Any], ...]:
    # Not splitlines(), which ends a line at U+2028 too.
    return tuple(json.loads(line) for line in path.read_text("utf-8").split("\n") if line)


def read_run(payload: dict[str, Any]) -> WorkflowRun:
    """Read a run under its repository's own name."""
    return parse_run(payload, repository=payload["repository"]["full_name"])


def deliver(path: Path, **changes: Any) -> Delivery:
    """Deliver a recorded payload as GitHub would, signed."""
    body = path.read_bytes()
    if changes:
        body = json.dumps({**json.loads(body), **changes}).encode()
    headers = signed_headers(path.name.partition(".")[0], body, secret=SECRET)
    return parse_delivery(headers, body, secret=SECRET)


def run_message(
    run: WorkflowRun, jobs: Iterable[Job] = (), commit: Commit | None = None
) -> dict[str, Any]:
    """Send a run, and take the message's data as a reader gets it, checked."""
    return _sent(envelope_of_run(run, jobs, commit, occurrence=0, now=NOW), "workflow_run")


def job_message(job: Job, repository: str = "octo/api") -> dict[str, Any]:
    """Send a job, and take the message's data as a reader gets it, checked."""
    key = AttemptKey(repository, job.run_id, job.run_attempt)
    return _sent(job_envelope(key, job, timestamp=NOW), "workflow_job")


def _sent(envelope: Envelope, schema: str) -> dict[str, Any]:
    message = json.loads(encode_envelope(envelope).body)
    faults = [error.message for error in _validator(schema).iter_errors(message)]
    assert faults == []
    for name, value in fields_of(message):
        assert not name.endswith("_at") or value is None or value.endswith("Z"), name
        assert not name.endswith("_seconds") or value is None or value >= 0, name
        assert value != "" or name in ("job_name", "step_name"), name
    data: dict[str, Any] = message["data"]
    return data


@cache
def _validator(name: str) -> Draft202012Validator:
    schemas = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
    registry = Registry().with_resources(
        [(each, Resource.from_contents(schema)) for each, schema in schemas.items()]
    )
    return Draft202012Validator(
        schemas[f"{name}.json"],
        registry=registry,
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


def fields_of(value: object, name: str = "") -> Iterator[tuple[str, Any]]:
    """Walk over every field of a message, however deep."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from fields_of(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from fields_of(item, name)
    else:
        yield name, value


def run_of(delivery: Delivery) -> WorkflowRun:
    """Return the run of a ``workflow_run`` delivery."""
    return parse_run(
        mapping(delivery.payload.get("workflow_run")), repository=delivery.repository or ""
    )


def job_of(delivery: Delivery) -> Job:
    """Return the job of a ``workflow_job`` delivery."""
    return parse_job(mapping(delivery.payload.get("workflow_job")))
