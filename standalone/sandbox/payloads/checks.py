"""The `check-run` and `check-annotation` objects.

https://docs.github.com/rest/checks/runs
"""

from __future__ import annotations

from ..annotations import check_suite_id, startup_failure_check_run_id
from ..specs import AnnotationSpec, AttemptSpec, Json, RepositorySpec, RunSpec
from ..times import iso, iso_or_none
from .users import node_id


def annotation_payload(spec: RepositorySpec, annotation: AnnotationSpec, sha: str) -> Json:
    """Describe one annotation."""
    return {
        "path": annotation.path,
        "blob_href": f"https://github.com/{spec.full_name}/blob/{sha}/{annotation.path}",
        "start_line": annotation.line,
        "start_column": None,
        "end_line": annotation.line,
        "end_column": None,
        "annotation_level": "failure",
        "title": annotation.title,
        "message": annotation.message,
        "raw_details": "",
    }


def check_run_payload(
    spec: RepositorySpec, run: RunSpec, attempt: AttemptSpec, base: str, annotation_count: int
) -> Json:
    """Describe the check run of an attempt that could not start."""
    check_run_id = startup_failure_check_run_id(run, attempt)
    url = f"{base}/repos/{spec.full_name}/check-runs/{check_run_id}"
    return {
        "id": check_run_id,
        "node_id": node_id("CR", check_run_id),
        "head_sha": run.head_sha,
        "external_id": "",
        "url": url,
        "html_url": f"https://github.com/{spec.full_name}/actions/runs/{run.id}",
        "details_url": f"https://github.com/{spec.full_name}/actions/runs/{run.id}",
        "status": "completed",
        "conclusion": "failure",
        "started_at": iso(attempt.requested_at),
        "completed_at": iso_or_none(attempt.completed_at),
        "output": {
            "title": None,
            "summary": None,
            "text": None,
            "annotations_count": annotation_count,
            "annotations_url": f"{url}/annotations",
        },
        "name": run.workflow.path,
        "check_suite": {"id": check_suite_id(run)},
        "app": None,
        "pull_requests": [],
    }
