"""One full message of each kind."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ingest.domain.annotations import AnnotationList
from ingest.domain.jobs import Job
from ingest.domain.log_outline import LogGroup, LogOutline
from ingest.domain.runs import AttemptKey
from ingest.domain.step_ranges import StepRange
from ingest.messaging.claim_check import BlobReference, pointer_message
from ingest.messaging.encoding import QueueMessage, encode_envelope
from ingest.messaging.log_content import inspect_log
from ingest.messaging.log_events import (
    LogMetadata,
    UnavailableLogMetadata,
    log_envelope,
    log_parts,
    log_unavailable_message,
)
from ingest.messaging.log_outline import MessageOutline, truncate_outline
from ingest.messaging.log_work import attempt_work_message, job_work_message
from ingest.messaging.run_events import job_envelope

from .builders import (
    a_commit,
    a_job,
    a_pull,
    a_run,
    an_annotation,
    an_artifact,
    envelope_of_run,
)

KEY = AttemptKey("octo/api", 7, 2)
NOW = datetime(2026, 11, 24, 6, 30, tzinfo=timezone.utc)


def log_metadata(
    log: bytes, job_name: str = "build", *, key: AttemptKey = KEY, job_id: int = 9
) -> LogMetadata:
    """Return what the messages of a log say of it."""
    log_bytes, log_sha256, is_text = inspect_log(io.BytesIO(log))
    return LogMetadata(
        key=key,
        job_id=job_id,
        job_name=job_name,
        log_bytes=log_bytes,
        log_sha256=log_sha256,
        fetched_at=NOW,
        is_text=is_text,
    )


def full_outline() -> MessageOutline:
    """Build the marks of a log that has all of them."""
    place = {"first_line": 1, "last_line": 1, "first_byte": 0, "last_byte": 3}
    outline = LogOutline(
        error_lines=(1,),
        groups=(LogGroup(title="Run make", **place),),
        steps=(StepRange(number=1, step_name="Set up job", **place),),
        uncertain_steps=(StepRange(number=2, step_name="Test", **place),),
    )
    return truncate_outline(outline, 1 << 20)


def an_absence(key: AttemptKey, job_name: str, reason: Any) -> UnavailableLogMetadata:
    return UnavailableLogMetadata(
        key=key, job_id=9, job_name=job_name, fetched_at=NOW, reason=reason, detail="It is gone."
    )


def a_failed_job() -> Job:
    """Build a job that says why it failed."""
    annotations = AnnotationList(items=(an_annotation(),), total=1)
    return a_job(conclusion="failure", annotations=annotations)


def example_messages() -> dict[str, QueueMessage]:
    """Build one full message of each kind."""
    run = a_run(event="pull_request", pull_requests=(a_pull(),))
    job = a_failed_job()
    run_message = envelope_of_run(
        run,
        [job],
        a_commit(),
        now=NOW,
        annotations=job.annotations,
        artifacts=(an_artifact(),),
    )
    key = run.key
    log = b"log\n"
    metadata = log_metadata(log, key=key)
    return {
        "workflow_run": encode_envelope(run_message),
        "workflow_job": encode_envelope(job_envelope(key, job, timestamp=NOW)),
        "job_log_fetched": next(
            log_parts(
                replace(metadata, outline=full_outline()),
                lambda: io.BytesIO(log),
                1 << 20,
            )
        ),
        "job_log_unavailable": log_unavailable_message(
            an_absence(key, "build", "expired"), max_bytes=10**6
        ),
        "job_log_due": job_work_message(key, job, now=NOW),
        "attempt_logs_due": attempt_work_message(key, [job], now=NOW),
        "claim_check": pointer_message(
            log_envelope(metadata), BlobReference("bucket", "key"), payload_bytes=4
        ),
    }
