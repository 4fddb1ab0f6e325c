"""Publishing again what was published, for a reader that lost its data.

Messages come from the ledger and the stored logs, and from GitHub where those are gone. They have
the ids that they had, and say that they are replayed. Nothing is recorded, so a replay can be
repeated, and stopped at any moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import BinaryIO

from ..domain.ledger import LOG_FETCHED, LOG_PENDING, AttemptRecord, JobLogRecord
from ..errors import RateLimited, Skippable
from ..messaging.envelope import Envelope
from ..messaging.log_events import UnavailableReason
from ..messaging.log_work import DueLog
from ..messaging.truncation import encode_to_fit
from .agent_loop import ShouldContinue
from .attempt_messages import changes_of
from .context import CollectorContext
from .deliver_log import deliver_absence, deliver_log
from .log_results import LogFetched, LogNotReady, LogUnavailable, spool_log, with_steps
from .publish import publish
from .read_attempts import read_attempt
from .read_log import LogReader
from .replay_span import ReplaySpan, load_span
from .slice_reads import open_slice_reads

WAIT_SECONDS = 0.5


@dataclass(slots=True)
class ReplayProgress:
    """What was replayed so far; all attempts created before ``reached`` are."""

    reached: datetime
    attempts: int = 0
    messages: int = 0
    logs: int = 0
    lost_attempts: int = 0
    lost_logs: int = 0


def replay(
    context: CollectorContext, span: ReplaySpan, *, should_continue: ShouldContinue
) -> Iterator[ReplayProgress]:
    """Publish every attempt of a span again, oldest first; yield the progress after each.

    Waits where GitHub refuses requests for a while. Raises what publishing and reading raise.
    """
    quiet = replace(context, log_cache=None)
    progress = ReplayProgress(reached=span.since)
    for record in load_span(context, span):
        if not should_continue():
            return
        progress.reached = record.created_at
        _patiently(context, should_continue, partial(_replay, quiet, context, record, progress))
        yield progress
    if should_continue():
        progress.reached = span.until


def _patiently(
    context: CollectorContext, should_continue: ShouldContinue, work: Callable[[], None]
) -> None:
    """Do work again once a limit of GitHub has passed; repeated messages keep their ids."""
    while True:
        try:
            return work()
        except RateLimited as limit:
            while should_continue() and context.clock.now() < limit.retry_at:
                context.clock.sleep(WAIT_SECONDS)
            if not should_continue():
                return None


def _replay(
    quiet: CollectorContext,
    context: CollectorContext,
    record: AttemptRecord,
    progress: ReplayProgress,
) -> None:
    reads = open_slice_reads(quiet, record.key.repository, [_unpublished(record)])
    logs: Mapping[int, JobLogRecord] = context.store.load_job_logs(record.key)
    if record.run is None:
        snapshot = read_attempt(quiet.source, record, reads, is_current=False, wants_jobs=True)
        if isinstance(snapshot.error, Skippable):
            progress.lost_attempts += 1
            return
        if snapshot.error is not None:
            raise snapshot.error
        record = snapshot.record
        logs = _logs_on_github(record)
    elif not record.published_statuses:
        return
    if record.run is None:
        return
    commit = reads.commits.fetch(record.run)
    now, limit = context.clock.now(), quiet.metrics.max_message_bytes
    changes = changes_of(_unpublished(record), commit, log_mode="economy", now=now)
    messages = [
        encode_to_fit(_replayed(fact, context.cloudevents_root), max_bytes=limit)
        for fact in changes.facts
    ]
    publish(quiet.metrics, messages, clock=context.clock)
    outcomes = [_replay_log(quiet, context, record, log) for log in logs.values()]
    progress.attempts += 1
    progress.messages += len(messages)
    progress.logs += outcomes.count(True)
    progress.lost_logs += outcomes.count(False)


def _unpublished(record: AttemptRecord) -> AttemptRecord:
    return replace(record, published_jobs={}, published_statuses=(), fingerprint=None)


def _replayed(fact: Envelope, cloudevents_root: str | None) -> Envelope:
    return replace(fact, data={**fact.data, "replayed": True}, cloudevents_root=cloudevents_root)


def _logs_on_github(record: AttemptRecord) -> dict[int, JobLogRecord]:
    """Return what is to be fetched of an attempt that the ledger does not hold."""
    return {
        job.job_id: JobLogRecord(
            key=record.key,
            job_id=job.job_id,
            job_name=job.name,
            state=LOG_FETCHED,
            updated_at=record.created_at,
        )
        for job in record.jobs
        if job.is_completed and not job.never_started
    }


def _replay_log(
    quiet: CollectorContext, context: CollectorContext, record: AttemptRecord, log: JobLogRecord
) -> bool | None:
    """Publish a log again, or that there is none; False where it is gone, None while it waits."""
    if log.state == LOG_PENDING:
        return None
    due = DueLog(
        job_id=log.job_id,
        job_name=log.job_name,
        conclusion=None,
        completed_at=None,
        never_started=False,
    )
    if log.state != LOG_FETCHED:
        deliver_absence(quiet, log.key, _absence(due, log), is_replayed=True)
        return True
    steps = next((job.steps for job in record.jobs if job.job_id == log.job_id), ())
    for fetch in _sources(context, log):
        result = spool_log(due, fetch)
        if isinstance(result, LogNotReady) and isinstance(result.error, RateLimited):
            raise result.error
        if isinstance(result, LogFetched):
            with result.spool:
                deliver_log(quiet, log.key, with_steps(result, steps), is_replayed=True)
            return True
    return False


def _absence(due: DueLog, log: JobLogRecord) -> LogUnavailable:
    """Return the reason that was published, as its record holds it."""
    word, _, detail = (log.reason or "").partition(": ")
    reasons: dict[str, UnavailableReason] = {
        "never_existed": "never_existed",
        "expired": "expired",
    }
    return LogUnavailable(job=due, reason=reasons.get(word, "not_found"), detail=detail)


def _sources(context: CollectorContext, log: JobLogRecord) -> Iterator[Callable[[BinaryIO], None]]:
    """Yield the ways to a log: the cache, the bucket, GitHub."""
    cache = context.log_cache
    cached = None if cache is None else cache.load_content(log.key, log.job_id)
    if cached is not None:
        yield partial(_write, cached)
    reader = LogReader(
        source=context.source,
        store=context.store,
        blobs=context.blobs,
        clock=context.clock,
        counters=context.counters,
        log_cache=None,
    )
    yield from reader.sources(log)


def _write(chunks: Iterator[bytes], into: BinaryIO) -> None:
    into.writelines(chunks)
