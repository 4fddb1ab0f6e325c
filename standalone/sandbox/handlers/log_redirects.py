"""Logs: a redirect to the host that holds them, or a reason why there is none.

https://docs.github.com/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run
"""

from __future__ import annotations

from ..answers import Answer, blob_not_found, gone, not_found
from ..calls import Call
from ..logs import AVAILABLE, EXPIRED
from ..plans import AttemptPlan, RunPlan
from ..timeline import attempt_standing, current_attempt, jobs_at
from .jobs import wanted_job
from .runs import wanted_attempt, wanted_run


def get_job_log(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs."""
    call.identity.require("logs", call.repository)
    placed = wanted_job(call)
    state = call.state.log_state(call.repository, placed.job, call.now)
    if state == EXPIRED:
        raise gone()
    if state != AVAILABLE:
        raise blob_not_found()
    folder = f"workflow-job-run-{placed.job.id}"
    return _redirect(call, f"/{call.repository.plan.id}/{folder}/logs/job/job-logs.txt")


def get_run_log(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/runs/{run_id}/logs."""
    run = wanted_run(call)
    return _archive(call, run, current_attempt(run, call.now))


def get_attempt_log(call: Call) -> Answer:
    """Answer GET …/actions/runs/{run_id}/attempts/{attempt_number}/logs."""
    run = wanted_run(call)
    return _archive(call, run, wanted_attempt(call, run))


def _archive(call: Call, run: RunPlan, attempt: AttemptPlan) -> Answer:
    call.identity.require("logs", call.repository)
    if attempt_standing(attempt, call.now).status != "completed":
        raise not_found()
    states = {
        call.state.log_state(call.repository, job, call.now) for job in jobs_at(attempt, call.now)
    }
    if AVAILABLE not in states:
        raise gone() if EXPIRED in states else not_found()
    folder = f"workflow-run-{run.id}-{attempt.number}"
    return _redirect(call, f"/{call.repository.plan.id}/{folder}/logs/logs.zip")


def _redirect(call: Call, path: str) -> Answer:
    full = f"/actions-results{path}"
    location = f"{call.state.blob_url}{full}?{call.state.signed(full, call.now)}"
    return Answer(
        status=302, content_type="text/html;charset=utf-8", headers=(("Location", location),)
    )
