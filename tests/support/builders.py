"""Runs, jobs, steps, commits and GitHub's payloads, of which a test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ingest.domain.annotations import Annotation
from ingest.domain.commits import Commit
from ingest.domain.jobs import Job, Step
from ingest.domain.ledger import AttemptRecord
from ingest.domain.runs import Artifact, PullRequest, ReferencedWorkflow, WorkflowRun
from ingest.messaging.envelope import Envelope
from ingest.messaging.run_events import run_envelope

#: The moment at which the builders' run was created.
CREATED_AT = datetime(2026, 11, 24, 6, 0, tzinfo=timezone.utc)

REPOSITORY = "octo/api"
HEAD_SHA = "a" * 40

_STEP = Step(
    number=1,
    name="Set up job",
    status="completed",
    conclusion="success",
    started_at=CREATED_AT + timedelta(seconds=20),
    completed_at=CREATED_AT + timedelta(seconds=25),
)

_JOB = Job(
    job_id=70_000_000_001,
    run_id=12_000_000_001,
    run_attempt=1,
    name="build (3.12)",
    status="completed",
    conclusion="success",
    created_at=CREATED_AT + timedelta(seconds=5),
    started_at=CREATED_AT + timedelta(seconds=20),
    completed_at=CREATED_AT + timedelta(seconds=80),
    html_url="https://github.com/octo/api/actions/runs/12000000001/job/70000000001",
    runner_name="GitHub Actions 7",
    runner_group_name="GitHub Actions",
    labels=("ubuntu-latest",),
    steps=(_STEP,),
    workflow_name="CI",
    head_branch="main",
    check_run_url="https://api.github.com/repos/octo/api/check-runs/70000000001",
    runner_id=7,
)

_RUN = WorkflowRun(
    repository=REPOSITORY,
    run_id=12_000_000_001,
    run_attempt=1,
    run_number=42,
    workflow_id=9_001,
    workflow_name="CI",
    workflow_path=".github/workflows/ci.yml",
    status="completed",
    conclusion="success",
    created_at=CREATED_AT,
    updated_at=CREATED_AT + timedelta(seconds=90),
    run_started_at=CREATED_AT,
    head_branch="main",
    head_sha=HEAD_SHA,
    event="push",
    html_url="https://github.com/octo/api/actions/runs/12000000001",
    actor="octocat",
    triggering_actor="hubot",
    pull_requests=(),
    head_repository=REPOSITORY,
    display_title="Fix the parser",
    previous_attempt_url=None,
    referenced_workflows=(
        ReferencedWorkflow(
            path="octo/workflows/.github/workflows/build.yml@main",
            sha="c" * 40,
            ref="refs/heads/main",
        ),
    ),
    check_suite_id=30_000_000_001,
    check_suite_node_id="CS_30000000001",
)

_COMMIT = Commit(
    commit_sha=HEAD_SHA,
    commit_message="Fix the parser",
    commit_author="octocat",
    files_changed_count=3,
    additions=10,
    deletions=4,
)

_PULL = PullRequest(
    id=501,
    number=5,
    html_url="https://github.com/octo/api/pull/5",
    head_sha=HEAD_SHA,
    base_ref="main",
    head_ref="main",
)


_ANNOTATION = Annotation(
    path="src/parser.py",
    start_line=12,
    end_line=12,
    start_column=4,
    end_column=9,
    level="failure",
    title="F821",
    message="Undefined name",
    raw_details=None,
)

_ARTIFACT = Artifact(
    id=3_000_001,
    name="report",
    size_in_bytes=2048,
    digest="sha256:" + "d" * 64,
    expires_at=CREATED_AT + timedelta(days=90),
    archive_download_url="https://api.github.com/repos/octo/api/actions/artifacts/3000001/zip",
)


def at(seconds: float) -> datetime:
    """Name a moment by its distance from the run's creation."""
    return CREATED_AT + timedelta(seconds=seconds)


def a_step(**changes: Any) -> Step:
    """Build a step that took five seconds."""
    return replace(_STEP, **changes)


def a_job(**changes: Any) -> Job:
    """Build a job that waited 15 seconds and took a minute."""
    return replace(_JOB, **changes)


def a_run(**changes: Any) -> WorkflowRun:
    """Build a run that has succeeded."""
    return replace(_RUN, **changes)


