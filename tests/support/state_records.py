"""Records of the state, of which a test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

from ingest.domain.annotations import AnnotationList
from ingest.domain.collection_records import CollectionRecord
from ingest.domain.jobs import Job, Step
from ingest.domain.ledger import (
    ActivityRecord,
    AgentRecord,
    AttemptRecord,
    ErrorRecord,
    JobLogRecord,
    RepositoryRecord,
)
from ingest.domain.repository_progress import DaySweep, ListWalk, RunLists, WebhookArrivals
from ingest.domain.runs import AttemptKey, PullRequest, WorkflowRun
from ingest.domain.summaries import RunSummary

from . import builders

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=timezone.utc)
REPOSITORY = "Octo/API"
LARGEST_ID = 2**63 - 1

#: What a commit message or a step's name may hold: emoji, other scripts, NUL, half a surrogate.
ODD_TEXTS = (
    "",
    "🚀 ship it",
    "日本語\n\t'quoted' \"%s\" ? (...) {x}",
    "a\x00b",
    "half \ud83d",
    "\\u0000",
)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_repository(full_name: str = REPOSITORY, **values: Any) -> RepositoryRecord:
    given_values = {"added_at": at(-3600), "watched_since": at(-86400), **values}
    return RepositoryRecord(full_name=full_name, **given_values)


def a_full_repository() -> RepositoryRecord:
    """Fill every field with something of its own, those that are added later too."""
    moments = count()
    return RepositoryRecord(
        full_name=REPOSITORY,
        paused=True,
        is_prioritized=True,
        failed_polls=2,
        last_error="a\x00b",
        lease_holder="first",
        run_lists=RunLists(
            validators={"runs": 'W/"é🚀"', "status=queued": "x"},
            short_reads=2,
            **_moments(RunLists, moments),
        ),
        run_list_walk=ListWalk(page=3, **_moments(ListWalk, moments)),
        sweep=DaySweep(**_moments(DaySweep, moments)),
        webhooks=WebhookArrivals(deliveries_since_miss=4, **_moments(WebhookArrivals, moments)),
        **_moments(RepositoryRecord, moments),
    )


def _moments(kind: type, moments: Iterator[int]) -> dict[str, Any]:
    """Return a moment of its own for every time of a class."""
    return {
        field.name: at(next(moments)) for field in fields(kind) if "datetime" in str(field.type)
    }


def a_step(number: int = 1, name: str = "Run tests") -> Step:
    return builders.a_step(number=number, name=name, completed_at=None)


def a_job(job_id: int = 1, **values: Any) -> Job:
    given_values = {"run_id": 7, "steps": (a_step(1), a_step(3)), **values}
    return builders.a_job(job_id=job_id, **given_values)


def a_run(run_id: int = 7, **values: Any) -> WorkflowRun:
    pulls = (a_pull_request(),)
    given_values = {"repository": REPOSITORY, "workflow_id": LARGEST_ID, "pull_requests": pulls}
    return builders.a_run(run_id=run_id, **{**given_values, **values})


def a_pull_request() -> PullRequest:
    return builders.a_pull(id=LARGEST_ID)


def an_attempt(
    run_id: int = 7, run_attempt: int = 1, repository: str = REPOSITORY, **values: Any
) -> AttemptRecord:
    key = AttemptKey(repository, run_id, run_attempt)
    return AttemptRecord(key=key, **{"created_at": NOW, "next_check_at": NOW, **values})


def a_full_attempt(text: str = "text") -> AttemptRecord:
    return an_attempt(
        run=a_run(workflow_name=text, head_branch=text),
        jobs=(a_job(1, name=text, steps=(a_step(name=text),)), a_job(2)),
        published_jobs={"1": text, "2": "completed"},
        published_statuses=("queued", text),
        fingerprint=text,
        run_validator='W/"1"',
        jobs_validator=text,
        has_all_jobs=True,
        incomplete_job_reads=2,
        open_job_reads=3,
        jobs_read_at=at(8),
        has_delivered_jobs=True,
        annotations=AnnotationList(items=(), total=3),
        artifacts=(),
        limited_reads=1,
        environments=("production",),
        failed_reads=3,
        last_error=text,
        settled=True,
        is_filtered_out=True,
    )


def a_log(job_id: int = 1, state: str = "pending", **values: Any) -> JobLogRecord:
    given_values = {"job_name": "build", "updated_at": NOW, "key": an_attempt().key, **values}
    return JobLogRecord(job_id=job_id, state=state, **given_values)


def a_full_log(text: str = "text") -> JobLogRecord:
    return a_log(
        5,
        "fetched",
        job_name=text,
        reason=text,
        log_bytes=0,
        log_sha256="f" * 64,
        blob_bucket="b",
        blob_key=text,
        tries=3,
        failed_at=at(2),
        pending_since=at(1),
    )


def an_agent(name: str = "monitor", host: str = "host-1", **values: Any) -> AgentRecord:
    given_values = {"state": "running", "heartbeat_at": NOW, "started_at": at(-60), **values}
    return AgentRecord(name=name, host=host, **given_values)


def a_collection(collection_id: str = "c1", **values: Any) -> CollectionRecord:
    given_values = {"started_at": at(-60), "updated_at": NOW, **values}
    return CollectionRecord(collection_id=collection_id, **given_values)


def an_error(seconds: float = 0, **values: Any) -> ErrorRecord:
    given_values = {"agent": "monitor", "repository": None, "message": "w", "remedy": "r", **values}
    return ErrorRecord(occurred_at=at(seconds), **given_values)


def an_activity(seconds: float = 0, **values: Any) -> ActivityRecord:
    given_values = {"actor": "me", "repository": None, "action": "w", **values}
    return ActivityRecord(occurred_at=at(seconds), **given_values)


def a_summary(
    run_id: int = 7, run_attempt: int = 1, repository: str = REPOSITORY, **values: Any
) -> RunSummary:
    key = AttemptKey(repository, run_id, run_attempt)
    return RunSummary(key=key, **{"created_at": NOW, "status": "queued", **values})


def a_full_summary(text: str = "text") -> RunSummary:
    return a_summary(
        status=text,
        conclusion=text,
        run_number=LARGEST_ID,
        workflow_name=text,
        head_branch=text,
        head_sha=text,
        event=text,
        actor=text,
        title=text,
        run_started_at=at(1),
        completed_at=at(2),
        duration_seconds=1.5,
        job_count=3,
        failed_job_count=2,
        queued_seconds=2,
        job_marks="sff",
    )
