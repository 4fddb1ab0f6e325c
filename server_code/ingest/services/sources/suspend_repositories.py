"""Suspension of repositories: why a repository of a source is not polled."""

from __future__ import annotations

from dataclasses import replace

from ...domain.ledger import RepositoryRecord
from ...domain.source_records import DiscoveredRepository
from ...domain.sources import SourcePattern
from ...errors import IngestError, Skippable
from ...ports import RepositoryInfo, StateStore

ARCHIVED = "It is archived on GitHub: no new workflows run."
DISABLED = "GitHub has disabled it."
NO_SOURCE = "No source includes it any more."

#: Polls in a row, some eight minutes, after which a repository that fails may be missing: GitHub
#: may answer 404 for one for a moment.
MIN_FAILED_POLLS = 4


def exclusion_reason(exclusion: SourcePattern) -> str:
    """Return the suspension reason of a repository that a source leaves out."""
    return f"The source {exclusion} leaves it out."


def missing_reason(error: IngestError | str) -> str:
    """Return the suspension reason of a repository that GitHub does not show."""
    return f"GitHub does not show it any more: {error}"


def may_be_missing(record: RepositoryRecord, known: DiscoveredRepository) -> bool:
    """Return whether a repository that is on no list is to be requested by itself."""
    return record.failed_polls >= MIN_FAILED_POLLS or known.suspension_reason is not None


def suspend_or_resume(
    store: StateStore,
    record: RepositoryRecord,
    known: DiscoveredRepository,
    reason: str | None,
) -> DiscoveredRepository:
    """Suspend a repository for a reason, or resume it; return what is now known of it.

    A repository that a person paused stays paused; one that a person resumed is polled until the
    reason changes. That Runstream pauses it is saved first: after a crash in between it would look
    paused by a person.
    """
    is_auto_paused = known.is_auto_paused and record.paused
    if reason not in (None, known.suspension_reason) and not record.paused:
        is_auto_paused = True
        if not known.is_auto_paused:
            store.save_discovered_repositories([replace(known, is_auto_paused=True)])
        store.set_paused(record.full_name, paused=True)
    elif reason is None and is_auto_paused:
        store.set_paused(record.full_name, paused=False)
        is_auto_paused = False
    return replace(known, suspension_reason=reason, is_auto_paused=is_auto_paused)


def with_repository_info(
    known: DiscoveredRepository, info: RepositoryInfo | None
) -> DiscoveredRepository:
    """Return what is known of a repository, updated by what GitHub says of it."""
    if info is None:
        return known
    is_renamed = info.full_name.lower() != known.full_name.lower()
    return replace(
        known,
        repository_id=info.repository_id or known.repository_id,
        new_name=info.full_name if is_renamed else None,
        is_private=info.is_private,
        is_archived=info.is_archived,
        is_disabled=info.is_disabled,
        is_missing=False,
    )


def reason_if_missing(
    record: RepositoryRecord,
    known: DiscoveredRepository,
    answer: RepositoryInfo | IngestError | None,
) -> str | None:
    """Return why a repository that GitHub does not show is suspended; None if it is not.

    ``answer``: what GitHub answered a request for it, if one was sent. A new one is not suspended
    before its first poll, which reports the error.
    """
    is_first_poll_over = record.failed_polls > 0 or record.last_polled_at is not None
    if isinstance(answer, Skippable) and is_first_poll_over:
        return missing_reason(answer)
    if known.suspension_reason is None and record.last_polled_at is None and record.last_error:
        return missing_reason(record.last_error)
    return known.suspension_reason