def envelope_of_run(
    run: WorkflowRun,
    jobs: Iterable[Job],
    commit: Commit | None,
    *,
    occurrence: int = 0,
    now: datetime,
    **details: Any,
) -> Envelope:
    """Build the message of a run of which the ledger knows these jobs and details."""
    record = AttemptRecord(
        key=run.key, created_at=run.created_at or now, run=run, jobs=tuple(jobs), **details
    )
    return run_envelope(run, record, commit, occurrence=occurrence, timestamp=now)


def a_commit(**changes: Any) -> Commit:
    """Build what the run's commit changed."""
    return replace(_COMMIT, **changes)


def a_pull(**changes: Any) -> PullRequest:
    """Build a pull request whose head is the run's commit."""
    return replace(_PULL, **changes)


def an_annotation(**changes: Any) -> Annotation:
    """Build a failure that a linter reports."""
    return replace(_ANNOTATION, **changes)


def an_artifact(**changes: Any) -> Artifact:
    """Build an artifact of a run."""
    return replace(_ARTIFACT, **changes)


def run_payload(**changes: Any) -> dict[str, Any]:
    """Build a run as GitHub's REST API shows it."""
    payload = {
        "id": 12_000_000_001,
        "name": "CI",
        "head_branch": "main",
        "head_sha": HEAD_SHA,
        "path": ".github/workflows/ci.yml",
        "display_title": "Fix the parser",
        "run_number": 42,
        "event": "push",
        "status": "completed",
        "conclusion": "success",
        "workflow_id": 9_001,
        "html_url": "https://github.com/octo/api/actions/runs/12000000001",
        "pull_requests": [],
        "created_at": "2026-11-24T06:00:00Z",
        "updated_at": "2026-11-24T06:01:30Z",
        "run_started_at": "2026-11-24T06:00:00Z",
        "run_attempt": 1,
        "actor": {"login": "octocat"},
        "triggering_actor": {"login": "hubot"},
        "previous_attempt_url": None,
        "referenced_workflows": [
            {
                "path": "octo/workflows/.github/workflows/build.yml@main",
                "sha": "c" * 40,
                "ref": "refs/heads/main",
            }
        ],
        "check_suite_id": 30_000_000_001,
        "check_suite_node_id": "CS_30000000001",
        "repository": {"full_name": REPOSITORY},
        "head_repository": {"full_name": REPOSITORY},
    }
    return {**payload, **changes}


def job_payload(**changes: Any) -> dict[str, Any]:
    """Build a job as GitHub's REST API shows it."""
    payload = {
        "id": 70_000_000_001,
        "run_id": 12_000_000_001,
        "run_attempt": 1,
        "name": "build (3.12)",
        "status": "completed",
        "conclusion": "success",
        "created_at": "2026-11-24T06:00:05Z",
        "started_at": "2026-11-24T06:00:20Z",
        "completed_at": "2026-11-24T06:01:20Z",
        "html_url": "https://github.com/octo/api/actions/runs/12000000001/job/70000000001",
        "workflow_name": "CI",
        "head_branch": "main",
        "check_run_url": "https://api.github.com/repos/octo/api/check-runs/70000000001",
        "runner_id": 7,
        "runner_name": "GitHub Actions 7",
        "runner_group_name": "GitHub Actions",
        "labels": ["ubuntu-latest"],
        "steps": [step_payload()],
    }
    return {**payload, **changes}


def step_payload(**changes: Any) -> dict[str, Any]:
    """Build a step as GitHub's REST API shows it."""
    payload = {
        "number": 1,
        "name": "Set up job",
        "status": "completed",
        "conclusion": "success",
        "started_at": "2026-11-24T06:00:20Z",
        "completed_at": "2026-11-24T06:00:25Z",
    }
    return {**payload, **changes}


def commit_payload(**changes: Any) -> dict[str, Any]:
    """Build a commit as GitHub's REST API shows it."""
    payload = {
        "sha": HEAD_SHA,
        "author": {"login": "octocat"},
        "commit": {"message": "Fix the parser", "author": {"name": "Mona Lisa"}},
        "stats": {"total": 14, "additions": 10, "deletions": 4},
        "files": [{"filename": "a.py"}, {"filename": "b.py"}, {"filename": "c.py"}],
    }
    return {**payload, **changes}


def pull_payload(**changes: Any) -> dict[str, Any]:
    """Build a pull request in the short form in which a run lists it."""
    payload = {
        "id": 501,
        "number": 5,
        "url": "https://api.github.com/repos/octo/api/pulls/5",
        "head": {"sha": HEAD_SHA, "ref": "main"},
        "base": {"sha": "b" * 40, "ref": "main"},
    }
    return {**payload, **changes}
