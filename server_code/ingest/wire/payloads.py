"""GitHub's REST objects turned into domain values; old objects lack some fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ..domain.commits import Commit
from ..domain.jobs import COMPLETED, Job, Step
from ..domain.runs import PullRequest, ReferencedWorkflow, WorkflowRun
from ..domain.timestamps import parse_timestamp
from .fields import (
    boolean,
    integer,
    label_names,
    lower_text,
    mapping,
    objects,
    required_integer,
    text,
)

_QUEUED = "queued"

#: https://docs.github.com/en/rest/actions/workflow-runs: conclusions that ``status`` may also be.
_CONCLUSIONS = frozenset(
    {
        "action_required",
        "cancelled",
        "failure",
        "neutral",
        "skipped",
        "stale",
        "startup_failure",
        "success",
        "timed_out",
    }
)


def parse_run(payload: Mapping[str, Any], *, repository: str) -> WorkflowRun:
    """Read a run or attempt; raises MalformedPayload where it has no id.

    https://docs.github.com/en/rest/actions/workflow-runs
    """
    status, conclusion = _outcome(payload)
    html_url = text(payload.get("html_url"))
    return WorkflowRun(
        repository=_spelled_repository(payload, repository),
        run_id=required_integer(payload, "id", "workflow run"),
        run_attempt=integer(payload.get("run_attempt")) or 1,
        run_number=integer(payload.get("run_number")),
        workflow_id=integer(payload.get("workflow_id")),
        workflow_name=text(payload.get("name")),
        workflow_path=text(payload.get("path")),
        status=status,
        conclusion=conclusion,
        created_at=parse_timestamp(payload.get("created_at")),
        updated_at=parse_timestamp(payload.get("updated_at")),
        run_started_at=_run_started_at(payload),
        head_branch=text(payload.get("head_branch")),
        head_sha=text(payload.get("head_sha")),
        event=text(payload.get("event")),
        html_url=html_url,
        actor=text(mapping(payload.get("actor")).get("login")),
        triggering_actor=text(mapping(payload.get("triggering_actor")).get("login")),
        pull_requests=parse_pull_requests(payload.get("pull_requests"), html_url),
        head_repository=text(mapping(payload.get("head_repository")).get("full_name")),
        head_repository_id=integer(mapping(payload.get("head_repository")).get("id")),
        display_title=text(payload.get("display_title")),
        previous_attempt_url=text(payload.get("previous_attempt_url")),
        referenced_workflows=_referenced_workflows(payload.get("referenced_workflows")),
        check_suite_id=integer(payload.get("check_suite_id")),
        check_suite_node_id=text(payload.get("check_suite_node_id")),
    )


def parse_job(payload: Mapping[str, Any]) -> Job:
    """Read a job with its steps; raises MalformedPayload where it has no id or no run.

    https://docs.github.com/en/rest/actions/workflow-jobs
    """
    status, conclusion = _outcome(payload)
    return Job(
        job_id=required_integer(payload, "id", "job"),
        run_id=required_integer(payload, "run_id", "job"),
        run_attempt=integer(payload.get("run_attempt")) or 1,
        name=text(payload.get("name")) or "",
        status=status,
        conclusion=conclusion,
        created_at=parse_timestamp(payload.get("created_at")),
        started_at=parse_timestamp(payload.get("started_at")),
        completed_at=parse_timestamp(payload.get("completed_at")),
        html_url=text(payload.get("html_url")),
        runner_name=text(payload.get("runner_name")),
        runner_group_name=text(payload.get("runner_group_name")),
        labels=_labels(payload.get("labels")),
        steps=_steps(payload.get("steps")),
        workflow_name=text(payload.get("workflow_name")),
        head_branch=text(payload.get("head_branch")),
        check_run_url=text(payload.get("check_run_url")),
        runner_id=integer(payload.get("runner_id")) or None,  # 0 stands for no runner
    )


def parse_commit(payload: Mapping[str, Any]) -> Commit:
    """Read what a commit changed.

    https://docs.github.com/en/rest/commits/commits
    The files list stops at 300 a page; ``fetch_commits`` counts them over all pages.
    """
    commit = mapping(payload.get("commit"))
    stats = mapping(payload.get("stats"))
    files = payload.get("files")
    return Commit(
        commit_sha=text(payload.get("sha")) or "",
        commit_message=text(commit.get("message")),
        commit_author=_author(payload, commit),
        files_changed_count=len(files) if isinstance(files, list) else None,
        additions=integer(stats.get("additions")),
        deletions=integer(stats.get("deletions")),
    )


def parse_pull_requests(
    payload: object, run_html_url: str | None = None
) -> tuple[PullRequest, ...]:
    """Parse a list of pull requests; those without an id are left out.

    ``run_html_url``: of the run whose list it is; that list has no addresses of pages.
    https://docs.github.com/en/rest/pulls/pulls
    """
    root = _web_root(run_html_url)
    parsed = (_pull_request(pull, web_root=root) for pull in objects(payload))
    return tuple({pull.id: pull for pull in parsed if pull is not None}.values())


def _spelled_repository(payload: Mapping[str, Any], repository: str) -> str:
    """Return the repository's name as GitHub spells it; case does not matter in comparisons."""
    spelled = text(mapping(payload.get("repository")).get("full_name"))
    return spelled if spelled and spelled.lower() == repository.lower() else repository


