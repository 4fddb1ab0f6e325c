"""The callables of the web app's pages, in addition to the five of ``callables``.

``run_fields``: ``run_attempt`` and ``repository``, as ``get_run`` takes them.
"""

from __future__ import annotations

import time
from typing import Any

import anvil
import anvil.server

from ..domain.ledger import DESIRED_PAUSED, DESIRED_RUNNING
from ..domain.timestamps import parse_timestamp
from ..errors import Rejected
from ..services.collections.manual_collection import find_collection
from ..services.context import AGENTS, PIPELINE_MONITORING_AGENT
from ..services.dashboard.activity import list_activity as read_activity
from ..services.dashboard.activity import remove_errors_of_cause, remove_errors_until
from ..services.dashboard.agents import load_agent_rows
from ..services.dashboard.collection import collection_row
from ..services.dashboard.repositories import check_repository as check
from ..services.dashboard.repositories import remove_repository as remove
from ..services.dashboard.repositories import require_watched
from ..services.dashboard.runs import load_run
from ..services.dashboard.workflows import list_workflows
from .arguments import clamp, optional_text, require_text
from .auth import login_required
from .callables import open_job_log, repository_row_of, run_reference
from .request_context import RequestContext
from .roles import Role
from .task_launcher import TASKS, launch_tick

#: The search for a running task ends after this time, or after this many ended tasks.
_SEARCH_SECONDS = 5.0
_MAX_ENDED = 3


@login_required(Role.VIEWER)
def get_collection_progress(request: RequestContext, collection_id: object) -> dict[str, Any]:
    """Return the progress of a manual collection."""
    wanted = require_text(collection_id, "The collection's id")
    return collection_row(find_collection(request.state, wanted), now=request.now)


@login_required(Role.OPERATOR)
def check_repository(request: RequestContext, repo_url: object) -> dict[str, Any]:
    """Return whether a repository can be added, and GitHub's answer."""
    given = optional_text(repo_url, "The repository's address") or ""
    return check(request.state, request.settings, request.open_github, given)


@login_required(Role.OPERATOR)
def pause_repository(request: RequestContext, full_name: object) -> dict[str, Any]:
    """Stop polling a repository until it is resumed; its data is kept."""
    return _set_paused(request, full_name, paused=True)


@login_required(Role.OPERATOR)
def resume_repository(request: RequestContext, full_name: object) -> dict[str, Any]:
    """Resume polling a repository immediately."""
    return _set_paused(request, full_name, paused=False)


def _set_paused(request: RequestContext, full_name: object, *, paused: bool) -> dict[str, Any]:
    record = require_watched(request.state, require_text(full_name, "The repository's name"))
    request.state.set_paused(record.full_name, paused=paused)
    request.record_activity("paused it" if paused else "resumed it", repository=record.full_name)
    if not paused:
        launch_tick(request, PIPELINE_MONITORING_AGENT)
    return repository_row_of(request, record.full_name)


@login_required(Role.ADMIN)
def remove_repository(request: RequestContext, full_name: object) -> None:
    """Stop watching a repository; its collected data is kept."""
    record = remove(request.state, require_text(full_name, "The repository's name"))
    request.record_activity("removed it", repository=record.full_name)


@login_required(Role.VIEWER)
def get_run(
    request: RequestContext, run_id: object, run_attempt: object = None, repository: object = None
) -> dict[str, Any]:
    """Return the details of a run's attempt, the newest by default."""
    reference = run_reference(run_id, run_attempt, repository)
    return load_run(
        request.state, reference, web_url=request.settings.github.web_url, now=request.now
    )


@login_required(Role.VIEWER)
def get_workflows(request: RequestContext, repository: object = None) -> dict[str, Any]:
    """Return each workflow with its last runs, success rate and times."""
    only = optional_text(repository, "The repository's name")
    return list_workflows(request.state, repository=only)


@login_required(Role.VIEWER)
def find_in_log(
    request: RequestContext,
    run_id: object,
    job_id: object,
    text: object,
    after: object = 0,
    **run_fields: object,
) -> dict[str, Any]:
    """Return the next lines of a log that contain a text, ignoring case."""
    log = open_job_log(request, run_id, job_id, **run_fields)
    return log.find(
        require_text(text, "The search text"), clamp(after, "after", minimum=0, maximum=10**12)
    )


