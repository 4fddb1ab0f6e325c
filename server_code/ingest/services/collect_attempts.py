"""Reading the attempts that are due, saying what is new, and recording it once it is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..domain.code_metrics import CommitMetrics
from ..domain.ledger import AttemptRecord
from ..domain.runs import AttemptKey
from ..errors import AccessDenied, Fatal, IngestError, RateLimited, Retriable, SourceUnavailable
from ..messaging.truncation import encode_to_fit
from .attempt_messages import Changes, changes_of, has_run_changes
from .context import PIPELINE_MONITORING_AGENT, CollectorContext
from .poll_session import PollSession, is_wanted, upsert_runs
from .publish import publish
from .read_attempts import (
    AttemptSnapshot,
    commits_to_fetch,
    commits_with_hidden_pulls,
    read_attempt,
)

#: So many attempts are read side by side and published together, which fills the batches.
SLICE = 100
NEWEST_IN_SLICE = 20

#: A look that fails is repeated after 1, 2, 4 … seconds, at most 10 minutes, and given up in time.
MAX_PAUSE = timedelta(minutes=10)

#: An open run is looked at again after this part of its age: in its first hour at every poll.
OPEN_AGE_SHARE = 120
MAX_FAILURES = 30

#: An attempt whose commit cannot be read is published without metrics after so many looks.
MAX_COMMIT_FAILURES = 4

#: How long a run's end may be ahead of its jobs', and how soon they are looked at again.
SETTLING_TIME = timedelta(minutes=1)
SETTLING_PAUSE = timedelta(seconds=5)

#: https://docs.github.com/en/actions/reference/limits: a run lives 35 days at most.
LONGEST_RUN = timedelta(days=36)


def collect_attempts(context: CollectorContext, poll_session: PollSession) -> int:
    """Read, publish and record one slice of due attempts; return how many there were.

    Publish first, record after: a crash in between repeats messages with the same ids. Raises
    RateLimited after saying what was read before the limit, and what publishing raises.
    """
    repository = poll_session.repository.full_name
    due = _load_due(context, repository)
    readings = _read(context, poll_session, due)
    _note_newest(context, poll_session, readings)
    commits = _load_commits(context, repository, readings)
    changes = [_conclude(context, poll_session, snapshot, commits) for snapshot in readings]
    _publish(context, changes)
    _count(context, repository, due, changes)
    _record(context, changes)
    for error in (*(snapshot.error for snapshot in readings), commits.error):
        if isinstance(error, RateLimited) or (error is not None and _is_for_people(error)):
            raise error
    return len(due)


def _load_due(context: CollectorContext, repository: str) -> list[AttemptRecord]:
    """Load a slice: oldest first, for logs expire, but the newest never wait behind a backlog."""
    now = context.clock.now()
    newest = context.store.load_due_attempts(
        repository, now=now, limit=NEWEST_IN_SLICE, newest_first=True
    )
    if len(newest) < NEWEST_IN_SLICE:
        return sorted(newest, key=_place)
    oldest = context.store.load_due_attempts(repository, now=now, limit=SLICE - NEWEST_IN_SLICE)
    both = {record.key: record for record in (*oldest, *newest)}
    return sorted(both.values(), key=_place)


def _place(record: AttemptRecord) -> tuple[datetime, AttemptKey]:
    """Put attempts in order; those of one run were all created when it was."""
    return record.created_at, record.key


def _read(
    context: CollectorContext, poll_session: PollSession, due: Sequence[AttemptRecord]
) -> list[AttemptSnapshot]:
    """Read attempts side by side.

    The jobs of one in flight are read at every look while requests are to spare, else when the run
    itself has moved; in economy at its end only, or where everything is to be collected now.
    """
    is_live = context.collecting.log_mode == "live"
    has_headroom = context.source.has_headroom(poll_session.repository.full_name)

    def look(record: AttemptRecord) -> AttemptSnapshot:
        fresh = poll_session.has_current(record)
        is_changed = record.run is not None and record.published_statuses[-1:] != (
            record.run.status,
        )
        wants_jobs = (is_live and has_headroom) or (
            is_changed and (is_live or poll_session.is_thorough)
        )
        return read_attempt(context.source, record, run_is_fresh=fresh, wants_jobs=wants_jobs)

    return list(context.workers.map(look, due))


def _note_newest(
    context: CollectorContext, poll_session: PollSession, readings: Sequence[AttemptSnapshot]
) -> None:
    newest = [snapshot.newest for snapshot in readings if snapshot.newest is not None]
    if newest:
        upsert_runs(context, poll_session, newest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Commits:
    """Be the commits of a slice; ``error`` is why some of them are missing."""

    known: Mapping[str, CommitMetrics]
    error: IngestError | None = None


def _load_commits(
    context: CollectorContext, repository: str, readings: Sequence[AttemptSnapshot]
) -> _Commits:
    """Load the commits of what was read, asking GitHub for those not known yet."""
    records = [snapshot.record for snapshot in readings if has_run_changes(snapshot.record)]
    runs = [record.run for record in records if record.run is not None]
    known = context.store.load_commits(
        repository, sorted({run.head_sha for run in runs if run.head_sha is not None})
    )
    missing = commits_to_fetch(runs, known)
    if not missing:
        return _Commits(known=known)
    try:
        fetched = context.source.fetch_commits(
            repository, missing, pulls_of=commits_with_hidden_pulls(runs)
        )
    except AccessDenied as error:
        remedy = "Give the token read access to contents; until then code_metrics stay null."
        context.report_error(PIPELINE_MONITORING_AGENT, repository, str(error), remedy)
        return _Commits(known=known)
    except Retriable as error:
        return _Commits(known=known, error=error)
    context.store.save_commits(repository, list(fetched.values()))
    context.counters.add("commits", len(fetched))
    late = [sha for sha in missing if sha not in fetched]
    trouble = SourceUnavailable(f"GitHub did not tell of commit {late[0]}.") if late else None
    return _Commits(known={**known, **fetched}, error=trouble)


def _conclude(
    context: CollectorContext,
    poll_session: PollSession,
    snapshot: AttemptSnapshot,
    commits: _Commits,
) -> Changes:
    """Turn a reading into news, with the time of the next look in its record."""
    record, now = snapshot.record, context.clock.now()
    if snapshot.error is not None:
        return Changes(record=_failed(context, record, snapshot.error, now))
    run = record.run
    since = poll_session.repository.watched_since
    if run is None or (not record.published_statuses and not is_wanted(run, since)):
        return Changes(record=replace(record, settled=True, next_check_at=None))
    commit = commits.known.get(run.head_sha or "")
    is_owed = commit is None and run.head_sha is not None and commits.error is not None
    if is_owed and record.failures < MAX_COMMIT_FAILURES:
        return Changes(record=_failed(context, record, commits.error, now))
    if _is_settling(snapshot, now):
        return Changes(record=replace(record, next_check_at=now + SETTLING_PAUSE))
    changes = changes_of(record, commit, log_mode=context.collecting.log_mode, now=now)
    return replace(changes, record=_scheduled(context, snapshot, changes.record, now))


def _is_settling(snapshot: AttemptSnapshot, now: datetime) -> bool:
    """Tell whether a run has just ended and its jobs, a moment behind, have not.

    It is spoken of when they have, or when it is clear that they never will.
    """
    run = snapshot.record.run
    if run is None or not run.is_completed or snapshot.is_gone or _jobs_have_ended(snapshot):
        return False
    return run.updated_at is not None and now - run.updated_at < SETTLING_TIME


def _jobs_have_ended(snapshot: AttemptSnapshot) -> bool:
    return snapshot.is_whole and all(job.is_completed for job in snapshot.record.jobs)


def _scheduled(
    context: CollectorContext, snapshot: AttemptSnapshot, record: AttemptRecord, now: datetime
) -> AttemptRecord:
    """Settle an ended attempt, or say when to look again: more slowly as it grows old."""
    run = record.run
    age = now - record.created_at
    has_ended = run is not None and run.is_completed and _jobs_have_ended(snapshot)
    if snapshot.is_gone or has_ended or age > LONGEST_RUN:
        return replace(record, settled=True, next_check_at=None, jobs_validator=None, failures=0)
    since_start = max(now - (run.updated_at or record.created_at), timedelta()) if run else age
    pause = min(
        max(timedelta(seconds=context.collecting.poll_seconds), since_start / OPEN_AGE_SHARE),
        MAX_PAUSE,
    )
    return replace(record, next_check_at=now + pause, failures=0)


def _failed(
    context: CollectorContext, record: AttemptRecord, error: IngestError | None, now: datetime
) -> AttemptRecord:
    """Put an attempt off after a failed look; a limit is nobody's failure and costs no try."""
    if isinstance(error, RateLimited):
        return replace(record, next_check_at=now)
    failures = record.failures + 1
    if failures >= MAX_FAILURES:
        remedy = "Check GitHub's status; a webhook or a change on the list will try it again."
        what = f"{record.key} was given up after {failures} looks: {error}"
        context.report_error(PIPELINE_MONITORING_AGENT, record.key.repository, what, remedy)
        return replace(record, settled=True, next_check_at=None)
    pause = min(timedelta(seconds=2 ** (failures - 1)), MAX_PAUSE)
    return replace(record, next_check_at=now + pause, failures=failures)


