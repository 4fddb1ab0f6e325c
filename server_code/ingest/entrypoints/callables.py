"""The five main server functions; the others of the pages are in ``pages``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anvil.server

from ..domain.backlog import request_budget
from ..domain.log_pages import MAX_ANSWER_LINES
from ..services.collections.manual_collection import (
    claim_collection,
    find_running_collection,
    new_collection,
    start_collection,
)
from ..services.context import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from ..services.dashboard.collection import collection_row
from ..services.dashboard.logs import JobLog, find_job_log
from ..services.dashboard.overview import build_overview
from ..services.dashboard.repositories import require_watched, watch_repository
from ..services.dashboard.rows import repository_row
from ..services.dashboard.runs import (
    MAX_RUNS_PER_PAGE,
    RUN_FILTERS,
    RunFilters,
    RunReference,
    list_runs,
)
from .arguments import clamp, optional_day, optional_id, optional_text, require_id, require_text
from .auth import login_required
from .request_context import RequestContext
from .roles import Role
from .task_launcher import launch_tick


@login_required(Role.VIEWER)
def get_collection_status(request: RequestContext) -> dict[str, Any]:
    """Return the state of collection: agents, messages, rate limit, runs, failures, errors."""
    overview = build_overview(request.state, request.settings, now=request.now)
    return {**overview, "user": request.actor}


@login_required(Role.OPERATOR)
def configure_repository(request: RequestContext, repo_url: object) -> dict[str, Any]:
    """Watch a repository given by its URL; a watched one stays unchanged."""
    given = require_text(repo_url, "The repository's address")
    now = request.now
    record = watch_repository(request.state, request.settings, request.open_github, given, now=now)
    if record.added_at == now:
        request.record_activity("added it", repository=record.full_name)
        launch_tick(request, PIPELINE_MONITORING_AGENT)
        launch_tick(request, LOG_INGESTION_AGENT)
    return repository_row_of(request, record.full_name)


@login_required(Role.OPERATOR)
def trigger_manual_collection(request: RequestContext, repository: object = None) -> dict[str, Any]:
    """Start to collect all repositories, or one, and return the collection immediately.

    While a collection is running, that one is returned.
    """
    only = optional_text(repository, "The repository's name")
    if only is not None:
        only = require_watched(request.state, only).full_name
    known = request.state.list_collections()
    running = find_running_collection(known, now=request.now)
    if running is not None:
        return collection_row(running, now=request.now)
    collection_id, may_start = claim_collection(request.state, known, now=request.now)
    if not may_start:
        begun = new_collection(request.state, collection_id, repository=only, now=request.now)
        return collection_row(begun, now=request.now)
    started = start_collection(request.state, collection_id, repository=only, now=request.now)
    anvil.server.launch_background_task("collect_now", started.collection_id)
    request.record_activity("started a collection", repository=only)
    return collection_row(started, now=request.now)


@login_required(Role.VIEWER)
def get_recent_metrics(
    request: RequestContext,
    limit: object = 20,
    offset: object = 0,
    order: object = "start",
    **choice: object,
) -> dict[str, Any]:
    """Return recent runs, newest first by default, filtered by the fields of RunFilters."""
    names = (*RUN_FILTERS, "search")
    chosen: dict[str, Any] = {name: optional_text(choice.get(name), name) for name in names}
    return list_runs(
        request.state,
        replace(
            RunFilters(**chosen),
            since=optional_day(choice.get("since"), "since"),
            until=optional_day(choice.get("until"), "until"),
        ),
        order=require_text(order, "order"),
        limit=clamp(limit, "limit", minimum=1, maximum=MAX_RUNS_PER_PAGE),
        offset=clamp(offset, "offset", minimum=0, maximum=1_000_000),
    )


@login_required(Role.VIEWER)
def get_job_logs(
    request: RequestContext,
    run_id: object,
    job_id: object,
    first_line: object = 1,
    count: object = 1000,
    **run_fields: object,
) -> dict[str, Any]:
    """Return lines of a job's raw log, or why it is unavailable.

    With ``details``, the answer has status, steps and annotations of the job, too.
    """
    with_details = bool(run_fields.pop("details", None))
    log = open_job_log(request, run_id, job_id, **run_fields)
    first = clamp(first_line, "first_line", minimum=1, maximum=10**12)
    page = log.page(first, clamp(count, "count", minimum=1, maximum=MAX_ANSWER_LINES))
    if with_details:
        page["job"] = log.details(request.settings.github.web_url)
    return page


def repository_row_of(request: RequestContext, full_name: str) -> dict[str, Any]:
    """Return one watched repository. Raises NotFound."""
    record = require_watched(request.state, full_name)
    counts = request.state.count_ledger(record.full_name)
    agents = request.state.list_agents() if counts.unread_attempts else ()
    return repository_row(
        record,
        counts,
        web_url=request.settings.github.web_url,
        now=request.now,
        budget=request_budget(agents, request.now),
    )


def run_reference(
    run_id: object, run_attempt: object = None, repository: object = None, **_ignored: object
) -> RunReference:
    """Return the ids of a run; its attempt and repository may not be known. Raises Rejected."""
    return RunReference(
        run_id=require_id(run_id, "The run's id"),
        run_attempt=optional_id(run_attempt, "The attempt"),
        repository=optional_text(repository, "The repository's name"),
    )


def open_job_log(
    request: RequestContext, run_id: object, job_id: object, **run_fields: object
) -> JobLog:
    """Find a job's log by its ids. Raises NotFound."""
    reference, job = run_reference(run_id, **run_fields), require_id(job_id, "The job's id")
    return find_job_log(request.state, request.open_log_reader, reference, job)
