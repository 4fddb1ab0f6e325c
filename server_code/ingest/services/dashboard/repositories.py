"""The watched repositories: checking, adding, and their order of interest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ...domain.ledger import MAX_ERRORS, ErrorRecord, RepositoryRecord, new_repository
from ...domain.repositories import parse_repository
from ...domain.source_records import is_rejection
from ...errors import (
    AccessDenied,
    IngestError,
    InvalidRepository,
    NotFound,
    RepositoryUnavailable,
    Retriable,
)
from ...ports import (
    ActionsApi,
    RepositoryInfo,
    RepositoryStore,
    RunPage,
    RunQuery,
    StateStore,
    ViewStore,
)
from ...settings import Settings
from ..time_limits import call_with_timeout

#: How long a person waits for GitHub while typing, and while adding what was typed.
CHECK_SECONDS = 10.0
ADDING_SECONDS = 5.0

#: Opens GitHub; called only for valid names.
OpenGithub = Callable[[], ActionsApi]


def check_repository(
    store: StateStore,
    settings: Settings,
    open_github: OpenGithub,
    given: str,
    *,
    seconds: float = CHECK_SECONDS,
) -> dict[str, Any]:
    """Return whether a repository can be added, and GitHub's answer. Changes nothing."""
    try:
        name = parse_repository(given, hosts=settings.github.web_hosts).full_name
    except InvalidRepository as error:
        return _answer(None, str(error), "Enter OWNER/NAME, or the URL of its page on GitHub.")
    if store.load_repository(name) is not None:
        return {**_answer(name, f"{name} is already watched.", None), "is_watched": True}
    return _ask_github(name, open_github, seconds)


def watch_repository(  # noqa: PLR0913 - what is watched, where, and how long GitHub is asked
    store: StateStore,
    settings: Settings,
    open_github: OpenGithub,
    given: str,
    *,
    now: datetime,
    seconds: float = ADDING_SECONDS,
) -> RepositoryRecord:
    """Watch a repository from now on, by GitHub's name of it; one that is watched stays as it is.

    Raises InvalidRepository, and what GitHub says against it: RepositoryUnavailable,
    AccessDenied, BadCredentials. Where GitHub does not answer it is added: polling tries again.
    """
    name = parse_repository(given, hosts=settings.github.web_hosts).full_name
    known = store.load_repository(name)
    if known is not None:
        return known

    def fetch() -> RepositoryInfo:
        return open_github().fetch_repository(name)

    try:
        name = call_with_timeout(
            seconds, "GitHub", fetch
        ).full_name  # messages carry it, in its own case
    except Retriable:
        pass
    except RepositoryUnavailable as error:
        raise RepositoryUnavailable(f"{error} {error.remedy or _HIDDEN}") from error
    days = settings.collecting.backfill_days
    return store.add_repository(new_repository(name, backfill_days=days, now=now))


def busiest(records: Iterable[RepositoryRecord]) -> list[RepositoryRecord]:
    """Return the repositories in order of interest: failing ones, then by their last change.

    Paused ones come last.
    """
    return sorted(records, key=_by_relevance)


def require_watched(store: RepositoryStore, full_name: str) -> RepositoryRecord:
    """Load a watched repository. Raises NotFound, also where somebody has just removed it."""
    record = store.load_repository(full_name)
    if record is None:
        raise NotFound(f"{full_name} is not watched.")
    return record


_HIDDEN = "Check its name, and that the token may see it: private ones look as if not there."


def _by_relevance(record: RepositoryRecord) -> tuple[bool, bool, float, str]:
    changed = record.last_changed_at
    age = -changed.timestamp() if changed else 0.0
    return (record.paused, not record.failures, age, record.full_name)


def with_recorded_remedies(store: ViewStore, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Replace remedies by those recorded with the errors, which are more specific."""
    if not any(row["failures"] for row in rows):
        return rows
    errors = store.list_errors(limit=MAX_ERRORS)
    return [{**row, "remedy": _recorded_remedy(row, errors) or row["remedy"]} for row in rows]


def _recorded_remedy(row: Mapping[str, Any], errors: Sequence[ErrorRecord]) -> str | None:
    """Return what to do about a repository's error, also where it is that of its credential."""
    failing, reason = row["full_name"], row["last_error"]
    if reason is None:
        return None
    remedies = (
        each.remedy
        for each in errors
        if (each.repository, each.what) == (failing, reason) or is_rejection(each.what, reason)
    )
    return next(remedies, None)


def _ask_github(name: str, open_github: OpenGithub, seconds: float) -> dict[str, Any]:
    def fetch() -> tuple[RepositoryInfo, RunPage | None]:
        github = open_github()
        return github.fetch_repository(name), github.fetch_runs(name, RunQuery()).value

    try:
        info, page = call_with_timeout(seconds, "GitHub", fetch)
    except Retriable as error:
        remedy = "You can add it anyway: it is polled as soon as GitHub responds."
        return _answer(name, str(error), remedy, can_be_added=True)
    except IngestError as error:
        return _answer(name, str(error), _remedy(error))
    count = page.total_count if page is not None else 0
    kind = "private" if info.is_private else "public"
    finding = f"{info.full_name} is {kind} and has {count:,} workflow runs."
    remedy_or_none = None
    if info.is_archived:
        remedy_or_none = "It is archived: no new workflows run."
    elif not count:
        remedy_or_none = "No workflow has run yet, or GitHub Actions is disabled."
    answer = _answer(name, finding, remedy_or_none, can_be_added=True)
    return {**answer, "is_ok": remedy_or_none is None}


def _remedy(error: IngestError) -> str:
    if error.remedy is not None:
        return error.remedy
    if isinstance(error, RepositoryUnavailable):
        return _HIDDEN
    if isinstance(error, AccessDenied):
        return "Grant the token read access to Actions of this repository."
    return "Run the checks under Settings to see what to fix."


def _answer(
    full_name: str | None, finding: str, remedy: str | None, *, can_be_added: bool = False
) -> dict[str, Any]:
    return {
        "full_name": full_name,
        "is_ok": False,
        "can_be_added": can_be_added,
        "is_watched": False,
        "finding": finding,
        "remedy": remedy,
    }
