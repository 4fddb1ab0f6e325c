"""When a repository is polled again, also after the clock was set back."""

from __future__ import annotations

from datetime import datetime, timedelta
from zlib import crc32

from ...domain.backoff import backoff
from ...domain.delivery_trust import DELIVERY_CHECK_INTERVAL
from ...domain.due import MAX_POLL_DELAY
from ...domain.ledger import RepositoryRecord
from ...errors import BadCredentials, CredentialSuspended, IngestError, Retriable
from ..context import CollectorContext
from .open_runs import requests_per_poll
from .poll_session import PollSession, run_list_due_at
from .schedule_attempts import OPEN_AGE_DIVISOR, make_scheduled_attempts_due

#: The longest interval between two polls of an idle repository.
MAX_POLL_INTERVAL = timedelta(minutes=10)

#: The longest interval when polls wait for the limit per minute. A time further ahead than
#: ``MAX_POLL_DELAY`` would be taken for a wrong clock's, and be due at once.
LONGEST_PAUSE = MAX_POLL_DELAY / 2

#: An idle repository is polled again after the time since its last change, divided by this.
IDLE_AGE_DIVISOR = 20

#: By how much the interval of a repository with open runs is multiplied at most.
MAX_OPEN_INTERVAL_FACTOR = 2.0

#: A repository that fails is tried again after 1, 2, 4 … seconds, at most this long. After a
#: failure that may pass for all repositories at once, such as an outage of GitHub, they are tried
#: more often, and not all at the same moment.
LONGEST_FAILURE_PAUSE = timedelta(hours=1)
LONGEST_OUTAGE_PAUSE = timedelta(minutes=5)


def next_poll_after(
    context: CollectorContext, poll_session: PollSession, record: RepositoryRecord
) -> datetime:
    """Return when to poll again; while webhooks are relied on, a poll only checks them."""
    now = context.clock.now()
    if poll_session.has_more_deliveries:
        return now
    if not poll_session.relies_on_deliveries:
        return next_poll(context, record)
    next_check_at = context.store.load_next_check_at(record.full_name)
    delivery_check_at = now + _with_jitter(DELIVERY_CHECK_INTERVAL, record.full_name)
    return min(delivery_check_at, next_check_at or delivery_check_at)


def next_poll(context: CollectorContext, repository: RepositoryRecord) -> datetime:
    """Return when to poll again: soon if something changes, later if nothing does.

    If the limit per minute of a credential is too small for all polls, they wait longer, those of
    idle repositories first. A repository that is due at once does not: it has a backfill, whose
    requests leave a part of each limit to others.
    """
    now = context.clock.now()
    next_check_at = context.store.load_next_check_at(repository.full_name)
    wanted_at = _next_poll_without_minute_limit(context, repository, next_check_at)
    poll_seconds = context.settings.poll_seconds
    seconds = max((wanted_at - now).total_seconds(), poll_seconds)
    context.github.note_poll_demand(
        repository.full_name,
        requests_per_minute=60 * requests_per_poll(repository, seconds) / seconds,
        is_active=next_check_at is not None,
    )
    factor = context.github.minute_interval_factor(repository.full_name)
    if factor == 1 or wanted_at <= now:
        return wanted_at
    return now + min((wanted_at - now) * factor, LONGEST_PAUSE)


def _next_poll_without_minute_limit(
    context: CollectorContext, repository: RepositoryRecord, next_check_at: datetime | None
) -> datetime:
    """Return when to poll again if the minute's requests are enough.

    If the token's requests of the hour are too few for all its repositories, their intervals grow
    by the same factor. Those of repositories with open runs at most double, because most
    of their polls are free.
    """
    now = context.clock.now()
    interval_factor = context.github.hour_interval_factor(repository.full_name)
    if next_check_at is not None:
        interval_factor = min(interval_factor, MAX_OPEN_INTERVAL_FACTOR)
    pause = timedelta(seconds=context.settings.poll_seconds) * interval_factor
    changed_at = repository.last_changed_at or repository.added_at
    interval_by_age = (now - changed_at) / (
        IDLE_AGE_DIVISOR if next_check_at is None else OPEN_AGE_DIVISOR
    )
    idle_interval = min(max(pause, interval_by_age), max(MAX_POLL_INTERVAL, pause))
    # If the list has more pages, each poll asks for re-runs on them by status: so it is due now.
    has_deep_runs = repository.run_lists.oldest_on_first_page is not None
    list_at = now if has_deep_runs else run_list_due_at(context, repository)
    if next_check_at is None:
        return max(now + _with_jitter(idle_interval, repository.full_name), list_at)
    idle_poll = max(now + idle_interval, list_at)
    return min(
        idle_poll, next_check_at if interval_factor == 1 else max(next_check_at, now + pause)
    )


def make_polls_due_after_clock_change(context: CollectorContext) -> None:
    """Make every repository due if the clock was set back since the last call that ended.

    The times of their next polls, and of their attempts' next checks, are too far ahead then.
    """
    now = context.clock.now()
    if context.poll_order.is_clock_set_back(now):
        for repository in context.store.list_repositories():
            context.store.make_due(repository.full_name, now=now)
            context.repositories_to_reschedule.add(repository.full_name)
    context.poll_order.note_time(now)


def make_attempts_due_after_clock_change(context: CollectorContext, repository: str) -> None:
    """Make the attempts of a leased repository due if the clock was set back."""
    if repository in context.repositories_to_reschedule:
        make_scheduled_attempts_due(context, repository)
        context.repositories_to_reschedule.discard(repository)


def next_try_at(repository: str, failures: int, error: IngestError, now: datetime) -> datetime:
    """Return when to poll a repository again after failed polls in a row, the last with ``error``.

    After a refusal, it is due when the request may be sent again. If the credential is suspended,
    it is due within LONGEST_OUTAGE_PAUSE, because the suspension may end sooner; while it lasts, no
    request is sent.
    """
    outage_pause = _with_jitter(LONGEST_OUTAGE_PAUSE, repository, share=0.5)
    is_rejected = isinstance(error, BadCredentials)
    longest = outage_pause if is_rejected or isinstance(error, Retriable) else LONGEST_FAILURE_PAUSE
    pause = backoff(failures, maximum=longest)
    if error.retry_at is not None:
        wait = min(error.retry_at - now, LONGEST_FAILURE_PAUSE)
        pause = max(pause, wait) if is_rejected else wait
    return now + (min(pause, outage_pause) if isinstance(error, CredentialSuspended) else pause)


def _with_jitter(interval: timedelta, repository: str, *, share: float = 0.1) -> timedelta:
    """Shorten an interval by up to a share of it, by the repository's name.

    So repositories that were polled at the same time, as after a start, are spread out.
    """
    return interval * (1 - crc32(repository.encode()) / 2**32 * share)
