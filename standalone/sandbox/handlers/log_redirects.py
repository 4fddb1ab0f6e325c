"""Logs: each request is redirected to the host of the logs, or refused if there is no log.

https://docs.github.com/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run
"""

from __future__ import annotations

from urllib.parse import urlsplit

from ..answers import Answer, blob_not_found, gone, not_found
from ..calls import Call
from ..logs import AVAILABLE, EXPIRED, log_state
from ..timeline import attempt_status, jobs_at
from .jobs import requested_job
from .runs import requested_attempt, requested_run

#: A server listens on all addresses of the machine with these, which are no address to request.
_ALL_INTERFACES = frozenset({"0.0.0.0", "::"})  # noqa: S104 - they are only compared


def get_job_log(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs."""
    call.identity.require_permission("logs")
    job_in_run = requested_job(call)
    state = log_state(job_in_run.job, call.now, call.repository.spec.retention_days)
    if state == EXPIRED:
        raise gone()
    if state != AVAILABLE:
        raise blob_not_found()
    folder = f"workflow-job-run-{job_in_run.job.id}"
    return _redirect(call, f"/{call.repository.spec.id}/{folder}/logs/job/job-logs.txt")


def get_attempt_log(call: Call) -> Answer:
    """Answer GET …/actions/runs/{run_id}/attempts/{attempt_number}/logs."""
    run = requested_run(call)
    attempt = requested_attempt(call, run)
    call.identity.require_permission("logs")
    if attempt_status(attempt, call.now).status != "completed":
        raise not_found()
    retention_days = call.repository.spec.retention_days
    states = {log_state(job, call.now, retention_days) for job in jobs_at(attempt, call.now)}
    if AVAILABLE not in states:
        raise gone() if EXPIRED in states else not_found()
    folder = f"workflow-run-{run.id}-{attempt.number}"
    return _redirect(call, f"/{call.repository.spec.id}/{folder}/logs/logs.zip")


def _redirect(call: Call, path: str) -> Answer:
    full_path = f"/actions-results{path}"
    location = f"{_log_host_url(call)}{full_path}?{call.state.signed_query(full_path, call.now)}"
    return Answer(
        status=302, content_type="text/html;charset=utf-8", headers=(("Location", location),)
    )


def _log_host_url(call: Call) -> str:
    """Return the address of the logs' host, by the sender's name for this machine if need be."""
    log_host, api = urlsplit(call.state.log_host_url), urlsplit(call.base)
    if log_host.hostname not in _ALL_INTERFACES:
        return call.state.log_host_url
    host = api.netloc.removesuffix(f":{api.port}")
    return f"http://{host}:{log_host.port}"