@login_required(Role.VIEWER)
def get_log_parts(
    request: RequestContext,
    run_id: object,
    job_id: object,
    line: object,
    first: object,
    **run_fields: object,
) -> list[str]:
    """Return some parts of a line that is too long for a page, from part ``first`` on."""
    log = open_job_log(request, run_id, job_id, **run_fields)
    return log.parts(
        clamp(line, "line", minimum=1, maximum=10**12),
        clamp(first, "first", minimum=1, maximum=10**12),
    )


@login_required(Role.VIEWER)
def outline_log(
    request: RequestContext, run_id: object, job_id: object, **run_fields: object
) -> dict[str, Any]:
    """Return groups, errors and warnings of a whole log."""
    return open_job_log(request, run_id, job_id, **run_fields).outline()


@login_required(Role.VIEWER)
def download_log(
    request: RequestContext, run_id: object, job_id: object, **run_fields: object
) -> anvil.Media:
    """Return a whole log as a file, byte for byte."""
    log = open_job_log(request, run_id, job_id, **run_fields)
    return anvil.BlobMedia("text/plain; charset=utf-8", log.content(), name=log.file_name)


@login_required(Role.VIEWER)
def list_activity(request: RequestContext) -> dict[str, Any]:
    """Return errors, activities and the agents' heartbeats."""
    return read_activity(request.state, now=request.now)


@login_required(Role.OPERATOR)
def dismiss_error(request: RequestContext, agent: object, repository: object, what: object) -> int:
    """Delete all errors with the cause of one; ``what`` is its message."""
    name, full_name = require_text(agent, "agent"), optional_text(repository, "repository")
    text = require_text(what, "what", max_chars=100_000)
    removed = remove_errors_of_cause(request.state, agent=name, repository=full_name, message=text)
    if removed:
        request.record_activity(f"dismissed an error of the {name}", repository=full_name)
    return removed


@login_required(Role.OPERATOR)
def dismiss_all_errors(request: RequestContext, until: object) -> int:
    """Delete all errors up to a time, which is that of the newest error on the page."""
    at = parse_timestamp(require_text(until, "The time"))
    if at is None:
        raise Rejected("The time must be a timestamp of the list of errors.")
    removed = remove_errors_until(request.state, at)
    if removed:
        request.record_activity("dismissed all errors")
    return removed


@login_required(Role.OPERATOR)
def control_agent(request: RequestContext, name: object, command: object) -> dict[str, Any]:
    """Start an agent, pause it after its current work, or stop it immediately."""
    agent = require_text(name, "The agent's name")
    if agent not in AGENTS:
        raise Rejected(f"The agent {agent} does not exist. The agents are {' and '.join(AGENTS)}.")
    if command not in ("start", "pause", "stop"):
        raise Rejected("The command must be start, pause or stop.")
    request.state.save_desired_state(
        agent, DESIRED_RUNNING if command == "start" else DESIRED_PAUSED
    )
    if command == "start":
        launch_tick(request, agent)
    elif command == "stop":
        _kill_running(TASKS[agent])
    done = {"start": "started", "pause": "paused", "stop": "stopped"}[str(command)]
    request.record_activity(f"{done} the {agent}")
    rows = load_agent_rows(request.state, now=request.now)
    return next(row for row in rows if row["name"] == agent)


def _kill_running(task_name: str) -> None:
    """Kill the running task; its leases expire, and its work is retried.

    Anvil lists up to a thousand tasks, and reading the name of each is a call. So the search starts
    with the newest task and is limited. A task that it does not find pauses when it checks the
    desired state.
    """
    ended, ends_at = 0, time.monotonic() + _SEARCH_SECONDS
    for task in reversed(anvil.server.list_background_tasks()):
        if ended == _MAX_ENDED or time.monotonic() >= ends_at:
            return
        if task.get_task_name() == task_name:
            if task.get_termination_status() is None:
                task.kill()
            else:
                ended += 1
