"""The Pipeline Monitoring Agent: from GitHub's run list to the metrics queue.

One poll of one repository: find attempts (``discover_runs``), read and publish those that are due
(``collect_attempts``), and set the next poll. A poll can be killed anywhere and repeated.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from random import SystemRandom

from ...domain.due import is_urgent
from ...domain.error_causes import differs_only_in_repository
from ...domain.ledger import MAX_ERRORS, RepositoryRecord
from ...domain.stored_values import repository_key, repository_keys
from ...errors import (
    AccessDenied,
    BadCredentials,
    IngestError,
    OutOfMemory,
    RateLimited,
    RepositoryUnavailable,
    RequestPaused,
    StateBusy,
)
from ...wire.purposes import Purpose
from ..context import PIPELINE_MONITORING_AGENT, CollectorContext
from ..sources.discover_sources import discover_when_due
from ..sources.manage_sources import make_sources_due
from ..sources.record_credentials import record_refusals_and_limits
from ..unexpected_errors import as_ingest_error
from .collect_attempts import collect_due_batch
from .collect_before_list import collect_overdue_attempts, process_deliveries
from .discover_runs import discover_runs, discover_runs_unless_just_changed
from .poll_session import (
    PollSession,
    claim_due_repository,
    release_later_if_state_fails,
    retry_lease_releases,
)
from .poll_turn import continue_until_urgent, find_urgent_repositories
from .schedule_attempts import make_scheduled_attempts_due
from .schedule_polls import (
    make_attempts_due_after_clock_change,
    make_polls_due_after_clock_change,
    next_poll_after,
    next_try_at,
)

logger = logging.getLogger(__name__)

_REMEDY_OF_MALFORMED = (
    "Everything else is collected. If the object is still damaged on GitHub, report it to GitHub."
)

#: How a poll finds runs: as ``discover_runs`` or another function of that module does.
Discover = Callable[[CollectorContext, PollSession], None]


def poll_due_repository(
    context: CollectorContext,
    *,
    should_continue: Callable[[], bool],
    only: Collection[str] | None = None,
    on_claimed: Callable[[], object] = lambda: None,
) -> bool:
    """Claim a due repository and poll it; return whether there was one.

    ``only``: one of these repositories. ``on_claimed`` is called before the poll.
    ``should_continue`` is called between batches: False ends the poll early; the rest stays due.
    Raises OutOfMemory after recording it, and StateUnavailable if an error cannot be recorded;
    every other error of a repository is recorded only.
    """
    retry_lease_releases(context)
    make_polls_due_after_clock_change(context)
    discover_when_due(context)
    began_at = context.clock.now()
    first = _claim_before_backfills(context, only)
    repository = first or claim_due_repository(context, only=only)
    if repository is not None:
        on_claimed()
        error = poll_repository(
            context,
            repository,
            should_continue=continue_until_urgent(context, should_continue, only=only),
            discover=discover_runs_unless_just_changed,
        )
        _log_failure(context, repository, error)
        if isinstance(error, OutOfMemory):
            raise error
    if first:
        context.poll_order.note_turn_of_recently_changed()
    else:
        now = context.clock.now()
        context.poll_order.note_turn_of_longest_overdue(now, took=now - began_at)
    return repository is not None


def _log_failure(
    context: CollectorContext, repository: RepositoryRecord, error: IngestError | None
) -> None:
    """Log why a poll failed, unless the poll before failed in the same way.

    A rejected credential is logged elsewhere; denied access is logged once for all repositories of
    an owner. One-time collections do not call this: they print the error.
    """
    if error is None or not error.counts_as_failure or isinstance(error, BadCredentials):
        return
    is_new = str(error) != repository.last_error
    if is_new and not _is_reported_for_owner(context, repository.full_name, error):
        facts = {"repository": repository.full_name, "remedy": error.remedy_or_usual}
        logger.warning(str(error), extra=facts)


def _is_reported_for_owner(context: CollectorContext, repository: str, error: IngestError) -> bool:
    """Return whether an owner's denial of access is reported for another of its repositories."""
    return isinstance(error, AccessDenied) and any(
        each.repository != repository
        and differs_only_in_repository(str(error), repository, each.message, each.repository)
        for each in context.list_recent_errors()
    )


