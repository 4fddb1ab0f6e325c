"""The `workflow-run` object, and those of its artifacts and pending deployments.

https://docs.github.com/rest/actions/workflow-runs
"""

from __future__ import annotations

import hashlib

from ..annotations import check_suite_id
from ..repository import Repository
from ..rng import seeded_sha
from ..specs import ArtifactSpec, AttemptSpec, CommitSpec, Json, RepositorySpec, RunSpec
from ..timeline import attempt_status, run_status
from ..times import DAY, UnixSeconds, iso
from .pulls import pull_in_run
from .recorded import with_api_base
from .repositories import fork_in_run, repository_in_run
from .users import node_id, simple_user


def run_payload(
    repository: Repository, run: RunSpec, attempt: AttemptSpec, base: str, now: UnixSeconds
) -> Json:
    """Describe a run at `now`, as one of its attempts shows it."""
    if attempt.recorded is not None:
        return with_api_base(attempt.recorded, base)
    newest = attempt.number == len(run.attempts) or run.attempts[attempt.number].requested_at > now
    # if a run is changed after its end, only its newest attempt shows the new `updated_at`
    status_now = run_status(run, now) if newest else attempt_status(attempt, now)
    spec = repository.spec
    root = f"{base}/repos/{spec.full_name}"
    url = f"{root}/actions/runs/{run.id}"
    fork, previous = run.head_repository, attempt.number - 1
    return {
        **_identity(run),
        "run_number": run.number,
        "status": status_now.status,
        "conclusion": status_now.conclusion,
        "url": url,
        "html_url": f"https://github.com/{spec.full_name}/actions/runs/{run.id}",
        "pull_requests": _pulls(repository, run, base),
        "created_at": iso(run.created_at),
        "updated_at": iso(status_now.updated_at),
        "actor": simple_user(run.actor, base),
        "run_attempt": attempt.number,
        "referenced_workflows": [_referenced(path) for path in run.referenced_workflows],
        "run_started_at": iso(attempt.requested_at),
        "triggering_actor": simple_user(attempt.triggering_actor, base),
        **{f"{it}_url": f"{url}/{it}" for it in ("jobs", "logs", "artifacts", "cancel", "rerun")},
        "check_suite_url": f"{root}/check-suites/{check_suite_id(run)}",
        "workflow_url": f"{root}/actions/workflows/{run.workflow.id}",
        "previous_attempt_url": f"{url}/attempts/{previous}" if previous else None,
        "head_commit": _head_commit(repository.commits.get(run.head_sha), run),
        "repository": repository_in_run(spec, base),
        "head_repository": fork_in_run(fork, base) if fork else repository_in_run(spec, base),
    }


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


def pending_deployment(spec: RepositorySpec, base: str, now: UnixSeconds) -> Json:
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


def _identity(run: RunSpec) -> Json:
    suite = check_suite_id(run)
    # a run that could not start has the path of its workflow file as its name
    failed = run.attempts[-1].conclusion == "startup_failure"
    return {
        "id": run.id,
        "name": run.workflow.path if failed else run.workflow.name,
        "node_id": node_id("WFR", run.id),
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": run.workflow.path,
        "display_title": run.display_title,
        "event": run.event,
        "workflow_id": run.workflow.id,
        "check_suite_id": suite,
        "check_suite_node_id": node_id("CS", suite),
    }


def _referenced(path: str) -> Json:
    ref = path.partition("@")[2]
    return {"path": path, "sha": seeded_sha("workflow", path), "ref": f"refs/heads/{ref}"}


def _pulls(repository: Repository, run: RunSpec, base: str) -> list[Json]:
    known = (repository.pulls.get(number) for number in run.pull_numbers)
    return [pull_in_run(repository.spec, pull, base) for pull in known if pull is not None]


def _head_commit(commit: CommitSpec | None, run: RunSpec) -> Json | None:
    if commit is None:
        return None
    author = {"name": commit.author_name, "email": commit.author_email}
    return {
        "id": commit.sha,
        "tree_id": seeded_sha("tree", run.head_sha),
        "message": commit.message,
        "timestamp": iso(commit.committed_at),
        "author": author,
        "committer": author,
    }
