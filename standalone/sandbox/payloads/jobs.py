"""The `job` object with its steps.

https://docs.github.com/rest/actions/workflow-jobs
"""

from __future__ import annotations

from ..repository import JobInRun, Repository
from ..specs import JobSpec, Json, StepSpec
from ..timeline import StatusSnapshot, job_status, step_times
from ..times import UnixSeconds, iso, iso_or_none
from .recorded import with_api_base
from .users import node_id


def job_payload(
    repository: Repository,
    job_in_run: JobInRun,
    base: str,
    now: UnixSeconds,
    steps_kept_seconds: float | None = None,
) -> Json:
    """Describe a job at `now`; its steps are left out `steps_kept_seconds` after its end."""
    job = job_in_run.job
    if job.recorded is not None:
        return with_api_base(job.recorded, base)
    status_now = job_status(job, now)
    name = repository.spec.full_name
    return {
        "id": job.id,
        "run_id": job_in_run.run.id,
        "workflow_name": job_in_run.run.workflow.name,
        "head_branch": job_in_run.run.head_branch,
        "run_url": f"{base}/repos/{name}/actions/runs/{job_in_run.run.id}",
        "run_attempt": job_in_run.attempt.number,
        "node_id": node_id("CR", job.id),
        "head_sha": job_in_run.run.head_sha,
        "url": f"{base}/repos/{name}/actions/jobs/{job.id}",
        "html_url": f"https://github.com/{name}/actions/runs/{job_in_run.run.id}/job/{job.id}",
        "status": status_now.status,
        "conclusion": status_now.conclusion,
        **_times(job, status_now),
        "name": job.name,
        "steps": _steps(job, status_now, now, steps_kept_seconds),
        "check_run_url": f"{base}/repos/{name}/check-runs/{job.id}",
        "labels": list(job.labels),
        **_runner(job, status_now),
    }


def _times(job: JobSpec, status_now: StatusSnapshot) -> Json:
    started = job.started_at if status_now.status in {"in_progress", "completed"} else None
    return {
        "created_at": iso(job.created_at),
        # GitHub sets `started_at` of a queued job to the time of its creation
        "started_at": iso(job.created_at if started is None else started),
        "completed_at": iso_or_none(job.completed_at if status_now.status == "completed" else None),
    }


def _runner(job: JobSpec, status_now: StatusSnapshot) -> Json:
    name = job.runner if status_now.status in {"in_progress", "completed"} else None
    return {
        "runner_id": None if name is None else 1_000_000_000 + job.id % 1_000_000,
        "runner_name": name,
        "runner_group_id": None if name is None else 0,
        "runner_group_name": None if name is None else "GitHub Actions",
    }


def _steps(
    job: JobSpec, status_now: StatusSnapshot, now: UnixSeconds, steps_kept_seconds: float | None
) -> list[Json]:
    if status_now.status not in {"in_progress", "completed"}:
        return []
    ended = job.completed_at
    if steps_kept_seconds is not None and ended is not None and ended + steps_kept_seconds <= now:
        return []
    return [_step(job, step, now) for step in job.steps]


def _step(job: JobSpec, step: StepSpec, now: UnixSeconds) -> Json:
    begins, ends = step_times(job, step)
    if job.reused or ends <= now:
        status = "completed"
    else:
        status = "in_progress" if begins <= now else "queued"
    return {
        "name": step.name,
        "status": status,
        "conclusion": step.conclusion if status == "completed" else None,
        "number": step.number,
        "started_at": None if status == "queued" else iso(begins),
        "completed_at": iso(ends) if status == "completed" else None,
    }