def _claim_before_backfills(
    context: CollectorContext, only: Collection[str] | None
) -> RepositoryRecord | None:
    """Claim a repository that comes before backfills: an urgent one, else the latest changed."""
    order = context.poll_order
    first = order.find_recently_changed(context.clock.now())
    if first is None:
        return None
    if only is not None and repository_key(first) not in repository_keys(only):
        return None
    urgent = find_urgent_repositories(context, only)
    claimed = claim_due_repository(context, only=urgent) if urgent else None
    claimed = claimed or claim_due_repository(context, only=[first])
    if claimed is None:
        order.remove(first)
    return claimed


def poll_repository(
    context: CollectorContext,
    repository: RepositoryRecord,
    *,
    should_continue: Callable[[], bool],
    discover: Discover = discover_runs,
) -> IngestError | None:
    """Poll one claimed repository and release its lease; return the error that ended it, if any.

    An error, also a defect of Runstream, concerns this repository only: it is recorded and
    reported, not raised. An error of the state store is raised, and the lease is released later.
    """
    with release_later_if_state_fails(context, repository):
        error = _poll(context, repository, should_continue=should_continue, discover=discover)
    # Callers keep the error; the frames of its traceback hold all that the poll has read.
    return None if error is None else error.with_traceback(None)


def _poll(
    context: CollectorContext,
    repository: RepositoryRecord,
    *,
    should_continue: Callable[[], bool],
    discover: Discover,
) -> IngestError | None:
    error: IngestError | None = None
    repository = _with_priority(context, repository)
    try:
        context.apply_credential_pauses()
        if repository.failed_polls and is_urgent(context.clock.now(), repository.next_poll_at):
            # A person who asks for it now may have removed the cause of a refusal.
            context.retry_refusals_cleared_in_state(at_once=True)
        poll_session = PollSession(
            repository=repository,
            leased_at=context.clock.now(),
            should_continue=should_continue,
            hinted_runs=context.store.load_run_hints(repository.full_name),
        )
        make_attempts_due_after_clock_change(context, repository.full_name)
        process_deliveries(context, poll_session)
        collect_overdue_attempts(context, poll_session)
        discover(context, poll_session)
        if repository.failed_polls:
            make_scheduled_attempts_due(context, repository.full_name)
        record = _collect(context, poll_session)
        next_poll_at = next_poll_after(context, poll_session, record)
    except Exception as raised:  # noqa: BLE001 - a defect must stop no other repository
        error = as_ingest_error(raised, f"the poll of {repository.full_name}")
        context.save_credential_pauses()
        record, next_poll_at = _after_failure(context, repository, error)
    finally:
        context.github.set_purpose(repository.full_name, Purpose.POLLING)
    context.report_rejected_credentials(PIPELINE_MONITORING_AGENT)
    _report_malformed(context, repository.full_name)
    record_refusals_and_limits(context)
    context.store.release_repository(record, holder=context.worker_id, next_poll_at=next_poll_at)
    context.poll_order.note_poll(record, next_poll_at=next_poll_at, now=context.clock.now())
    return error


def _with_priority(context: CollectorContext, repository: RepositoryRecord) -> RepositoryRecord:
    """Return a repository as prioritized if its first poll is urgent: it was just created.

    It stays prioritized until a poll ends that no limit has interrupted.
    """
    is_first = repository.last_polled_at is None
    if is_first and is_urgent(context.clock.now(), repository.next_poll_at):
        return replace(repository, is_prioritized=True)
    return repository


def _report_malformed(context: CollectorContext, repository: str) -> None:
    """Report objects of GitHub's lists that cannot be read, unless they are listed already."""
    malformed = context.github.pop_malformed_objects(repository)
    if not malformed:
        return
    known = {each.message for each in context.store.list_errors(limit=MAX_ERRORS)}
    for what in malformed:
        if what not in known:
            context.report_error(PIPELINE_MONITORING_AGENT, repository, what, _REMEDY_OF_MALFORMED)


