"""The messages about runs and jobs: their data, their types, and the ids of their facts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..domain.code_metrics import CommitMetrics, triggering_pull_request
from ..domain.jobs import Job, Step
from ..domain.runs import AttemptKey, PullRequest, WorkflowRun, completed_at
from ..domain.timestamps import format_timestamp, seconds_between
from .envelope import Envelope, event_id

_NOT_A_WORD = re.compile("[^a-z0-9_]+")


def run_envelope(
    run: WorkflowRun,
    jobs: Iterable[Job],
    commit: CommitMetrics | None,
    *,
    visit: int,
    now: datetime,
) -> Envelope:
    """Build an attempt's message. ``visit`` counts its earlier times in this status."""
    known = list(jobs)
    kind = f"workflow_run_{_word(run.status)}"
    mark = run_fingerprint(run, known) if run.is_completed else f"visit {visit}"
    return Envelope(
        event_type=kind,
        event_id=event_id(kind, run.repository, run.run_id, run.run_attempt, mark),
        repo=run.repository,
        group=run_group(run.key),
        timestamp=now,
        data=run_data(run, known, commit),
    )


def job_envelope(key: AttemptKey, job: Job, *, now: datetime) -> Envelope:
    """Build the message of a job's status."""
    kind = f"workflow_job_{_word(job.status)}"
    mark = job_fingerprint(job) if job.is_completed else job.status
    return Envelope(
        event_type=kind,
        event_id=event_id(kind, key.repository, key.run_id, key.run_attempt, job.job_id, mark),
        repo=key.repository,
        group=run_group(key),
        timestamp=now,
        data={
            "repo": key.repository,
            "run_id": key.run_id,
            "run_attempt": key.run_attempt,
            **job_data(job),
        },
    )


def run_group(key: AttemptKey) -> str:
    """Name the FIFO group in which a run's messages keep their order."""
    # SQS takes 128 characters; the id alone tells runs apart, the name is for people.
    return f"{key.repository[:100]}/{key.run_id}"


def run_fingerprint(run: WorkflowRun, jobs: Iterable[Job]) -> str:
    """Digest what makes an ended attempt a different fact: its outcome and its jobs.

    ``updated_at`` moves with nothing visible changed, pull requests close and names are edited;
    none of these makes a new fact.
    """
    return _digest(
        [
            run.status,
            run.conclusion,
            format_timestamp(run.run_started_at),
            sorted([job.job_id, job_fingerprint(job)] for job in jobs),
        ]
    )


def job_fingerprint(job: Job) -> str:
    """Digest what makes an ended job a different fact: its outcome, its times and its steps."""
    return _digest(
        [
            job.status,
            job.conclusion,
            format_timestamp(job.started_at),
            format_timestamp(job.completed_at),
            [step_data(step) for step in job.steps],
        ]
    )


def run_data(run: WorkflowRun, jobs: list[Job], commit: CommitMetrics | None) -> dict[str, Any]:
    """Lay out a run as readers of GitHub's API expect it."""
    ended_at = completed_at(run, jobs)
    return {
        "repo": run.repository,
        "run_id": run.run_id,
        "run_attempt": run.run_attempt,
        "run_number": run.run_number,
        "workflow_id": run.workflow_id,
        "workflow_name": run.workflow_name,
        "workflow_path": run.workflow_path,
        "display_title": run.display_title,
        "status": run.status,
        "conclusion": run.conclusion,
        "created_at": format_timestamp(run.created_at),
        "updated_at": format_timestamp(run.updated_at),
        "run_started_at": format_timestamp(run.run_started_at),
        "completed_at": format_timestamp(ended_at),
        "duration_seconds": seconds_between(run.run_started_at, ended_at),
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "head_repository": run.head_repository,
        "event": run.event,
        "html_url": run.html_url,
        "actor": run.actor,
        "triggering_actor": run.triggering_actor,
        "previous_attempt_url": run.previous_attempt_url,
        "referenced_workflows": _referenced_workflows_data(run),
        "pull_requests": _pull_requests_data(run, commit),
        "jobs": [job_data(job) for job in jobs],
        "code_metrics": _code_metrics_data(run, commit),
    }


def job_data(job: Job) -> dict[str, Any]:
    """Lay out a job, nested in its run or alone."""
    return {
        "job_id": job.job_id,
        "job_name": job.name,
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": format_timestamp(job.created_at),
        "started_at": format_timestamp(job.started_at),
        "completed_at": format_timestamp(job.completed_at),
        "updated_at": format_timestamp(job.updated_at),
        "queued_seconds": job.queued_seconds,
        "duration_seconds": job.duration_seconds,
        "html_url": job.html_url,
        "check_run_url": job.check_run_url,
        "workflow_name": job.workflow_name,
        "head_branch": job.head_branch,
        "runner_id": job.runner_id,
        "runner_name": job.runner_name,
        "runner_group_name": job.runner_group_name,
        "labels": list(job.labels),
        "steps": [step_data(step) for step in job.steps],
    }


def step_data(step: Step) -> dict[str, Any]:
    """Lay out a step."""
    return {
        "number": step.number,
        "step_name": step.name,
        "status": step.status,
        "conclusion": step.conclusion,
        "started_at": format_timestamp(step.started_at),
        "completed_at": format_timestamp(step.completed_at),
        "duration_seconds": step.duration_seconds,
    }


def _referenced_workflows_data(run: WorkflowRun) -> list[dict[str, Any]] | None:
    if run.referenced_workflows is None:
        return None
    return [
        {"path": each.path, "sha": each.sha, "ref": each.ref} for each in run.referenced_workflows
    ]


def _pull_requests_data(run: WorkflowRun, commit: CommitMetrics | None) -> list[dict[str, Any]]:
    """Lay out the run's own list, with what only the commit's pull requests tell."""
    in_full = {pull.id: pull for pull in commit.pull_requests} if commit else {}
    return [_pull_request_data(pull, in_full.get(pull.id, pull)) for pull in run.pull_requests]


def _pull_request_data(pull: PullRequest, in_full: PullRequest) -> dict[str, Any]:
    return {
        "id": pull.id,
        "number": pull.number,
        "html_url": pull.html_url,
        "title": in_full.title,
        "author": in_full.author,
        "draft": in_full.draft,
        "labels": None if in_full.labels is None else list(in_full.labels),
        "head_sha": pull.head_sha,
        "head_ref": pull.head_ref,
        "base_ref": pull.base_ref,
    }


def _code_metrics_data(run: WorkflowRun, commit: CommitMetrics | None) -> dict[str, Any]:
    known = commit or CommitMetrics(commit_sha=run.head_sha or "")
    pull = triggering_pull_request(run, known.pull_requests)
    return {
        "commit_sha": run.head_sha,
        "commit_message": known.commit_message,
        "commit_author": known.commit_author,
        "files_changed_count": known.files_changed_count,
        "additions": known.additions,
        "deletions": known.deletions,
        "pull_request_id": pull.id if pull else None,
        "pull_request_url": pull.html_url if pull else None,
    }


def _word(status: str) -> str:
    """Make a status fit for an event type; GitHub may add statuses we have not met."""
    return _NOT_A_WORD.sub("_", status.lower()).strip("_") or "unknown"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()
