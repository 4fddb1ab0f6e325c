"""Check runs and their annotations.

https://docs.github.com/rest/checks/runs
"""

from __future__ import annotations

from collections.abc import Sequence

from ..annotations import (
    check_suite_id,
    job_annotations,
    startup_failure_annotations,
    startup_failure_check_run_id,
)
from ..answers import Answer, not_found
from ..calls import Call
from ..payloads.checks import annotation_payload, check_run_payload
from ..specs import AnnotationSpec
from ..timeline import current_attempt
from .conditional import conditional_json, conditional_page


def list_annotations(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations."""
    call.identity.require_permission("checks")
    check_run_id = int(call.params["check_run_id"])
    sha, annotations = _annotations(call, check_run_id)
    spec = call.repository.spec
    return conditional_page(call, annotations, lambda each: annotation_payload(spec, each, sha))


def list_check_runs(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs.

    Only attempts that could not start have a check run here; no client requests those of jobs.
    """
    call.identity.require_permission("checks")
    wanted = int(call.params["check_suite_id"])
    found = (run for run in call.repository.runs(call.now) if check_suite_id(run) == wanted)
    run = next(found, None)
    if run is None:
        raise not_found()
    attempt = current_attempt(run, call.now)
    count = len(startup_failure_annotations(run, attempt, call.now))
    check_runs = (
        [check_run_payload(call.repository.spec, run, attempt, call.base, count)] if count else []
    )
    return conditional_json({"total_count": len(check_runs), "check_runs": check_runs})


def _annotations(call: Call, check_run_id: int) -> tuple[str, Sequence[AnnotationSpec]]:
    job_in_run = call.repository.job(check_run_id, call.now)
    if job_in_run is not None:
        return job_in_run.run.head_sha, job_annotations(job_in_run.job, call.now)
    for run in call.repository.runs(call.now):
        for attempt in run.attempts:
            if startup_failure_check_run_id(run, attempt) == check_run_id:
                return run.head_sha, startup_failure_annotations(run, attempt, call.now)
    raise not_found()
