"""The pending deployments of a waiting run.

https://docs.github.com/rest/actions/workflow-runs#get-pending-deployments-for-a-workflow-run
"""

from __future__ import annotations

from ..rng import seeded_sha
from ..specs import Json, RepositorySpec
from ..times import Timestamp, iso
from .users import node_id


def pending_deployment(spec: RepositorySpec, base: str, now: Timestamp) -> Json:
    """Describe the environment whose approval a run waits for."""
    environment_id = int(seeded_sha("environment", spec.id)[:7], 16)
    return {
        "environment": {
            "id": environment_id,
            "node_id": node_id("EN", environment_id),
            "name": "production",
            "url": f"{base}/repos/{spec.full_name}/environments/production",
            "html_url": f"https://github.com/{spec.full_name}/deployments/activity_log",
        },
        "wait_timer": 0,
        "wait_timer_started_at": iso(now),
        "current_user_can_approve": False,
        "reviewers": [],
    }
