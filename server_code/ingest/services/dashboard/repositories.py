"""The watched repositories: checking, adding, removing, and their order of interest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ...domain.ledger import MAX_ERRORS, ErrorRecord, RepositoryRecord, new_repository
from ...domain.repositories import parse_full_name
from ...domain.source_records import reports_credential_rejection, sources_of
from ...domain.stored_values import repository_key
from ...errors import (
    AccessDenied,
    IngestError,
    InvalidRepository,
    NotFound,
    Rejected,
    RepositoryUnavailable,
    Retriable,
)
from ...ports import (
    ActionsApi,
    DashboardReads,
    RepositoryInfo,
    RepositoryStore,
    RunPage,
    RunQuery,
    StateStore,
)
from ...settings import Settings
from ..time_limits import call_with_timeout

#: How long a person waits for GitHub while typing, and while adding what was typed.
CHECK_SECONDS = 10.0
ADDING_SECONDS = 5.0

_NOT_FOUND_REMEDY = (
    "Check its name, and that the token may see it: GitHub answers 404 for private ones."
)

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
        name = parse_full_name(given, hosts=settings.github.web_hosts)
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
    """Watch a repository, under the name that GitHub reports; do nothing if it is watched.

    Raises InvalidRepository, RepositoryUnavailable, AccessDenied and BadCredentials. If GitHub does
    not answer, the repository is added, because polling tries again.
    """
    name = parse_full_name(given, hosts=settings.github.web_hosts)
    known = store.load_repository(name)
    if known is not None:
        return known
    try:
        info = call_with_timeout(seconds, "GitHub", lambda: open_github().fetch_repository(name))
        name = info.full_name
    except Retriable:
        pass
    except RepositoryUnavailable as error:
        raise RepositoryUnavailable(f"{error} {error.remedy or _NOT_FOUND_REMEDY}") from error
    days = settings.collecting.backfill_days
    return store.add_repository(new_repository(name, backfill_days=days, now=now))


def sort_by_interest(records: Iterable[RepositoryRecord]) -> list[RepositoryRecord]:
    """Return the repositories in order of interest: failing polls, then the latest changed.

    Paused ones come last.
    """
    return sorted(records, key=_by_interest)


def require_watched(store: RepositoryStore, full_name: str) -> RepositoryRecord:
    """Load a watched repository. Raises NotFound, also if somebody has just removed it."""
    record = store.load_repository(full_name)
    if record is None:
        raise NotFound(f"{full_name} is not watched.")
    return record


def remove_repository(store: StateStore, full_name: str) -> RepositoryRecord:
    """Stop watching a repository; return what it was.

    Raises NotFound, or Rejected for one that a source would add again within minutes.
    """
    record = require_watched(store, full_name)
    key = repository_key(record.full_name)
    known = store.list_discovered_repositories()
    found = next((each for each in known if repository_key(each.full_name) == key), None)
    is_missing = found is not None and found.is_missing
    names = (record.full_name,) if found is None else found.names
    sources = sources_of(store.list_sources())
    of_names = (
        sources.source_of(name, is_listed_to_credential=found is not None) for name in names
    )
    # A source of all owners (`*`) adds only what GitHub lists to a credential: then it is known.
    # What GitHub does not show is on no list, but a source that names it adds it nevertheless.
    adding = (each for each in of_names if each and (each.names_one_repository or not is_missing))
    source = next(adding, None)
    if source is not None and sources.exclusion_of(*names) is None:
        remedy = f"add the source !{record.full_name}"
        if source.names_one_repository:
            remedy = "remove that source"
        if not record.paused:
            remedy = f"pause it, or {remedy}"
        raise Rejected(f"The source {source} would add {record.full_name} again: {remedy}.")
    store.remove_repository(record.full_name)
    return record


def _by_interest(record: RepositoryRecord) -> tuple[bool, bool, float, str]:
    changed = record.last_changed_at
    age = -changed.timestamp() if changed else 0.0
    return (record.paused, not record.failed_polls, age, record.full_name)


def with_recorded_remedies(
    store: DashboardReads, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Replace remedies of repositories by those recorded with their errors: more specific ones."""
    if not any(row["failures"] for row in rows):
        return rows
    errors = store.list_errors(limit=MAX_ERRORS)
    return [{**row, "remedy": _recorded_remedy(row, errors) or row["remedy"]} for row in rows]


def _recorded_remedy(row: Mapping[str, Any], errors: Sequence[ErrorRecord]) -> str | None:
    """Return what to do about a repository's error, which may be that of its credential."""
    failing, reason = row["full_name"], row["last_error"]
    if reason is None:
        return None
    remedies = (
        each.remedy
        for each in errors
        if (each.repository, each.message) == (failing, reason)
        or reports_credential_rejection(each.message, reason)
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
    advice = None
    if info.is_archived:
        advice = "It is archived: no new workflows run."
    elif not count:
        advice = "No workflow has run yet, or GitHub Actions is disabled."
    answer = _answer(name, finding, advice, can_be_added=True)
    return {**answer, "is_ok": advice is None}


def _remedy(error: IngestError) -> str:
    if error.remedy is not None:
        return error.remedy
    if isinstance(error, RepositoryUnavailable):
        return _NOT_FOUND_REMEDY
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
