"""The Log Ingestion Agent: from the job events queue to the logs queue.

It receives the news that jobs have ended, fetches their logs side by side, publishes each, and
only then deletes the news. A log that is not there yet is asked for again later, by a delayed copy
of the news; what can never be had is said to be so. Killed anywhere, it loses nothing: undeleted
news comes back when its visibility timeout ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..domain.ledger import LOG_PENDING, JobLogRecord
from ..errors import (
    DiskFull,
    Fatal,
    IngestError,
    LogPending,
    MalformedPayload,
    NotFound,
    RateLimited,
)
from ..messaging.envelope import QueueMessage
from ..messaging.log_work import (
    DueLog,
    LogWork,
    attempt_logs_due,
    job_log_due,
    parse_log_work,
)
from ..ports import ReceivedMessage
from .context import LOG_INGESTION_AGENT, CollectorContext
from .deliver_log import deliver_absence, deliver_log, pack_log
from .fetch_logs import LogFetched, LogNotReady, LogUnavailable, Outcome, fetch_logs
from .interleave import Finished, interleave
from .log_batch import LogBatch
from .publish import publish
from .visibility import VisibilityExtender, extend_visibility

#: A log may appear up to this long after its job's end; a job long ended gets MIN_TRIES looks.
PATIENCE = timedelta(minutes=10)
MIN_TRIES = 5

#: Failures of GitHub itself are waited out for longer: about half a day.
MAX_FAILED_TRIES = 60

#: What a person must mend is told at the first try, and then every few hours.
TELL_EVERY_TRIES = 20

#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
MAX_DELAY_SECONDS = 900
LONGEST_PAUSE_SECONDS = 600

#: After so many receptions the queue moves a message to its dead-letter queue (setup's policy).
MAX_RECEIVES = 5


@dataclass(slots=True)
class _Progress:
    """Be one received piece of work and what is still owed of it."""

    message: ReceivedMessage
    work: LogWork
    owed: list[DueLog]
    late: list[LogNotReady] = field(default_factory=list)
    trouble: IngestError | None = None
    is_done: bool = False

    def fail(self, error: IngestError) -> None:
        """Remember what kept one of its logs from the queue."""
        self.trouble = error


def ingest_due_logs(
    context: CollectorContext, *, max_messages: int = 10, wait_seconds: int = 20
) -> int:
    """Receive due work, waiting for it up to 20 s, and do all of it; return how many were received.

    Raises RateLimited after putting the work off, so that its caller pauses until ``retry_at``;
    other errors end in the errors list, and their work comes back by itself.
    """
    context.obey_pauses()
    messages = context.job_events.receive(max_messages=max_messages, wait_seconds=wait_seconds)
    if not messages:
        return 0
    with extend_visibility(context.job_events, messages) as extender:
        opened = (_open(context, message) for message in messages)
        pieces = [piece for piece in opened if piece is not None]
        try:
            _do(context, pieces, extender)
        finally:
            context.job_events.delete([piece.message for piece in pieces if piece.is_done])
    for piece in pieces:
        for late in piece.late:
            if isinstance(late.error, RateLimited):
                context.share_pauses()
                raise late.error
    return len(messages)


def requeue_stale_logs(
    context: CollectorContext,
    repositories: Sequence[str] | None = None,
    *,
    older_than: timedelta = timedelta(hours=1),
) -> int:
    """Order logs again that have been pending for long: their news may be lost.

    A queue keeps messages for some days only, and may be emptied by hand. Returns how many.
    """
    now = context.clock.now()
    pending = context.store.load_pending_logs(
        repositories, updated_before=now - older_than, limit=100
    )
    again = [
        job_log_due(
            log.key,
            DueLog(
                job_id=log.job_id,
                job_name=log.job_name,
                conclusion=None,
                completed_at=log.updated_at,
                never_started=False,
            ),
            now=now,
        )
        for log in pending
    ]
    publish(context.job_events, again, clock=context.clock)
    context.store.save_job_logs([replace(log, updated_at=now) for log in pending])
    return len(pending)


def _open(context: CollectorContext, message: ReceivedMessage) -> _Progress | None:
    """Read a message and what is still owed of it; leave what is no work to the dead letters."""
    try:
        work = parse_log_work(message.body)
    except MalformedPayload as error:
        if message.receive_count == 1:
            remedy = (
                "It ends in the dead-letter queue; look at what sends to this queue besides us."
            )
            context.report_error(LOG_INGESTION_AGENT, None, str(error), remedy)
        return None
    known = context.store.load_job_logs(work.key)
    owed = [job for job in work.jobs if _is_owed(known.get(job.job_id))]
    return _Progress(message=message, work=work, owed=owed)


def _is_owed(known: JobLogRecord | None) -> bool:
    return known is None or known.state == LOG_PENDING


def _do(context: CollectorContext, pieces: list[_Progress], extender: VisibilityExtender) -> None:
    by_handle = {piece.message.receipt_handle: piece for piece in pieces}

    def fetch(handle: str) -> Iterator[Outcome]:
        piece = by_handle[handle]
        return fetch_logs(context.source, piece.work, piece.owed)

    batch, ended = LogBatch(context), list[tuple[_Progress, Finished]]()

    def settle() -> None:
        batch.send()
        for piece, end in ended:
            _finish(context, piece, end, extender)
        ended.clear()

    for handle, item in interleave(context.log_workers, list(by_handle), fetch, when_idle=settle):
        piece = by_handle[handle]
        if isinstance(item, Finished):
            ended.append((piece, item))
        else:
            _take(context, piece, item, batch)
        if batch.is_full:
            settle()
    settle()


def _take(context: CollectorContext, piece: _Progress, outcome: Outcome, batch: LogBatch) -> None:
    """Publish one outcome and record it, a small log with others of its kind.

    A late log is put off when its work is finished.
    """
    try:
        if isinstance(outcome, LogFetched):
            with outcome.spool:
                if batch.accepts(outcome.digest.log_bytes):
                    small = pack_log(context, piece.work.key, outcome)
                    if small is not None:
                        batch.add(*small, piece.fail)
                        return
                record = deliver_log(context, piece.work.key, outcome)
        elif isinstance(outcome, LogUnavailable):
            record = deliver_absence(context, piece.work.key, outcome)
        elif _is_given_up(context, piece.work, outcome):
            record = deliver_absence(
                context, piece.work.key, _give_up(context, piece.work, outcome)
            )
        else:
            piece.late.append(outcome)
            return
        context.store.save_job_logs([record])
    except IngestError as error:
        piece.trouble = error


def _finish(
    context: CollectorContext, piece: _Progress, end: Finished, extender: VisibilityExtender
) -> None:
    """Mark work that is done or put off; let work that failed come back."""
    if end.error is not None:
        raise end.error
    try:
        if piece.trouble is not None:
            raise piece.trouble
        if piece.late:
            _report_what_needs_a_person(context, piece)
            publish(context.job_events, [_put_off(context, piece)], clock=context.clock)
        piece.is_done = True
    except IngestError as error:
        # Undeleted work is received again, and finds in the store what is already done.
        extender.release(piece.message)
        _come_back(context, piece, error)


def _report_what_needs_a_person(context: CollectorContext, piece: _Progress) -> None:
    """Report a full disk or a refused token, but not at every try."""
    trouble = next((late.error for late in piece.late if _is_ours(late.error)), None)
    if trouble is not None and piece.work.tries % TELL_EVERY_TRIES == 0:
        context.report_error(
            LOG_INGESTION_AGENT,
            piece.work.key.repository,
            f"Logs of {piece.work.key} wait: {trouble}",
            "They are asked for again and again, and come once this is mended.",
        )


def _come_back(context: CollectorContext, piece: _Progress, error: IngestError) -> None:
    context.report_error(
        LOG_INGESTION_AGENT,
        piece.work.key.repository,
        f"Logs of {piece.work.key} wait: {error}",
        "Nothing to do if it passes; after 5 tries the work is in the dead-letter queue.",
    )
    if not isinstance(error, Fatal):
        context.job_events.extend(piece.message, seconds=30 * piece.message.receive_count)


def _put_off(context: CollectorContext, piece: _Progress) -> QueueMessage:
    """Build the delayed copy of work whose logs are late.

    An archive's files are told apart by the names of all jobs, so none is left out.
    """
    now, work = context.clock.now(), piece.work
    is_limited = any(isinstance(late.error, RateLimited) for late in piece.late)
    tries = work.tries if is_limited else work.tries + 1
    delay = max(_delay_seconds(late.error, work.tries, now) for late in piece.late)
    if work.is_whole_attempt:
        return attempt_logs_due(work.key, work.jobs, now=now, tries=tries, delay_seconds=delay)
    return job_log_due(work.key, work.jobs[0], now=now, tries=tries, delay_seconds=delay)


def _delay_seconds(error: IngestError, tries: int, now: datetime) -> int:
    if isinstance(error, RateLimited):
        seconds = int((error.retry_at - now).total_seconds()) + 1
        return min(max(seconds, 1), MAX_DELAY_SECONDS)
    return int(min(2.0 ** min(tries, 20), LONGEST_PAUSE_SECONDS))


def _is_given_up(context: CollectorContext, work: LogWork, late: LogNotReady) -> bool:
    if isinstance(late.error, RateLimited) or _is_ours(late.error):
        return False
    if not isinstance(late.error, LogPending):
        return work.tries >= MAX_FAILED_TRIES
    ended_at = late.job.completed_at
    is_old = ended_at is None or context.clock.now() - ended_at > PATIENCE
    return work.tries >= MIN_TRIES and is_old


def _is_ours(error: IngestError) -> bool:
    """Tell whether the log may well be there, and only we cannot take it now."""
    return isinstance(error, (DiskFull, Fatal))


def _give_up(context: CollectorContext, work: LogWork, late: LogNotReady) -> LogUnavailable:
    """Say why a log is not to be had: its repository may be gone."""
    try:
        context.source.fetch_repository(work.key.repository)
    except NotFound as error:
        return LogUnavailable(job=late.job, reason="repository_gone", detail=str(error))
    except IngestError:
        pass
    return LogUnavailable(job=late.job, reason="not_found", detail=str(late.error))
