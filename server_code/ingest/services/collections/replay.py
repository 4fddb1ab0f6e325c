"""Publish messages again, for a reader that lost its data.

Messages are built from the ledger and the stored logs, or from GitHub if those are purged. They
have the same ids as before, and the field ``replayed``. Nothing is recorded, so a replay can be
stopped at any moment and repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from ...domain.commits import Commit
from ...domain.ledger import AttemptRecord
from ...errors import Skippable
from ...messaging.envelope import Envelope
from ...messaging.truncation import encode_to_fit
from ..agents.agent_loop import ShouldContinue
from ..context import CollectorContext
from ..monitoring.attempt_messages import find_unpublished_changes
from ..monitoring.commit_and_detail_readers import (
    CommitAndDetailReaders,
    open_commit_and_detail_readers,
)
from ..monitoring.read_attempts import (
    MIN_NOT_FOUND_READS,
    AttemptSnapshot,
    needs_job_reread,
    read_attempt,
)
from ..publish import publish
from .replay_logs import replay_fetched_logs, replay_stored_logs
from .replay_span import ReplaySpan, SpanAttempt, load_span
from .retry_policy import RetryPolicy

#: The pause before a list of jobs that may be incomplete is read again.
REREAD_PAUSE_SECONDS = 0.5


@dataclass(slots=True)
class ReplayProgress:
    """What was replayed so far: all attempts that were created before ``reached``.

    Lost attempts and logs are those that GitHub no longer has. Refused messages are those that the
    queue rejected for good.
    """

    reached: datetime
    attempts: int = 0
    messages: int = 0
    logs: int = 0
    lost_attempts: int = 0
    lost_logs: int = 0
    refused_messages: int = 0


def replay(
    context: CollectorContext, span: ReplaySpan, *, should_continue: ShouldContinue
) -> Iterator[ReplayProgress]:
    """Publish every attempt of a span again, oldest first; yield the progress after each.

    Waits as long as GitHub asks. Raises what publishing and reading raise.
    """
    retry_policy = RetryPolicy(context=context, should_continue=should_continue)
    progress = ReplayProgress(reached=span.since)
    for attempt in load_span(context, span, retry_policy):
        progress.reached = attempt.record.created_at
        retry_policy.call(partial(_replay, context, attempt, progress))
        yield progress
        if not should_continue():
            return
    if should_continue():
        progress.reached = span.until


def _replay(context: CollectorContext, attempt: SpanAttempt, progress: ReplayProgress) -> None:
    """Publish an attempt and its logs, then count them."""
    record = attempt.record
    if attempt.is_in_ledger and not record.published_statuses:
        return
    readers = open_commit_and_detail_readers(context, record.key.repository, [_unpublished(record)])
    if attempt.is_in_ledger:
        commit = _fetch_commit(record, readers)
    else:
        snapshot = _read_purged(context, record, readers)
        if isinstance(snapshot.error, Skippable) or snapshot.record.run is None:
            progress.lost_attempts += 1
            return
        record, commit = snapshot.record, snapshot.commit
    changes = find_unpublished_changes(
        _unpublished(record),
        commit,
        log_mode="economy",  # all logs of an ended attempt
        now=context.clock.now(),
        filters=context.filters_of(record.key.repository),
    )
    messages = [
        encode_to_fit(
            _replayed(envelope, context), max_bytes=context.metrics_queue.max_message_bytes
        )
        for envelope in changes.envelopes
    ]
    refused = publish(context.metrics_queue, messages, clock=context.clock)
    if attempt.is_in_ledger:
        logs = replay_stored_logs(context, record)
    else:
        logs = replay_fetched_logs(context, record, changes.pending_logs)
    progress.attempts += 1
    progress.messages += len(messages) - len(refused)
    progress.refused_messages += len(refused)
    progress.logs += logs.replayed
    progress.lost_logs += logs.lost


def _fetch_commit(record: AttemptRecord, readers: CommitAndDetailReaders) -> Commit | None:
    try:
        return None if record.run is None else readers.commits.fetch(record.run)
    except Skippable:
        return None


def _read_purged(
    context: CollectorContext, record: AttemptRecord, readers: CommitAndDetailReaders
) -> AttemptSnapshot:
    """Read a purged attempt from GitHub; repeat this until its list of jobs is complete."""
    read = partial(read_attempt, context.github, readers=readers, is_run_current=True)
    while True:
        snapshot = read(record, wants_jobs=True)
        if snapshot.error is not None and snapshot.record.run is None:
            # After several failures, an attempt that GitHub does not have counts as gone.
            later = read(replace(record, failed_reads=MIN_NOT_FOUND_READS), wants_jobs=False)
            snapshot = later if later.is_gone else snapshot
        if snapshot.error is not None and not isinstance(snapshot.error, Skippable):
            raise snapshot.error
        record = snapshot.record
        if snapshot.error is not None or not needs_job_reread(record):
            return snapshot
        context.clock.sleep(REREAD_PAUSE_SECONDS)


def _unpublished(record: AttemptRecord) -> AttemptRecord:
    """Return the record as it was before its present status and jobs were published."""
    before = record.published_statuses[:-1]
    return replace(record, published_jobs={}, published_statuses=before, fingerprint=None)


def _replayed(envelope: Envelope, context: CollectorContext) -> Envelope:
    data = {**envelope.data, "replayed": True}
    return replace(envelope, data=data, cloudevents_source_root=context.cloudevents_source_root)