def _outcome(payload: Mapping[str, Any]) -> tuple[str, str | None]:
    """Read status and conclusion; older objects have the conclusion in place of the status."""
    status, conclusion = lower_text(payload.get("status")), lower_text(payload.get("conclusion"))
    if status in _CONCLUSIONS:
        return COMPLETED, conclusion or status
    return status or (COMPLETED if conclusion else _QUEUED), conclusion


def _run_started_at(payload: Mapping[str, Any]) -> datetime | None:
    started = parse_timestamp(payload.get("run_started_at"))
    first_attempt = (integer(payload.get("run_attempt")) or 1) == 1
    # Runs that are older than attempts (2021) have no start of their own: they began when created.
    return started or (parse_timestamp(payload.get("created_at")) if first_attempt else None)


def _referenced_workflows(value: object) -> tuple[ReferencedWorkflow, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(
        ReferencedWorkflow(
            path=text(item.get("path")), sha=text(item.get("sha")), ref=text(item.get("ref"))
        )
        for item in objects(value)
    )


def _labels(value: object) -> tuple[str, ...]:
    return (
        tuple(label for label in value if isinstance(label, str)) if isinstance(value, list) else ()
    )


def _steps(value: object) -> tuple[Step, ...]:
    steps = [_step(step, index) for index, step in enumerate(objects(value), start=1)]
    return tuple(sorted(steps, key=lambda step: step.number))


def _step(payload: Mapping[str, Any], index: int) -> Step:
    return Step(
        number=integer(payload.get("number")) or index,
        name=text(payload.get("name")) or "",
        status=lower_text(payload.get("status")),
        conclusion=lower_text(payload.get("conclusion")),
        started_at=parse_timestamp(payload.get("started_at")),
        completed_at=parse_timestamp(payload.get("completed_at")),
    )


def _author(payload: Mapping[str, Any], commit: Mapping[str, Any]) -> str | None:
    """Return the author's account, or the name in the commit if the author has no account."""
    login = text(mapping(payload.get("author")).get("login"))
    return login or text(mapping(commit.get("author")).get("name"))


def _pull_request(payload: Mapping[str, Any], *, web_root: str | None) -> PullRequest | None:
    identity, number = integer(payload.get("id")), integer(payload.get("number"))
    if identity is None or number is None:
        return None
    head = mapping(payload.get("head"))
    return PullRequest(
        id=identity,
        number=number,
        html_url=text(payload.get("html_url")) or _pull_request_page(payload, web_root, number),
        head_sha=text(head.get("sha")),
        base_ref=text(mapping(payload.get("base")).get("ref")),
        head_ref=text(head.get("ref")),
        head_repository=_full_name(mapping(head.get("repo"))),
        title=text(payload.get("title")),
        author=text(mapping(payload.get("user")).get("login")),
        draft=boolean(payload.get("draft")),
        labels=label_names(payload.get("labels")),
        head_repository_id=integer(mapping(head.get("repo")).get("id")),
        opened_at=parse_timestamp(payload.get("created_at")),
        closed_at=parse_timestamp(payload.get("closed_at")),
    )


def _full_name(repository: Mapping[str, Any]) -> str | None:
    """Return a repository's full name; its short form has only its API address."""
    name = text(repository.get("full_name"))
    return name or repository_in_url(text(repository.get("url")))


def repository_in_url(api_url: str | None) -> str | None:
    """Return the full name of the repository in a URL of the API; None if it has none."""
    _, separator, rest = _split(api_url).path.partition("/repos/")
    return "/".join(rest.split("/")[:2]) if separator else None


def _pull_request_page(payload: Mapping[str, Any], web_root: str | None, number: int) -> str | None:
    """Return the page of a pull request; its short form in a run has only its API address."""
    name = repository_in_url(text(payload.get("url")))
    return f"{web_root}/{name}/pull/{number}" if web_root and name else None


def _web_root(run_html_url: str | None) -> str | None:
    parts = _split(run_html_url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None


def _split(url: str | None) -> SplitResult:
    try:
        return urlsplit(url or "")
    except ValueError:
        return urlsplit("")
