"""What a source would include, and what it would cost; nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ...domain.counted_nouns import plural
from ...domain.globs import matches_glob
from ...domain.source_records import ALL_OWNERS, incomplete_list_note
from ...domain.sources import SourcePattern, Sources
from ...domain.timestamps import format_timestamp
from ...errors import AccessDenied, BadCredentials, CredentialSuspended, IngestError
from ...ports import ActionsApi, RepositoryApi, RepositoryInfo, RepositoryList, RunQuery

#: A repository without a push in this time is expected to have no runs.
ACTIVE_FOR = timedelta(days=7)

#: How many active repositories' runs are counted, one request each, to estimate the others'.
SAMPLE_SIZE = 5

#: Requests by LOG_MODE for a run of 5 jobs that polling finds and whose logs are all fetched, as
#: ``make bench`` measures them.
REQUESTS_PER_RUN = {"economy": 5.0, "live": 13.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePreview:
    """What a source matches. ``left_out``: names with the reason.

    ``runs_per_hour`` and ``requests_per_hour`` are estimates from the runs of the last week;
    ``allowed_per_hour`` is the limit of the credentials whose lists held a match; ``errors``:
    of lists that could not be read. ``truncation_note``: about a list that lacks repositories.
    """

    matched: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    private_count: int = 0
    active_count: int = 0
    credentials: tuple[str, ...] = ()
    runs_per_hour: float = 0.0
    requests_per_hour: int = 0
    allowed_per_hour: int | None = None
    errors: tuple[IngestError, ...] = ()
    truncation_note: str | None = None


@dataclass(frozen=True, slots=True)
class GithubApis:
    """The APIs of GitHub that a preview calls."""

    repositories: RepositoryApi
    actions: ActionsApi


def preview_source(
    github: GithubApis,
    pattern: SourcePattern,
    other_sources: Sequence[SourcePattern],
    *,
    log_mode: str,
    now: datetime,
) -> SourcePreview:
    """List what a source would include in addition to other sources, and estimate its cost.

    Raises the most specific error of the credentials if nothing was listed.
    """
    lists = _fetch_lists(github.repositories, pattern)
    if lists.errors and not lists.listed:
        raise lists.errors[0]
    sources = Sources((*other_sources, pattern))
    matched: list[RepositoryInfo] = []
    left_out: list[tuple[str, str]] = []
    for info in sorted(lists.listed.values(), key=lambda each: each.full_name.lower()):
        reason = _reason_left_out(info, sources)
        if reason is None:
            matched.append(info)
        else:
            left_out.append((info.full_name, reason))
    active = [each for each in matched if each.pushed_at and now - each.pushed_at <= ACTIVE_FOR]
    runs_per_hour = _count_runs(github.actions, active, now) / (ACTIVE_FOR / timedelta(hours=1))
    limits = [
        each.rate_limit.limit
        for each in github.repositories.credentials()
        if each.name in lists.credentials and each.rate_limit is not None
    ]
    return SourcePreview(
        matched=tuple(each.full_name for each in matched),
        left_out=tuple(left_out),
        private_count=sum(each.is_private for each in matched),
        active_count=len(active),
        credentials=tuple(lists.credentials),
        runs_per_hour=runs_per_hour,
        requests_per_hour=round(runs_per_hour * REQUESTS_PER_RUN[log_mode]),
        allowed_per_hour=sum(limits) or None,
        errors=tuple(lists.errors),
        truncation_note=lists.truncation_note,
    )


def describe_preview(preview: SourcePreview) -> str:
    """Return a preview as sentences."""
    counted = plural(len(preview.matched), "repository", "repositories")
    parts = [f"{counted} ({preview.private_count:,} private), {len(preview.left_out):,} left out"]
    if preview.credentials:
        parts.append(f"read with {', '.join(preview.credentials)}")
    allowed = "" if preview.allowed_per_hour is None else f" of {preview.allowed_per_hour:,}"
    requests = preview.requests_per_hour
    counted_requests = f"about {requests:,}" if requests else "less than 1"
    cost = f"{counted_requests}{allowed} requests an hour"
    return (
        f"{'; '.join(parts)}. {preview.active_count:,} had a push in the last week: {cost} for "
        f"{preview.runs_per_hour:,.1f} runs an hour."
        + (f" {preview.truncation_note}" if preview.truncation_note else "")
    )


@dataclass(slots=True)
class _Lists:
    """What GitHub's lists hold of one source: repositories by their names in lower case."""

    listed: dict[str, RepositoryInfo] = field(default_factory=dict)
    credentials: list[str] = field(default_factory=list)
    errors: list[IngestError] = field(default_factory=list)
    truncation_note: str | None = None


def _fetch_lists(api: RepositoryApi, pattern: SourcePattern) -> _Lists:
    owner, lists = pattern.exact_owner, _Lists()
    queries = api.list_queries_for([] if owner is None else [owner], of_all_owners=owner is None)
    is_only = len({query.credential for query in queries}) == 1
    errors: list[tuple[int, IngestError]] = []
    for query in queries:
        try:
            value = api.fetch_repositories(query).value or RepositoryList(())
        except IngestError as error:
            errors.append((_rank(error, is_of_owner=query.owner == owner), error))
            continue
        fitting = [each for each in value.repositories if pattern.matches(each.full_name)]
        if fitting and query.credential not in lists.credentials:
            lists.credentials.append(query.credential)
        for each in fitting:
            lists.listed.setdefault(each.full_name.lower(), each)
        # The query of an installation asks for all owners: its account is the only one there.
        owner_of_list = query.installation_account or query.owner
        is_of_all_owners = owner is None and owner_of_list == ALL_OWNERS
        may_miss_matches = is_of_all_owners or matches_glob(pattern.owner, owner_of_list)
        if may_miss_matches:
            listed = value.as_stored(owner_of_list, validator=None)
            note = incomplete_list_note(query.credential, listed, is_only_credential=is_only)
            lists.truncation_note = note or lists.truncation_note
    lists.errors = [error for _, error in sorted(errors, key=lambda each: each[0])]
    return lists


def _rank(error: IngestError, *, is_of_owner: bool) -> int:
    """Return the rank of an error of a list: 0 for the most specific to the owner."""
    if isinstance(error, AccessDenied) and is_of_owner:
        return 0
    if isinstance(error, CredentialSuspended):
        return 1  # GitHub has suspended an installation of the App, or the token's account
    # Rejected credentials are reported elsewhere; denied access to other lists says little.
    return 3 if isinstance(error, (AccessDenied, BadCredentials)) else 2


def _reason_left_out(info: RepositoryInfo, sources: Sources) -> str | None:
    """Return why a source would not have a repository polled; None if it would."""
    exclusion = sources.exclusion_of(info.full_name)
    if exclusion is not None:
        return f"left out by {exclusion}"
    if info.is_disabled:
        return "disabled on GitHub"
    return "archived: collected once, then not polled" if info.is_archived else None


def _count_runs(actions: ActionsApi, active: Sequence[RepositoryInfo], now: datetime) -> float:
    """Estimate how many runs the active repositories created within ACTIVE_FOR."""
    step = max(1, len(active) // SAMPLE_SIZE)
    sample = active[::step][:SAMPLE_SIZE]
    created = f">={format_timestamp(now - ACTIVE_FOR)}"
    counts: list[int] = []
    for each in sample:
        try:
            page = actions.fetch_runs(each.full_name, RunQuery(created=created)).value
        except IngestError:
            continue  # an estimate without this repository is better than none
        if page is not None:
            counts.append(page.total_count)
    return sum(counts) / len(counts) * len(active) if counts else 0.0
