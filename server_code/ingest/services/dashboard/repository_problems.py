"""Problems of repositories: those that fail, and those that are due and not polled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...domain.counted_nouns import plural
from ...domain.due import due_since
from ...domain.ledger import ErrorRecord, RepositoryRecord

#: A due repository is polled within minutes; one that is due for longer is overdue.
POLL_OVERDUE_TIME = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem; ``since``: when it began, if that is known.

    ``last_at``: when it last happened, if it may be over. ``is_severe``: something is not collected
    until it is fixed; otherwise it is a warning.
    """

    sentence: str
    since: datetime | None = None
    last_at: datetime | None = None
    detail: str | None = None
    is_severe: bool = True


def repository_problems(
    unpaused: Sequence[RepositoryRecord], errors: Sequence[ErrorRecord]
) -> list[Problem]:
    """Return one problem for all repositories that fail, with their reason or one of them."""
    failing = [each for each in unpaused if each.failed_polls]
    if not failing:
        return []
    first, reasons = failing[0], {each.last_error for each in failing}
    remedy = _remedy(first, errors)
    detail = " ".join(filter(None, [first.last_error, remedy])) or None
    if len(failing) == 1:
        sentence = f"{first.full_name} cannot be collected."
    elif len(reasons) == 1 and first.last_error:
        sentence = f"{len(failing):,} repositories cannot be collected: {first.last_error}"
        detail = remedy
    else:
        sentence = f"{len(failing):,} repositories cannot be collected."
        detail = f"{first.full_name}: {detail}" if detail else None
    since = _failing_since(failing, errors)
    return [Problem(sentence=sentence, since=since, detail=detail)]


def _remedy(repository: RepositoryRecord, errors: Sequence[ErrorRecord]) -> str | None:
    reported = (repository.full_name, repository.last_error)
    remedies = (each.remedy for each in errors if (each.repository, each.message) == reported)
    return next(remedies, None)


def _failing_since(
    failing: Sequence[RepositoryRecord], errors: Sequence[ErrorRecord]
) -> datetime | None:
    """Return the time of the first error after the last poll that did not fail."""
    worked_at = {each.full_name: each.last_polled_at or each.added_at for each in failing}
    since = [
        each.occurred_at
        for each in errors
        if each.repository in worked_at and each.occurred_at > worked_at[each.repository]
    ]
    return min(since, default=None)


def poll_problems(unpaused: Sequence[RepositoryRecord], now: datetime) -> list[Problem]:
    """Return one problem for all repositories that were polled once and are overdue for long."""
    waiting = [
        (due_since(now, each.next_poll_at), each.full_name)
        for each in unpaused
        if not each.failed_polls
        and each.last_polled_at is not None
        and each.next_poll_at is not None
        and not each.is_leased(now)
    ]
    overdue = [each for each in waiting if now - each[0] >= POLL_OVERDUE_TIME]
    if not overdue:
        return []
    count = plural(len(overdue), "repository is", "repositories are")
    since, longest_due = min(overdue)
    return [
        Problem(
            sentence=f"{count} not polled, although due.",
            since=since,
            detail=f"The longest due is {longest_due}.",
            is_severe=False,
        )
    ]
