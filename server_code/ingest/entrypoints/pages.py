"""What the pages of the web app ask beside the five server functions."""

from __future__ import annotations

import time
from typing import Any

import anvil
import anvil.server

from ..domain.ledger import WISH_PAUSED, WISH_RUNNING
from ..errors import Rejected
from ..services.dashboard.activity import list_activity as read_activity
from ..services.dashboard.agents import load_agent_rows
from ..services.dashboard.collection import load_collection
from ..services.dashboard.repositories import check_repository as check
from ..services.dashboard.repositories import list_repository_rows, require_watched
from ..services.dashboard.runs import RunAddress, load_run
from ..services.world import AGENTS
from .arguments import bounded, optional_id, optional_text, require_id, require_text
from .callables import one_repository, open_job_log
from .desk import Desk
from .doors import for_people
from .waking import TASKS, wake

#: How long the task at work is looked for, and how many that have ended are met before that is all.
_LOOK_SECONDS = 5.0
_ENOUGH_ENDED = 3


@for_people
def get_collection_progress(desk: Desk, collection_id: object) -> dict[str, Any]:
    """Tell how far a collection is that a person asked for."""
    return load_collection(
        desk.state, require_text(collection_id, "The collection's id"), now=desk.now
    )


@for_people
def list_repositories(desk: Desk) -> list[dict[str, Any]]:
    """List the watched repositories, those that fail first."""
    return list_repository_rows(desk.state, desk.settings, now=desk.now)


@for_people
def check_repository(desk: Desk, repo_url: object) -> dict[str, Any]:
    """Say whether a repository can be added, and what GitHub says of it."""
    given = optional_text(repo_url, "The repository's address") or ""
    return check(desk.state, desk.settings, desk.open_source, given)


@for_people
def pause_repository(desk: Desk, full_name: object) -> dict[str, Any]:
    """Poll a repository no more until it is resumed; what is known of it stays."""
    record = require_watched(desk.state, require_text(full_name, "The repository's name"))
    desk.state.set_paused(record.full_name, paused=True)
    desk.note("paused it", repository=record.full_name)
    return one_repository(desk, record.full_name)


@for_people
def resume_repository(desk: Desk, full_name: object) -> dict[str, Any]:
    """Poll a repository again, at once."""
    record = require_watched(desk.state, require_text(full_name, "The repository's name"))
    desk.state.set_paused(record.full_name, paused=False)
    desk.note("resumed it", repository=record.full_name)
    return one_repository(desk, record.full_name)


@for_people
def remove_repository(desk: Desk, full_name: object) -> None:
    """Watch a repository no more; what was collected of it is kept."""
    record = require_watched(desk.state, require_text(full_name, "The repository's name"))
    desk.state.remove_repository(record.full_name)
    desk.note("removed it", repository=record.full_name)


@for_people
def get_run(
    desk: Desk, run_id: object, run_attempt: object = None, repository: object = None
) -> dict[str, Any]:
    """Tell all that is known of a run's attempt, the newest by default."""
    address = RunAddress(
        run_id=require_id(run_id, "The run's id"),
        run_attempt=optional_id(run_attempt, "The attempt"),
        repository=optional_text(repository, "The repository's name"),
    )
    return load_run(desk.state, address, web_url=desk.settings.github.web_url, now=desk.now)


@for_people
def find_in_log(
    desk: Desk, run_id: object, job_id: object, text: object, after: object = 0, **place: object
) -> dict[str, Any]:
    """Find the next lines of a log that hold a text, whatever its case."""
    log = open_job_log(desk, run_id, job_id, **place)
    return log.find(
        require_text(text, "What to look for"), bounded(after, "after", least=0, most=10**12)
    )


@for_people
def outline_log(desk: Desk, run_id: object, job_id: object, **place: object) -> dict[str, Any]:
    """Find groups, errors and warnings of a whole log."""
    return open_job_log(desk, run_id, job_id, **place).outline()


@for_people
def download_log(desk: Desk, run_id: object, job_id: object, **place: object) -> anvil.Media:
    """Give a whole log as a file, byte for byte."""
    log = open_job_log(desk, run_id, job_id, **place)
    return anvil.BlobMedia("text/plain", log.content(), name=log.file_name)


@for_people
def list_activity(desk: Desk) -> dict[str, Any]:
    """List errors, deeds and the agents' signs of life."""
    return read_activity(desk.state)


@for_people
def dismiss_error(desk: Desk, agent: object, repository: object, what: object) -> int:
    """Forget an error, however often it came."""
    return desk.state.remove_errors(
        agent=require_text(agent, "agent"),
        repository=optional_text(repository, "repository"),
        what=require_text(what, "what", most=100_000),
    )


@for_people
def control_agent(desk: Desk, name: object, wish: object) -> dict[str, Any]:
    """Start an agent, pause it after what is in hand, or stop it at once."""
    agent = require_text(name, "The agent's name")
    if agent not in AGENTS:
        raise Rejected(f"There is no agent {agent}: there are {' and '.join(AGENTS)}.")
    if wish not in ("start", "pause", "stop"):
        raise Rejected("An agent can be told to start, pause or stop.")
    desk.state.save_agent_wish(agent, WISH_RUNNING if wish == "start" else WISH_PAUSED)
    if wish == "start":
        wake(desk, agent)
    elif wish == "stop":
        _kill_running(TASKS[agent])
    done = {"start": "started", "pause": "paused", "stop": "stopped"}[str(wish)]
    desk.note(f"{done} the {agent}")
    rows = load_agent_rows(desk.state, now=desk.now)
    return next(row for row in rows if row["name"] == agent)


def _kill_running(task_name: str) -> None:
    """Kill the task at work; its leases run out, and its work comes back.

    Each task is asked for its name, and a server remembers a thousand: the newest are asked first,
    and after a while none any more. A task that is not found in time sees the wish to rest itself.
    """
    ended, ends_at = 0, time.monotonic() + _LOOK_SECONDS
    for task in reversed(anvil.server.list_background_tasks()):
        if ended == _ENOUGH_ENDED or time.monotonic() >= ends_at:
            return
        if task.get_task_name() == task_name:
            if task.get_termination_status() is None:
                task.kill()
            else:
                ended += 1
