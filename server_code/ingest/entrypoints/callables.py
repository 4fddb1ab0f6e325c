"""The five server functions that every host of the app answers; the pages' own are beside it."""

from __future__ import annotations

import secrets
from dataclasses import fields
from typing import Any

import anvil.server

from ..domain.log_pages import ANSWER_LINES
from ..services.collect_now import find_running, start_collection
from ..services.dashboard.collection import collection_row, load_collection
from ..services.dashboard.logs import JobLog, find_job_log
from ..services.dashboard.overview import take_overview
from ..services.dashboard.repositories import require_watched, watch_repository
from ..services.dashboard.rows import repository_row
from ..services.dashboard.runs import MOST_RUNS_A_PAGE, RunAddress, RunChoice, list_runs
from ..services.world import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from .arguments import bounded, optional_id, optional_text, require_id, require_text
from .desk import Desk
from .doors import for_people
from .waking import wake


@for_people
def get_collection_status(desk: Desk) -> dict[str, Any]:
    """Tell how collecting goes: agents, messages, GitHub's budget, runs, failures, errors."""
    overview = take_overview(desk.state, desk.settings, now=desk.now)
    return {**overview, "user": desk.actor}


@for_people
def configure_repository(desk: Desk, repo_url: object) -> dict[str, Any]:
    """Watch a repository, given by its URL; one that is watched stays as it is."""
    given = require_text(repo_url, "The repository's address")
    now = desk.now
    record = watch_repository(desk.state, desk.settings, desk.open_source, given, now=now)
    if record.added_at == now:
        desk.note("added it", repository=record.full_name)
        wake(desk, PIPELINE_MONITORING_AGENT)
        wake(desk, LOG_INGESTION_AGENT)
    return one_repository(desk, record.full_name)


@for_people
def trigger_manual_collection(desk: Desk, repository: object = None) -> dict[str, Any]:
    """Begin to collect everything, or one repository, now; return at once with what to follow.

    While a collection is under way that one is returned.
    """
    only = optional_text(repository, "The repository's name")
    if only is not None:
        only = require_watched(desk.state, only).full_name
    running = find_running(desk.state, now=desk.now)
    if running is not None:
        return collection_row(running, now=desk.now)
    collection_id, started_at = secrets.token_hex(8), desk.now
    start_collection(desk.state, collection_id, only=only, now=started_at)
    anvil.server.launch_background_task("collect_now", collection_id, only, started_at.isoformat())
    desk.note("collected by hand", repository=only)
    return load_collection(desk.state, collection_id, now=desk.now)


@for_people
def get_recent_metrics(
    desk: Desk, limit: object = 20, offset: object = 0, **choice: object
) -> dict[str, Any]:
    """List recent runs, the newest first, narrowed down by any field of RunChoice."""
    names = [field.name for field in fields(RunChoice)]
    chosen = {name: optional_text(choice.get(name), name) for name in names}
    return list_runs(
        desk.state,
        RunChoice(**chosen),
        limit=bounded(limit, "limit", least=1, most=MOST_RUNS_A_PAGE),
        offset=bounded(offset, "offset", least=0, most=1_000_000),
    )


@for_people
def get_job_logs(
    desk: Desk,
    run_id: object,
    job_id: object,
    first_line: object = 1,
    count: object = 1000,
    **place: object,
) -> dict[str, Any]:
    """Read lines of a job's raw log; an unavailable log says why."""
    log = open_job_log(desk, run_id, job_id, **place)
    first = bounded(first_line, "first_line", least=1, most=10**12)
    return log.page(first, bounded(count, "count", least=1, most=ANSWER_LINES))


def one_repository(desk: Desk, full_name: str) -> dict[str, Any]:
    """Lay out one watched repository. Raises NotFound."""
    record = require_watched(desk.state, full_name)
    counts = desk.state.count_ledger(record.full_name)
    return repository_row(record, counts, web_url=desk.settings.github.web_url, now=desk.now)


def open_job_log(desk: Desk, run_id: object, job_id: object, **place: object) -> JobLog:
    """Find a job's log by its ids; ``place`` may name repository and attempt. Raises NotFound."""
    address = RunAddress(
        run_id=require_id(run_id, "The run's id"),
        run_attempt=optional_id(place.get("run_attempt"), "The attempt"),
        repository=optional_text(place.get("repository"), "The repository's name"),
    )
    job = require_id(job_id, "The job's id")
    return find_job_log(desk.state, desk.cache, desk.open_log_sources, address, job)
