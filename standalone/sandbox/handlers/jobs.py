"""Jobs with their steps.

https://docs.github.com/rest/actions/workflow-jobs
"""

from __future__ import annotations

from collections.abc import Sequence

from ..answers import Answer, not_found
from ..calls import Call
from ..payloads.jobs import job_payload
from ..repository import JobInRun
from ..specs import AttemptSpec, Json, RunSpec
from ..timeline import attempts_at, current_attempt, jobs_at
from ..times import UnixSeconds
from .conditional import conditional_json, conditional_page
from .runs import requested_attempt, requested_run


def get_job(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/jobs/{job_id}."""
    return conditional_json(_payload(call, requested_job(call)))


def list_attempt_jobs(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs."""
    run = requested_run(call)
    attempt = requested_attempt(call, run)
    return _page(call, jobs_of_attempts(run, [attempt], call.now))


def list_run_jobs(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs?filter=latest|all."""
    run = requested_run(call)
    if call.args.get("filter") == "all":
        return _page(call, jobs_of_attempts(run, attempts_at(run, call.now), call.now))
    jobs = jobs_of_attempts(run, [current_attempt(run, call.now)], call.now)
    # since May 2025, `latest` lists only those jobs of a partial re-run that ran again
    return _page(call, [each for each in jobs if not each.job.reused])


def jobs_of_attempts(
    run: RunSpec, attempts: Sequence[AttemptSpec], now: UnixSeconds
) -> list[JobInRun]:
    """Return those jobs of the attempts that exist by now."""
    return [JobInRun(run, attempt, job) for attempt in attempts for job in jobs_at(attempt, now)]


def requested_job(call: Call) -> JobInRun:
    """Return the job that the path names, or refuse."""
    call.identity.require_permission("actions")
    job_in_run = call.repository.job(int(call.params["job_id"]), call.now)
    if job_in_run is None:
        raise not_found()
    return job_in_run


def _page(call: Call, jobs: Sequence[JobInRun]) -> Answer:
    return conditional_page(
        call,
        jobs,
        lambda job_in_run: _payload(call, job_in_run),
        lambda total, page: {"total_count": total, "jobs": page},
    )


def _payload(call: Call, job_in_run: JobInRun) -> Json:
    steps_kept_seconds = call.state.settings.steps_kept_seconds
    return job_payload(call.repository, job_in_run, call.base, call.now, steps_kept_seconds)
