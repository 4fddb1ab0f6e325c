"""Find the repositories that sources bring, and notice what became of them on GitHub."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ...domain.backoff import backoff
from ...domain.due import is_ahead
from ...domain.source_records import (
    FROM_COMMAND_LINE,
    CredentialList,
    CredentialRecord,
    DiscoveredRepository,
    SourceRecord,
    patterns_of,
)
from ...domain.sources import SourcePattern, Sources, parse_source
from ...domain.stored_values import repository_key
from ...errors import AccessDenied, CredentialSuspended, Fatal, IngestError, Skippable
from ...ports import Answer, RepositoryApi, RepositoryInfo, RepositoryListQuery
from ..context import CollectorContext
from ..time_limits import await_end
from .apply_discovery import DiscoveryResult, apply_discovery
from .follow_settings import follow_settings
from .listed_repositories import ListedRepository
from .manage_sources import add_sources
from .record_credentials import record_credentials, refused
from .source_hints import clear_hints, has_new_hint, load_hints

logger = logging.getLogger(__name__)

#: A new repository is watched within ten minutes, its first poll included.
DISCOVER_EVERY = timedelta(minutes=9)

#: How often a process checks whether discovery is due.
CHECK_EVERY = timedelta(seconds=5)

#: After discoveries that failed, checks are up to so far apart.
LONGEST_PAUSE = timedelta(seconds=30)

_List = Answer[tuple[RepositoryInfo, ...]]


@dataclass(slots=True)
class _Lists:
    """What the lists of one discovery held. Errors are by the owner that was asked for.

    ``errors``: where no credential was answered. ``refused``: what a credential may not list, now
    or as it was last asked, though another one was answered. ``of_installations``: of an owner's
    own one, which says more than others.
    """

    listed: dict[str, ListedRepository] = field(default_factory=dict)
    errors: dict[str, IngestError] = field(default_factory=dict)
    of_installations: dict[str, IngestError] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    credentials: dict[str, CredentialRecord] = field(default_factory=dict)

    def note_error(self, query: RepositoryListQuery, error: IngestError) -> None:
        """Note why a list could not be read; the first reason of an owner counts."""
        self.errors.setdefault(query.owner.lower(), error)
        if query.account is not None:
            self.of_installations[query.account.lower()] = error

    def note_refusals(self, record: CredentialRecord, owner: str, now: datetime) -> bool:
        """Note why a credential may not list an owner; return whether it may not.

        What the owner denies says most.
        """
        wanted = f"{owner}/*"
        refusals = [e for e in record.refusals if e.what == wanted and e.is_in_force(now)]
        for each in refusals:
            if owner.lower() not in self.refused or each.error == AccessDenied.__name__:
                self.refused[owner.lower()] = each.reason
        return bool(refusals)


def discover_when_due(context: CollectorContext) -> None:
    """Discover repositories if the last discovery of any process is long enough ago.

    Raises StateUnavailable. What GitHub answers against it is kept with the sources.
    """
    clock, now = context.discovery, context.clock.now()
    if context.repositories is None or not (clock.is_due(now) or has_new_hint(context)):
        return
    if clock.running.acquire(blocking=False):
        clock.next_at = now + CHECK_EVERY
        try:
            _discover_if_due(context, context.repositories)
        finally:
            clock.running.release()


def _discover_if_due(context: CollectorContext, repositories: RepositoryApi) -> None:
    clock = context.discovery
    if not clock.has_started and start_discovery(context):
        return
    now = context.clock.now()
    sources = context.store.list_sources()
    hints = load_hints(context)
    clock.has_sources = bool(sources)
    # A source that was never listed is new, or one beside it was removed.
    is_due = bool(hints) or any(
        each.listed_at is None or is_ahead(each.listed_at, now) for each in sources
    )
    slot = int(now.timestamp() // DISCOVER_EVERY.total_seconds())
    if is_due:
        # The App may have been installed on another account just now.
        repositories.refresh_installations()
    if not (is_due or context.store.claim_once(f"discovery {slot}", now=now)):
        return
    if not sources:
        record_credentials(context)
        return
    result = discover_sources(context)
    clock.failures = 0 if result.is_complete else clock.failures + 1
    clock.next_at = now + backoff(clock.failures + 1, first=CHECK_EVERY, maximum=LONGEST_PAUSE)
    clear_hints(context, hints, now, is_read=result.is_complete)


def start_discovery(
    context: CollectorContext, given: Sequence[SourcePattern] = (), *, is_forced: bool = False
) -> DiscoveryResult | None:
    """Restore what was known before, and discover where a source was added or removed.

    ``given`` are the sources of the command line. Returns None where nothing was discovered.
    """
    context.discovery.has_started = True
    if context.repositories is not None:
        context.repositories.restore_refusals(context.store.list_credentials())
    is_changed = follow_settings(context)
    is_changed = (
        add_sources(context.store, given, origin=FROM_COMMAND_LINE, now=context.clock.now())
        or is_changed
    )
    # The process that began the first listing of a source may have been killed.
    is_unlisted = any(each.found is None for each in context.store.list_sources())
    if not (is_changed or is_unlisted or is_forced):
        return None
    return discover_sources(context)


def discover_sources(context: CollectorContext) -> DiscoveryResult:
    """List what all sources match, watch what is new, and suspend what is gone."""
    if context.repositories is None:
        return DiscoveryResult()
    records = context.store.list_sources()
    # Other processes wait, and what becomes due meanwhile is listed again.
    context.store.save_sources([replace(each, listed_at=context.clock.now()) for each in records])
    sources = Sources(patterns_of(records))
    lists = _fetch_lists(context, context.repositories, sources)
    result = apply_discovery(context, sources, list(lists.listed.values()))
    result.is_complete = not lists.errors
    now = context.clock.now()
    record_credentials(context, lists.credentials)
    listed = {each.pattern for each in records}
    context.store.save_sources(
        [
            _listed(each, result, lists, now)
            for each in context.store.list_sources()
            if each.pattern in listed
        ]
    )
    for record in records:
        error = _error_of(parse_source(record.pattern), lists.errors | lists.of_installations)
        if error is not None and not result.found[record.pattern]:
            result.errors[record.pattern] = error
    return result


def _fetch_lists(context: CollectorContext, api: RepositoryApi, sources: Sources) -> _Lists:
    """Fetch all lists concurrently; a list that fails delays no other."""
    listed_patterns = [each for each in sources.included if not each.is_single]
    owners = {each.owner for each in listed_patterns if each.listed_owner is not None}
    with_all = any(each.listed_owner is None for each in listed_patterns)
    now = context.clock.now()
    lists = _Lists(credentials={each.name: each for each in context.store.list_credentials()})
    described = _described(context.store.list_discovered())
    asked: list[tuple[RepositoryListQuery, Future[_List]]] = []
    for query in api.list_queries(owners, with_all=with_all) if listed_patterns else ():
        record = lists.credentials.get(query.credential) or _new_credential(query, now)
        lists.credentials[query.credential] = record
        if lists.note_refusals(record, query.owner, now):
            continue
        known = _known_list(record, query.owner)
        is_current = known is not None and _describes_all(known, sources, described)
        validator = known.validator if known is not None and is_current else None
        asked.append((query, context.workers.submit(api.fetch_repositories, query, validator)))
    for query, future in asked:
        await_end(future, context.check_in)
        _apply_list(lists, api, query, future, now)
    return lists


def _described(discovered: Collection[DiscoveredRepository]) -> frozenset[str]:
    """Return the keys of repositories that a list has described, by their names on GitHub."""
    return frozenset(
        repository_key(each.new_name or each.full_name)
        for each in discovered
        if each.repository_id is not None
    )


def _describes_all(known: CredentialList, sources: Sources, described: frozenset[str]) -> bool:
    """Return whether nothing on a list is new to the sources: else it is read though unchanged."""
    is_for_all = known.owner == "*"
    new = (name for name in known.names if repository_key(name) not in described)
    return not any(
        sources.source_of(name, is_listed_for_all=is_for_all) and not sources.exclusion_of(name)
        for name in new
    )


def _apply_list(
    lists: _Lists,
    api: RepositoryApi,
    query: RepositoryListQuery,
    future: Future[_List],
    now: datetime,
) -> None:
    record = lists.credentials[query.credential]
    known = _known_list(record, query.owner)
    described: tuple[RepositoryInfo, ...] = ()
    try:
        answer = future.result()
    except IngestError as error:
        logger.info("repositories not listed", extra={"credential": query.credential})
        lists.note_error(query, error)
        # A suspension may end at any time, and each discovery notices that.
        if isinstance(error, (Fatal, Skippable)) and not isinstance(error, CredentialSuspended):
            record = refused(record, f"{query.owner}/*", error, now)
            lists.note_refusals(record, query.owner, now)
        names = () if known is None else known.names
    else:
        lists.errors.pop(query.owner.lower(), None)
        names = () if known is None else known.names
        if answer.value is not None:
            described = answer.value
            names = tuple(each.full_name for each in described)
        record = _with_list(
            record, CredentialList(owner=query.owner, validator=answer.validator, names=names)
        )
        api.note_list(query, names)
    lists.credentials[query.credential] = record
    by_name = {each.full_name.lower(): each for each in described}
    for name in names:
        key = name.lower()
        found = ListedRepository(
            full_name=name, info=by_name.get(key), is_for_all=query.owner == "*"
        )
        before = lists.listed.get(key)
        lists.listed[key] = found if before is None else before.merged(found)


def _new_credential(query: RepositoryListQuery, now: datetime) -> CredentialRecord:
    kind = query.credential.partition("-")[0]
    return CredentialRecord(name=query.credential, kind=kind, updated_at=now)


def _known_list(record: CredentialRecord, owner: str) -> CredentialList | None:
    return next((each for each in record.lists if each.owner.lower() == owner.lower()), None)


def _with_list(record: CredentialRecord, new: CredentialList) -> CredentialRecord:
    kept = tuple(each for each in record.lists if each.owner.lower() != new.owner.lower())
    return replace(record, lists=(*kept, new))


def _listed(
    record: SourceRecord,
    result: DiscoveryResult,
    lists: _Lists,
    now: datetime,
) -> SourceRecord:
    """Return a source with what was found, or why nothing was."""
    found = result.found[record.pattern]
    pattern = parse_source(record.pattern)
    error: IngestError | str | None = _error_of(pattern, lists.errors | lists.of_installations)
    if error is None and not pattern.is_single and not pattern.is_excluded:
        # Another credential may have been answered that sees nothing of the owner.
        error = lists.refused.get((pattern.listed_owner or "*").lower())
    return replace(
        record,
        listed_at=None if record.listed_at is None else now,
        found=found,
        left_out=result.left_out[record.pattern],
        last_error=None if error is None or found else str(error),
    )


def _error_of(pattern: SourcePattern, errors: Mapping[str, IngestError]) -> IngestError | None:
    """Return what kept the lists of a source from being read; None for a single repository."""
    if pattern.is_single or pattern.is_excluded:
        return None
    # An installation lists what it may read of all.
    return errors.get((pattern.listed_owner or "*").lower()) or errors.get("*")