def _collect(context: CollectorContext, poll_session: PollSession) -> RepositoryRecord:
    poll_session.repository = _with_poll_times(context, poll_session)
    # A long backfill is interrupted now and then, so that new runs are found meanwhile.
    leave_at = context.clock.now() + timedelta(seconds=context.settings.poll_seconds)
    while collect_due_batch(context, poll_session):
        if not poll_session.should_continue() or context.clock.now() >= leave_at:
            break
    return _end_poll(context, poll_session)


def _with_poll_times(context: CollectorContext, poll_session: PollSession) -> RepositoryRecord:
    now = context.clock.now()
    repository = replace(poll_session.repository, last_polled_at=now)
    if poll_session.changed_at is None:
        return repository
    known = repository.last_changed_at or repository.added_at
    return replace(repository, last_changed_at=max(known, poll_session.changed_at))


def _end_poll(context: CollectorContext, poll_session: PollSession) -> RepositoryRecord:
    """Return the repository after a poll that collected; report once which of its requests failed.

    The failure delays nothing: GitHub's filtered lists may fail while the run list works.
    """
    repository, error = poll_session.repository, poll_session.error
    context.state_busy_repositories.discard(repository.full_name)
    is_prioritized = repository.is_prioritized and poll_session.is_cut_short
    repository = replace(repository, failed_polls=0, is_prioritized=is_prioritized)
    if error is None or isinstance(error, StateBusy):
        # Processes that write at the same time are no failure of the repository.
        return replace(repository, last_error=None)
    is_limit = isinstance(error, (RateLimited, RequestPaused))
    if repository.last_error is None and not is_limit:
        name = repository.full_name
        context.report_error(PIPELINE_MONITORING_AGENT, name, str(error), error.remedy_or_usual)
    return replace(repository, last_error=str(error))


def _after_failure(
    context: CollectorContext, repository: RepositoryRecord, error: IngestError
) -> tuple[RepositoryRecord, datetime]:
    """Set the next poll of a repository that failed, and report the error."""
    now = context.clock.now()
    stored = context.store.load_repository(repository.full_name) or repository
    stored = replace(stored, is_prioritized=repository.is_prioritized)
    if isinstance(error, RateLimited):
        # The error of an earlier poll says more about the repository than a limit does.
        known = stored.last_error if stored.failed_polls else str(error)
        return replace(stored, last_error=known), error.retry_at
    was_requested = error.counts_as_failure or error.retry_at is None
    if not was_requested and (stored.failed_polls or isinstance(error, RequestPaused)):
        # No request was sent, so the stored error, from GitHub's last answer, is kept.
        return stored, next_try_at(stored.full_name, stored.failed_polls, error, now)
    if isinstance(error, StateBusy) and repository.full_name not in context.state_busy_repositories:
        # A busy state is a failure only if the next poll fails as well. The pause is random, so
        # that processes that wrote at the same time do not collide again.
        context.state_busy_repositories.add(repository.full_name)
        return stored, now + timedelta(seconds=SystemRandom().uniform(1, 5))
    failures = stored.failed_polls + 1
    if isinstance(error, RepositoryUnavailable) and stored.failed_polls == 0:
        make_sources_due(context.store)
    name = repository.full_name
    is_new = stored.failed_polls == 0 or stored.last_error != str(error)
    # A rejected credential is reported by itself: it concerns all its repositories.
    is_own = is_new and not isinstance(error, BadCredentials)
    if is_own and not _is_reported_for_owner(context, name, error):
        what, remedy = str(error), error.remedy_or_usual
        context.report_error(PIPELINE_MONITORING_AGENT, name, what, remedy, is_logged=False)
    record = replace(stored, failed_polls=failures, last_error=str(error))
    return record, next_try_at(stored.full_name, failures, error, now)
