"""The Repositories page: its list, and the sources of what is watched."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..bootstrap.github import open_github_apis
from ..domain.counted_nouns import plural
from ..domain.filters import FILTERS_APPLY_FROM_NOW_ON, PATTERN_NAMES, Filters, parse_filters
from ..domain.source_records import FROM_PAGE
from ..domain.sources import SourcePattern, parse_source
from ..errors import Rejected
from ..services.context import PIPELINE_MONITORING_AGENT
from ..services.dashboard.repository_list import (
    RepositoryQuery,
    list_repository_page,
    set_matching_paused,
)
from ..services.dashboard.source_check import check_source
from ..services.sources.manage_sources import add_sources, change_filters, plan_removal
from ..services.sources.manage_sources import remove_source as remove
from .arguments import clamp, optional_text, require_text
from .auth import login_required
from .request_context import RequestContext
from .roles import Role
from .task_launcher import launch_tick

#: A call pauses repositories until this time is over; the page calls again for the rest.
MAX_CALL_SECONDS = 10.0


@login_required(Role.VIEWER)
def get_repositories(request: RequestContext, **choice: object) -> dict[str, Any]:
    """Return a page of the watched repositories with their sources."""
    return list_repository_page(request.state, request.settings, _query_of(choice), now=request.now)


@login_required(Role.OPERATOR)
def preview_source(request: RequestContext, source: object) -> dict[str, Any]:
    """Return what a source would include and leave out, and its requests an hour."""
    with open_github_apis(request.settings, clock=request.clock) as github:
        return check_source(
            request.state,
            github,
            _pattern_of(request, source),
            log_mode=request.settings.collecting.log_mode,
            now=request.now,
        )


@login_required(Role.OPERATOR)
def add_source(request: RequestContext, source: object) -> dict[str, Any]:
    """Add a source, and launch the tick that lists its repositories."""
    pattern = _pattern_of(request, source)
    if add_sources(request.state, [pattern], origin=FROM_PAGE, now=request.now):
        request.record_activity(f"added the source {pattern}")
        launch_tick(request, PIPELINE_MONITORING_AGENT)
    return {"full_name": str(pattern)}


@login_required(Role.OPERATOR)
def set_source_filters(request: RequestContext, source: object, filters: object) -> str:
    """Change the filters of a source; return what they are now and from when on they apply."""
    pattern = require_text(source, "The source")
    sentence = change_filters(request.state, pattern, _filters_of(filters))
    request.record_activity(f"changed {sentence[0].lower()}{sentence[1:]}")
    return f"{sentence} {FILTERS_APPLY_FROM_NOW_ON}"


@login_required(Role.OPERATOR)
def plan_source_removal(request: RequestContext, source: object) -> str:
    """Return what the removal of a source does to its repositories."""
    return plan_removal(request.state, require_text(source, "The source")).sentence


@login_required(Role.ADMIN)
def remove_source(request: RequestContext, source: object) -> str:
    """Remove a source; return what happened to its repositories."""
    removal = remove(request.state, require_text(source, "The source"))
    request.record_activity(f"removed the source {removal.pattern}: {removal.sentence}")
    return removal.sentence


@login_required(Role.OPERATOR)
def pause_repositories(request: RequestContext, paused: object, **choice: object) -> dict[str, int]:
    """Pause or resume all repositories of a list; ``left``: how many are not done yet."""
    ends_at = time.monotonic() + MAX_CALL_SECONDS
    done, left = set_matching_paused(
        request.state,
        _query_of(choice),
        paused=bool(paused),
        should_continue=lambda: time.monotonic() < ends_at,
    )
    if done:
        count = plural(done, "repository", "repositories")
        request.record_activity(f"{'paused' if paused else 'resumed'} {count}")
    if done and not paused:
        launch_tick(request, PIPELINE_MONITORING_AGENT)
    return {"done": done, "left": left}


def _query_of(choice: Mapping[str, object]) -> RepositoryQuery:
    return RepositoryQuery(
        search=optional_text(choice.get("search"), "search"),
        source=optional_text(choice.get("source"), "source"),
        sort=optional_text(choice.get("sort"), "sort") or "problems",
        page=clamp(choice.get("page", 1), "page", minimum=1, maximum=100_000),
    )


def _pattern_of(request: RequestContext, source: object) -> SourcePattern:
    hosts = request.settings.github.web_hosts
    return parse_source(require_text(source, "The source"), hosts=hosts)


def _filters_of(filters: object) -> Filters:
    """Read the filters that a form sends. Raises Rejected."""
    if not isinstance(filters, Mapping):
        raise Rejected("The filters must be texts by their names.")
    texts = {
        name: optional_text(filters.get(name), name, max_chars=2_000) or ""
        for name in (*PATTERN_NAMES, "logs")
    }
    try:
        return parse_filters(texts)
    except ValueError as fault:
        raise Rejected(f"A filter is not valid: {fault}.") from fault
