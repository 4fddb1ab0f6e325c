"""Jobs with their steps.

https://docs.github.com/rest/actions/workflow-jobs
"""

from __future__ import annotations

from collections.abc import Sequence

from ..answers import Answer, json_bytes, not_found
from ..calls import Call
from ..pages import link_header, requested_page
from ..payloads.jobs import job_payload
from ..rendering import rendered
from ..repository import PlacedJob
from ..specs import AttemptSpec, RunSpec
from ..timeline import attempts_at, current_attempt, jobs_at
from ..times import Timestamp
from .conditional import conditional, conditional_json
from .runs import requested_attempt, requested_run


def get_job(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/jobs/{job_id}."""
    placed = requested_job(call)
    kept = call.state.settings.steps_kept
    return conditional_json(job_payload(call.repository, placed, call.base, call.now, kept))


def list_attempt_jobs(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs."""
    run = requested_run(call)
    attempt = requested_attempt(call, run)
    return _page(call, placed_jobs(run, [attempt], call.now))


def list_run_jobs(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs?filter=latest|all."""
    run = requested_run(call)
    if call.args.get("filter") == "all":
        return _page(call, placed_jobs(run, attempts_at(run, call.now), call.now))
    jobs = placed_jobs(run, [current_attempt(run, call.now)], call.now)
    if not call.state.settings.latest_lists_reused:
        # since May 2025 the latest jobs of a partial re-run are only those that ran again
        jobs = [placed for placed in jobs if not placed.job.reused]
    return _page(call, jobs)


def placed_jobs(run: RunSpec, attempts: Sequence[AttemptSpec], now: Timestamp) -> list[PlacedJob]:
    """Return the jobs of some attempts that exist by now."""
    return [PlacedJob(run, attempt, job) for attempt in attempts for job in jobs_at(attempt, now)]


def requested_job(call: Call) -> PlacedJob:
    """Return the job that the path names, or refuse."""
    call.identity.require("actions", call.repository)
    placed = call.repository.job(int(call.params["job_id"]), call.now)
    if placed is None:
        raise not_found()
    return placed


def _page(call: Call, jobs: Sequence[PlacedJob]) -> Answer:
    page = requested_page(call.args)
    kept = call.state.settings.steps_kept
    parts = [
        json_bytes(job_payload(call.repository, placed, call.base, call.now, kept))
        for placed in jobs[page.start : page.start + page.size]
    ]
    body = b'{"total_count":%d,"jobs":[%s]}' % (len(jobs), b",".join(parts))
    link = link_header(call.numeric_url, call.args, page, len(jobs))
    return conditional(rendered(body, link))