def _publish(context: CollectorContext, changes: Sequence[Changes]) -> None:
    limit = context.metrics.max_message_bytes
    facts = [encode_to_fit(fact, max_bytes=limit) for each in changes for fact in each.facts]
    refused = publish(context.metrics, facts, clock=context.clock)
    work = [message for each in changes for message in each.log_work]
    publish(context.job_events, work, clock=context.clock)
    for rejection in refused:
        what = (
            f"{context.metrics.queue_name} refuses message {rejection.event_id}: {rejection.reason}"
        )
        remedy = "Raise the queue's MaximumMessageSize to 1 MiB: python -m standalone setup."
        context.report_error(PIPELINE_MONITORING_AGENT, None, what, remedy)


def _record(context: CollectorContext, changes: Sequence[Changes]) -> None:
    """Record what was said, the ledger last: what it does not hold is said again."""
    context.store.save_job_logs([log for each in changes for log in each.pending_logs])
    context.store.save_run_summaries([each.summary for each in changes if each.summary is not None])
    context.store.save_attempts([each.record for each in changes])


def _count(
    context: CollectorContext,
    repository: str,
    due: Sequence[AttemptRecord],
    changes: Sequence[Changes],
) -> None:
    """Count what was spoken of for the first time; called before the ledger says so."""
    before = {record.key: record for record in due}
    said = [each.record for each in changes if each.record.published_statuses]
    first = [record for record in said if not before[record.key].published_statuses]
    new_runs = {record.key.run_id for record in first}
    for key, known in context.store.load_attempts(repository, new_runs).items():
        if known.published_statuses:
            new_runs.discard(key.run_id)
    context.counters.add("runs", len(new_runs))
    context.counters.add("attempts", len(first))
    for record in said:
        known = before[record.key]
        context.counters.add("jobs", len(record.published_jobs) - len(known.published_jobs))
        context.counters.add("steps", _steps(record) - _steps(known))


def _steps(record: AttemptRecord) -> int:
    """Count the steps that were spoken of."""
    return sum(len(job.steps) for job in record.jobs if record.published_statuses)


def _is_for_people(error: IngestError) -> bool:
    """Tell whether no later look will do better before a person acts.

    What cannot be read of one attempt is no reason to leave the others.
    """
    return isinstance(error, Fatal)
