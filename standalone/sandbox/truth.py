"""The truth: everything that a collector should have found by now, for reconciliation."""

from __future__ import annotations

import hashlib
from typing import Any

from .annotations import job_annotations, startup_failure_annotations
from .answers import Answer
from .logs import AVAILABLE, job_log, log_state
from .repository import Repository
from .specs import AttemptSpec, JobSpec, RunSpec
from .state import State
from .timeline import attempt_status, attempts_at, job_status, jobs_at
from .times import UnixSeconds, iso


def truth(state: State, now: UnixSeconds, *, with_logs: bool = True) -> list[dict[str, Any]]:
    """List every attempt with its jobs and their logs."""
    state.world.plan_until(now)
    return [
        {
            **_attempt(repository, run, attempt, now),
            "jobs": [
                _job(state, repository, job, now, with_logs=with_logs)
                for job in jobs_at(attempt, now)
            ],
        }
        for repository in state.world.repositories
        for run in repository.runs(now)
        for attempt in attempts_at(run, now)
    ]


def _attempt(
    repository: Repository, run: RunSpec, attempt: AttemptSpec, now: UnixSeconds
) -> dict[str, Any]:
    status_now = attempt_status(attempt, now)
    return {
        "repo": repository.spec.full_name,
        "run_id": run.id,
        "run_attempt": attempt.number,
        "status": status_now.status,
        "conclusion": status_now.conclusion,
        "head_sha": (attempt.recorded or {}).get("head_sha", run.head_sha),
        "created_at": iso(run.created_at),
        "updated_at": iso(status_now.updated_at),
        "annotations": [each.message for each in startup_failure_annotations(run, attempt, now)],
    }


def _job(
    state: State, repository: Repository, job: JobSpec, now: UnixSeconds, *, with_logs: bool
) -> dict[str, Any]:
    status_now = job_status(job, now)
    log = log_state(job, now, repository.spec.retention_days)
    digest, size = None, None
    if with_logs and log == AVAILABLE:
        digest, size = _digest(state, job)
    return {
        "job_id": job.id,
        "job_name": job.name,
        "status": status_now.status,
        "conclusion": status_now.conclusion,
        "steps": _step_count(job, status_now.status),
        "log": log,
        "log_sha256": digest,
        "log_bytes": size,
        "annotations": [each.message for each in job_annotations(job, now)],
    }


def _step_count(job: JobSpec, status: str) -> int:
    if job.recorded is not None:
        return len(job.recorded.get("steps") or ())
    return len(job.steps) if status in {"in_progress", "completed"} else 0


def _digest(state: State, job: JobSpec) -> tuple[str, int]:
    log = job_log(job)

    def digest() -> bytes:
        sha256 = hashlib.sha256()
        for chunk in log.chunks():
            sha256.update(chunk)
        return sha256.hexdigest().encode()

    cached = state.cache.get(("digest", job.id), lambda: Answer(body=digest()))
    return cached.body.decode(), log.size
