"""The artifacts of a run.

https://docs.github.com/rest/actions/artifacts
"""

from __future__ import annotations

from ..answers import Answer, json_bytes
from ..calls import Call
from ..pages import link_header, requested_page
from ..payloads.artifacts import artifact_payload
from ..rendering import rendered
from .conditional import conditional
from .runs import requested_run


def list_artifacts(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts."""
    run = requested_run(call)
    page = requested_page(call.args)
    wanted = run.artifacts[page.start : page.start + page.size]
    spec = call.repository.spec
    artifacts = [artifact_payload(spec, run, each, call.base) for each in wanted]
    body = json_bytes({"total_count": len(run.artifacts), "artifacts": artifacts})
    link = link_header(call.numeric_url, call.args, page, len(run.artifacts))
    return conditional(rendered(body, link))
