"""The artifacts of a run.

https://docs.github.com/rest/actions/artifacts
"""

from __future__ import annotations

from ..answers import Answer
from ..calls import Call
from ..payloads.artifacts import artifact_payload
from .conditional import conditional_page
from .runs import requested_run


def list_artifacts(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts."""
    run = requested_run(call)
    return conditional_page(
        call,
        run.artifacts,
        lambda each: artifact_payload(call.repository.spec, run, each, call.base),
        lambda total, page: {"total_count": total, "artifacts": page},
    )
