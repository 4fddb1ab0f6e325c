"""Find the repositories that sources include, and follow renames and deletions on GitHub."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ...domain.backoff import backoff
from ...domain.due import is_in_future
from ...domain.source_records import FROM_COMMAND_LINE, SourceRecord, rejection_text, sources_of
from ...domain.sources import SourcePattern, parse_source
from ..context import CollectorContext
from .apply_discovery import apply_discovery
from .discovery_result import DiscoveryResult
from .fetch_lists import RepositoryLists, fetch_lists, note_former_names
from .follow_settings import follow_settings, report_change
from .manage_sources import add_sources
from .record_credentials import record_credentials, sync_configured_credentials
from .source_hints import clear_webhook_hints, has_new_source_hint, load_webhook_hints

logger = logging.getLogger(__name__)

#: A new repository is watched within ten minutes, its first poll included.
DISCOVER_EVERY = timedelta(minutes=9)

#: How often a process checks whether discovery is due.
CHECK_INTERVAL = timedelta(seconds=5)

#: The longest pause between two checks after failed discoveries.
LONGEST_PAUSE = timedelta(seconds=30)

#: How often a failed discovery is repeated before its next regular time.
MAX_RETRIES = 5


def discover_when_due(context: CollectorContext) -> None:
    """Discover repositories at the regular time, for a new source, after a webhook or a failure.

    Raises StateUnavailable. Errors of GitHub are kept with the sources.
    """
    discovery, now = context.discovery, context.clock.now()
    is_due = discovery.is_due(now) or has_new_source_hint(context)
    if is_due and discovery.lock.acquire(blocking=False):
        discovery.next_at = now + CHECK_INTERVAL
        try:
            _discover_if_due(context)
        finally:
            discovery.lock.release()


def _discover_if_due(context: CollectorContext) -> None:
    discovery = context.discovery
    if not discovery.has_begun_first_discovery and discover_at_start(context):
        return
    now = context.clock.now()
    sources = context.store.list_sources()
    webhook_hints = load_webhook_hints(context)
    discovery.has_sources = bool(sources)
    # A source without a listing is new, or was made due because another one was removed.
    is_due = bool(webhook_hints) or any(
        each.listed_at is None or is_in_future(each.listed_at, now) for each in sources
    )
    if is_due:
        # The App may have been installed on another account just now.
        context.repository_api.refresh_installations()
    is_retry = discovery.has_sources and 0 < discovery.failures <= MAX_RETRIES
    if not (is_due or is_retry or _claim_regular_discovery(context, now)):
        return
    if not sources:
        record_credentials(context)
        clear_webhook_hints(context, webhook_hints, now, are_lists_complete=True)
        return
    result = _discover_or_repeat_soon(context)
    clear_webhook_hints(context, webhook_hints, now, are_lists_complete=result.is_complete)


def _discover_or_repeat_soon(context: CollectorContext) -> DiscoveryResult:
    """Discover, and note when to repeat it if it fails."""
    discovery, now = context.discovery, context.clock.now()
    result = discover_sources(context)
    discovery.failures = 0 if result.is_complete else discovery.failures + 1
    discovery.next_at = now + backoff(
        discovery.failures + 1, first=CHECK_INTERVAL, maximum=LONGEST_PAUSE
    )
    return result


def discover_at_start(
    context: CollectorContext,
    given: Sequence[SourcePattern] = (),
    *,
    is_forced: bool = False,
) -> DiscoveryResult | None:
    """Restore what is known of credentials, and discover if a source was added or removed.

    ``given`` are the sources of the command line. Returns None if nothing was discovered.
    """
    context.discovery.has_begun_first_discovery = True
    _restore_credentials(context)
    is_changed = follow_settings(context)
    is_changed = (
        add_sources(context.store, given, origin=FROM_COMMAND_LINE, now=context.clock.now())
        or is_changed
    )
    # The process that began the first listing of a source may have been killed.
    is_unlisted = any(each.found is None for each in context.store.list_sources())
    if not (is_changed or is_unlisted or is_forced):
        return None
    return _discover_or_repeat_soon(context)


def _restore_credentials(context: CollectorContext) -> None:
    """Restore what is known of credentials, and log which of them are rejected."""
    api = context.repository_api
    api.restore_credentials(context.store.list_credentials())
    credentials = api.credentials()
    sync_configured_credentials(context, {each.name for each in credentials})
    for each in credentials:
        if each.rejection is not None:
            logger.warning(rejection_text(each.name, each.rejection))


def discover_sources(context: CollectorContext) -> DiscoveryResult:
    """List what all sources match, watch what is new, and suspend what is gone."""
    records = context.store.list_sources()
    # Saved first, so that other processes wait; a source made due meanwhile is listed again.
    began_at = context.clock.now()
    context.store.save_sources([replace(each, listed_at=began_at) for each in records])
    sources = sources_of(records)
    lists = fetch_lists(context, sources)
    result = apply_discovery(context, sources, list(lists.repositories.values()))
    result.is_complete = lists.are_complete
    if result.is_complete:
        _claim_regular_discovery(context, began_at)
    note_former_names(context.repository_api, lists, context.store.list_discovered_repositories())
    now = context.clock.now()
    record_credentials(context, lists.credentials)
    patterns = {each.pattern for each in records}
    stored = [each for each in context.store.list_sources() if each.pattern in patterns]
    listed = [
        _with_owner_name(_with_result(each, result, lists, now), result.owners) for each in stored
    ]
    renamed = [e for e, before in zip(listed, stored, strict=True) if _is_renamed(e, before)]
    for each in renamed:
        report_change(context, _owner_rename_sentence(each))
    context.store.save_sources([replace(e, listed_at=None) if e in renamed else e for e in listed])
    for record in records:
        error = lists.error_of(parse_source(record.pattern))
        if error is not None and not result.found[record.pattern]:
            result.errors[record.pattern] = error
    return result


def _claim_regular_discovery(context: CollectorContext, now: datetime) -> bool:
    """Claim the regular discovery of these nine minutes; return False if another process has it."""
    period = int(now.timestamp() // DISCOVER_EVERY.total_seconds())
    return context.store.claim_once(f"discovery {period}", now=now)


def _with_result(
    record: SourceRecord,
    result: DiscoveryResult,
    lists: RepositoryLists,
    now: datetime,
) -> SourceRecord:
    """Return a source with the counts of its lists, or why these could not be read."""
    found = result.found[record.pattern]
    pattern = parse_source(record.pattern)
    # A list that one credential has read is no error, but may be empty as another one was refused.
    error = lists.error_of(pattern) or lists.refusal_by_owner.get(lists.listed_owner_of(pattern))
    return replace(
        record,
        listed_at=None if record.listed_at is None else now,
        found=found,
        left_out=result.left_out[record.pattern],
        last_error=None if error is None or found else str(error),
        truncation_note=lists.truncation_notes.get(lists.listed_owner_of(pattern)),
    )


def _with_owner_name(record: SourceRecord, owners: Mapping[int, str]) -> SourceRecord:
    """Return a source with its owner's id, and with the owner's new name if it was renamed.

    ``owners``: names by id. Another owner may have taken the former name: only the id shows which
    owner the source means.
    """
    owner = parse_source(record.pattern).exact_owner
    if owner is None:
        return record
    if record.owner_id is None:
        ids = (each for each, name in owners.items() if name.lower() == owner.lower())
        return replace(record, owner_id=next(ids, None))
    name = owners.get(record.owner_id, record.renamed_to or owner)
    return replace(record, renamed_to=None if name.lower() == owner.lower() else name)


def _is_renamed(record: SourceRecord, before: SourceRecord) -> bool:
    """Return whether a source's owner has another name than before; exclusions do not matter."""
    return record.renamed_to != before.renamed_to and not record.pattern.startswith("!")


def _owner_rename_sentence(record: SourceRecord) -> str:
    """Return a sentence about what follows from the new name of an owner."""
    owner, new = parse_source(record.pattern).owner, record.renamed_to
    if new is None:
        return f"follows the owner of {record.pattern}, named {owner} on GitHub again."
    return (
        f"follows the owner of {record.pattern}, now named {new} on GitHub, so new repositories of "
        f"{new} are watched too. Write {new} instead of {owner} in the sources when convenient."
    )
