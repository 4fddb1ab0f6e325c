"""The data of the messages about runs and jobs, laid out as readers of GitHub's API expect it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..domain.annotations import AnnotationList
from ..domain.codec import KeepsUnknownFields, encode_dataclass
from ..domain.commits import Commit, triggering_pull_request
from ..domain.jobs import Job, Step
from ..domain.ledger import AttemptRecord
from ..domain.runs import PullRequest, WorkflowRun, completed_at
from ..domain.timestamps import format_timestamp, seconds_between
from .envelope import attempt_fields


def run_data(run: WorkflowRun, record: AttemptRecord, commit: Commit | None) -> dict[str, Any]:
    """Return a run as readers of GitHub's API expect it; ``record``: what else is known of it."""
    ended_at = completed_at(run, record.jobs)
    awaited = record.environments if run.status == "waiting" else None
    return {
        **attempt_fields(run.key),
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
        "referenced_workflows": _list_data(run.referenced_workflows),
        "pull_requests": _pull_requests_data(run, commit),
        "jobs": [job_data(job) for job in record.jobs],
        "code_metrics": _code_metrics_data(run, commit),
        **_annotations_data(record.annotations),
        "environments": None if awaited is None else list(awaited),
        "artifacts": _list_data(record.artifacts),
    }


def job_data(job: Job) -> dict[str, Any]:
    """Return a job, nested in its run or alone."""
    return {
        "job_id": job.job_id,
        "job_name": job.name,
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": format_timestamp(job.created_at),
        "started_at": format_timestamp(job.started_at),
        "completed_at": format_timestamp(job.completed_at),
        "updated_at": format_timestamp(job.latest_time),
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
        **_annotations_data(job.annotations),
    }


def step_data(step: Step) -> dict[str, Any]:
    """Return a step."""
    return {
        "number": step.number,
        "step_name": step.name,
        "status": step.status,
        "conclusion": step.conclusion,
        "started_at": format_timestamp(step.started_at),
        "completed_at": format_timestamp(step.completed_at),
        "duration_seconds": step.duration_seconds,
    }


def _annotations_data(annotations: AnnotationList | None) -> dict[str, Any]:
    if annotations is None:
        return {"annotations": None, "annotations_total": None}
    return {"annotations": _list_data(annotations.items), "annotations_total": annotations.total}


def _list_data(values: Sequence[KeepsUnknownFields] | None) -> list[dict[str, Any]] | None:
    """Return values with the fields that messages have, without those of a newer release."""
    if values is None:
        return None
    return [encode_dataclass(replace(each, unknown_fields={})) for each in values]


def _pull_requests_data(run: WorkflowRun, commit: Commit | None) -> list[dict[str, Any]]:
    """Return the run's pull requests with the details that its commit's pull requests have.

    GitHub's list is empty for a run from a fork. Then the pull request that triggered the run is
    returned.
    """
    of_commit = commit.pull_requests if commit else ()
    detailed = {pull.id: pull for pull in of_commit}
    triggering = triggering_pull_request(run, of_commit)
    pulls = run.pull_requests or ((triggering,) if triggering is not None else ())
    return [_pull_request_data(pull, detailed.get(pull.id, pull)) for pull in pulls]


def _pull_request_data(pull: PullRequest, detailed: PullRequest) -> dict[str, Any]:
    return {
        "id": pull.id,
        "number": pull.number,
        "html_url": pull.html_url,
        "title": detailed.title,
        "author": detailed.author,
        "draft": detailed.draft,
        "labels": None if detailed.labels is None else list(detailed.labels),
        "head_sha": pull.head_sha,
        "head_ref": pull.head_ref,
        "base_ref": pull.base_ref,
    }


def _code_metrics_data(run: WorkflowRun, commit: Commit | None) -> dict[str, Any]:
    metrics = commit or Commit(commit_sha=run.head_sha or "")
    pull = triggering_pull_request(run, metrics.pull_requests)
    return {
        "commit_sha": run.head_sha,
        "commit_message": metrics.commit_message,
        "commit_author": metrics.commit_author,
        "files_changed_count": metrics.files_changed_count,
        "additions": metrics.additions,
        "deletions": metrics.deletions,
        "pull_request_id": pull.id if pull else None,
        "pull_request_url": pull.html_url if pull else None,
    }
