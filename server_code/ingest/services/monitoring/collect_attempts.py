"""Read the attempts that are due, publish their changes, and record what was published.

Results are published while other reads are still running. What was read is saved in the ledger even
if a limit, a failure or a full queue ends the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from ...domain.delivery_trust import DELIVERY_CHECK_INTERVAL, last_change_of
from ...domain.ledger import AttemptRecord
from ...domain.runs import AttemptKey
from ...domain.source_records import LOGS_FILTERED_OUT
from ...errors import (
    AccessDenied,
    BadCredentials,
    Fatal,
    IngestError,
    OutOfMemory,
    QueueUnavailable,
    RateLimited,
    ResourceExhausted,
)
from ...messaging.encoding import QueueMessage
from ...messaging.truncation import encode_to_fit
from ...ports import SendFailure
from ..context import CollectorContext
from ..limits_in_force import LimitsInForce
from ..publish import publish, publish_log_work, refusal_error
from ..unexpected_errors import as_ingest_error
from ..urgent_errors import most_urgent
from .attempt_messages import Changes, find_unpublished_changes
from .commit_and_detail_readers import (
    CommitAndDetailReaders,
    open_commit_and_detail_readers,
    report_denied,
    save_commits,
)
from .count_published import count_published
from .job_read_policy import JobReadPolicy
from .parallel_reads import read_in_groups
from .poll_session import (
    PollSession,
    renew_lease_when_due,
    save_progress,
    set_request_purpose,
)
from .read_attempts import AttemptSnapshot, read_attempt
from .read_commits import CommitReader
from .save_runs import count_filtered, is_wanted, upsert_runs
from .schedule_attempts import (
    is_waiting_for_jobs,
    note_job_counts,
    pause_for_jobs,
    postpone,
    settle_or_schedule,
)
from .verify_deliveries import (
    count_contradicted_deliveries,
    find_status_changes,
    note_missed_deliveries,
)

#: Attempts that are loaded at once; their commits fit one GraphQL query.
BATCH_SIZE = 100
NEWEST_IN_BATCH = 20

#: The errors of an attempt that end a collection once all is published, the most urgent first:
#: too little memory ends the process.
_STOPPING_ERRORS = (OutOfMemory, (RateLimited, BadCredentials, ResourceExhausted))

#: If access is denied to all attempts of a batch, at least this many, the poll fails.
MIN_DENIALS = 5


def collect_due_batch(context: CollectorContext, poll_session: PollSession) -> int:
    """Collect one batch of due attempts, as ``collect_attempts`` does; return how many."""
    due = _load_due_batch(context, poll_session.repository.full_name)
    return collect_attempts(context, poll_session, due)


def _load_due_batch(context: CollectorContext, repository: str) -> list[AttemptRecord]:
    """Load a batch: the oldest attempts, because logs expire, and always some of the newest."""
    now = context.clock.now()
    newest = context.store.load_due_attempts(
        repository, now=now, limit=NEWEST_IN_BATCH, newest_first=True
    )
    batch = {record.key: record for record in newest}
    if len(newest) == NEWEST_IN_BATCH:
        oldest = context.store.load_due_attempts(
            repository, now=now, limit=BATCH_SIZE - NEWEST_IN_BATCH
        )
        batch |= {record.key: record for record in oldest}
    # The attempts of one run have the same creation time.
    return sorted(batch.values(), key=lambda record: (record.created_at, record.key))


def collect_attempts(
    context: CollectorContext, poll_session: PollSession, due: Sequence[AttemptRecord]
) -> int:
    """Read attempts and publish their changes; return how many there were, 0 without the lease.

    Messages are sent before they are recorded: a crash in between repeats them with the same ids.
    Raises RateLimited, BadCredentials, ResourceExhausted and AccessDenied (if none may be read)
    after everything that was read is published, and what publishing raises.
    """
    if not due or not save_progress(context, poll_session):
        return 0
    readers = open_commit_and_detail_readers(context, poll_session.repository.full_name, due)
    groups = read_in_groups(
        context.executor,
        due,
        _reader(context, poll_session, readers),
        clock=context.clock,
        should_continue=lambda: (
            renew_lease_when_due(context, poll_session) and poll_session.should_continue()
        ),
    )
    before = {record.key: record for record in due}
    errors: list[IngestError | None] = []
    set_request_purpose(context, poll_session, due)
    try:
        for group in groups:
            snapshots = [snapshot for snapshot in group if snapshot is not None]
            if snapshots:
                _publish_group(context, poll_session, readers.commits, snapshots, before)
            errors += [snapshot.error for snapshot in snapshots]
    finally:
        set_request_purpose(context, poll_session)
    report_denied(context, poll_session.repository.full_name, readers)
    if (stopped_by := most_urgent(errors, _STOPPING_ERRORS)) is not None:
        raise stopped_by
    if len(errors) >= MIN_DENIALS and all(isinstance(error, AccessDenied) for error in errors):
        raise next(filter(None, errors))
    return len(due)


def _reader(
    context: CollectorContext, poll_session: PollSession, readers: CommitAndDetailReaders
) -> Callable[[AttemptRecord], AttemptSnapshot | None]:
    """Return the function that reads one attempt, for worker threads.

    It returns None, and sends nothing, while a limit lasts that refused another request.
    """
    policy = JobReadPolicy(context, poll_session)
    limits, repository = LimitsInForce(context.clock), poll_session.repository.full_name

    def read(record: AttemptRecord) -> AttemptSnapshot | None:
        is_run_current, wants_jobs = poll_session.is_current(record), policy.wants_jobs(record)
        sends_request = wants_jobs or record.is_run_completed or not is_run_current
        if sends_request and limits.find(repository):
            return None  # it stays due
        try:
            snapshot = read_attempt(
                context.github,
                record,
                readers,
                is_run_current=is_run_current,
                wants_jobs=wants_jobs,
            )
        except Exception as defect:  # noqa: BLE001 - a defect must stop no other attempt
            error = as_ingest_error(defect, f"the collection of {record.key}")
            return AttemptSnapshot(record=record, error=error)
        limits.note(repository, snapshot.error)
        if not wants_jobs or snapshot.error is not None:
            return snapshot
        read_at = context.clock.now()
        return replace(snapshot, record=replace(snapshot.record, jobs_read_at=read_at))

    return read


def _publish_group(
    context: CollectorContext,
    poll_session: PollSession,
    commits: CommitReader,
    snapshots: Sequence[AttemptSnapshot],
    before: Mapping[AttemptKey, AttemptRecord],
) -> None:
    """Publish and record one group of attempts; ``before`` has the records as they were loaded."""
    repository = poll_session.repository.full_name
    save_commits(context, repository, commits.pop_unsaved())
    newer = [snapshot.newer_attempt for snapshot in snapshots if snapshot.newer_attempt is not None]
    if newer:
        upsert_runs(context, poll_session, newer)
    changed_runs = newer + find_status_changes(snapshots, before)
    note_missed_deliveries(context, poll_session, map(last_change_of, changed_runs))
    count_contradicted_deliveries(context, snapshots, before)
    left_out = sum(snapshot.record.is_filtered_out for snapshot in snapshots)
    count_filtered(context, poll_session.repository, left_out)
    built = [_build_messages(context, poll_session, snapshot) for snapshot in snapshots]
    encoded = [message for _, messages in built for message in messages]
    try:
        failures = publish(context.metrics_queue, encoded, clock=context.clock, keeps_going=True)
        _publish_log_work(context, [change for change, _ in built])
    except (QueueUnavailable, Fatal):
        context.store.save_attempts([snapshot.record for snapshot in snapshots])
        raise
    failure_of = {failure.event_id: failure for failure in failures}
    changes = [
        _postpone_refused(context, snapshot, refused[0], failure_of[refused[0].event_id])
        if (refused := [each for each in messages if each.event_id in failure_of])
        else change
        for snapshot, (change, messages) in zip(snapshots, built, strict=True)
    ]
    if context.settings.log_mode == "live":
        note_job_counts(poll_session, snapshots, before)
    changed = [each for each in changes if each.record is not before[each.record.key]]
    records = [each.record for each in changed]
    count_published(context, poll_session.repository, before, records)
    _record(context, changed)


#: An attempt's changes, and their messages for the metrics queue.
_AttemptMessages = tuple[Changes, list[QueueMessage]]


def _build_messages(
    context: CollectorContext, poll_session: PollSession, snapshot: AttemptSnapshot
) -> _AttemptMessages:
    """Turn a snapshot into messages, with the time of the next check in its record."""
    try:
        changes = _changes(context, poll_session, snapshot)
        limit = context.metrics_queue.max_message_bytes
        envelopes = changes.envelopes
        if (root := context.cloudevents_source_root) is not None:
            envelopes = tuple(replace(each, cloudevents_source_root=root) for each in envelopes)
        return changes, [encode_to_fit(each, max_bytes=limit) for each in envelopes]
    except Exception as defect:  # noqa: BLE001 - a defect must stop no other attempt
        error = as_ingest_error(defect, f"the collection of {snapshot.record.key}")
        return Changes(record=postpone(context, snapshot.record, error)), []


def _changes(
    context: CollectorContext, poll_session: PollSession, snapshot: AttemptSnapshot
) -> Changes:
    """Return what to publish of an attempt; nothing if it waits, failed or is filtered out."""
    record, now = snapshot.record, context.clock.now()
    if record.is_filtered_out:
        return Changes(record=record)
    if snapshot.error is not None:
        record = postpone(context, record, snapshot.error)
        if not snapshot.is_partial:
            return Changes(record=record)
    run, since = record.run, poll_session.repository.watched_since
    if run is None or (not record.published_statuses and not is_wanted(run, since)):
        return Changes(record=replace(record, settled=True, next_check_at=None))
    if snapshot.error is None and is_waiting_for_jobs(snapshot, now):
        return Changes(record=replace(record, next_check_at=now + pause_for_jobs(record)))
    changes = find_unpublished_changes(
        record,
        snapshot.commit,
        log_mode=context.settings.log_mode,
        now=now,
        filters=context.filters_of(record.key.repository),
    )
    if snapshot.error is not None:
        return changes
    minimum = DELIVERY_CHECK_INTERVAL if poll_session.relies_on_deliveries else timedelta()
    record = settle_or_schedule(context, snapshot, changes.record, min_pause=minimum)
    return replace(changes, record=record)


def _publish_log_work(context: CollectorContext, changes: Sequence[Changes]) -> None:
    """Record which logs are pending, then publish their work items: unknown ones are rejected."""
    logs = [log for each in changes for log in each.pending_logs]
    context.store.save_job_logs(logs)
    work = [message for each in changes for message in each.log_work]
    publish_log_work(context, work, logs)


def _postpone_refused(
    context: CollectorContext,
    snapshot: AttemptSnapshot,
    message: QueueMessage,
    failure: SendFailure,
) -> Changes:
    """Record an attempt as read but not as published: what was refused is sent again."""
    what = f"message {message.event_id}"
    error = refusal_error(context.metrics_queue, message, failure, what)
    return Changes(record=postpone(context, snapshot.record, error))


def _record(context: CollectorContext, changes: Sequence[Changes]) -> None:
    """Record what was published, the attempts last: after a crash, they are published again."""
    context.counters.add(LOGS_FILTERED_OUT, sum(each.filtered_logs for each in changes))
    context.save_counts()
    context.store.save_run_summaries([each.summary for each in changes if each.summary is not None])
    context.store.save_attempts([each.record for each in changes])
