"""The `artifact` object.

https://docs.github.com/rest/actions/artifacts
"""

from __future__ import annotations

import hashlib

from ..specs import ArtifactSpec, Json, RepositorySpec, RunSpec
from ..times import DAY, iso
from .users import node_id


def artifact_payload(spec: RepositorySpec, run: RunSpec, artifact: ArtifactSpec, base: str) -> Json:
    """Describe one artifact of a run."""
    url = f"{base}/repos/{spec.full_name}/actions/artifacts/{artifact.id}"
    digest = hashlib.sha256(f"{artifact.id} {artifact.name}".encode()).hexdigest()
    return {
        "id": artifact.id,
        "node_id": node_id("AR", artifact.id),
        "name": artifact.name,
        "size_in_bytes": artifact.size_in_bytes,
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": False,
        "created_at": iso(run.created_at),
        "expires_at": iso(run.created_at + spec.retention_days * DAY),
        "updated_at": iso(run.created_at),
        "digest": f"sha256:{digest}",
        "workflow_run": {
            "id": run.id,
            "repository_id": spec.id,
            "head_repository_id": spec.id,
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
        },
    }
