"""Publishing of messages, with retries of those that the queue did not accept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import attrgetter

from ..domain.batches import batches
from ..domain.counted_nouns import plural
from ..domain.ledger import JobLogRecord
from ..errors import IngestError, MessageRefused, QueueUnavailable
from ..messaging.encoding import QueueMessage
from ..messaging.log_work import LogWork, WorkItemJob, job_work_message
from ..messaging.log_work_parser import parse_log_work
from ..messaging.truncation import SIZE_REMEDY
from ..ports import Clock, Publisher, SendFailure
from .context import LOG_INGESTION_AGENT, CollectorContext

MAX_TRIES = 5

#: So few messages of a batch may all be of one attempt. If the queue takes none of more than these,
#: it is the queue that fails.
MAX_OF_ONE_ATTEMPT = 3

#: A log that is pending for longer is requeued, because its work item must be lost.
STALE_AFTER = timedelta(hours=1)

_REFUSAL_REMEDY = (
    "Correct what the reason names, at the queue or at a program before it. What was refused is "
    "sent again."
)


def publish(
    queue: Publisher, messages: Sequence[QueueMessage], *, clock: Clock, keeps_going: bool = False
) -> tuple[SendFailure, ...]:
    """Send messages in order, in batches; return those that the queue rejected for good.

    Of a partly rejected batch only the rejected messages are sent again, after a growing pause.
    Raises QueueUnavailable if some are still not accepted after 5 tries. The caller then records
    nothing and sends all of them again later, with the same ids. With ``keeps_going`` it is raised
    only if nothing of a batch is accepted; else those that are not are returned, too: one of them
    must not keep the others from being recorded.
    """
    refused: list[SendFailure] = []
    for batch in batches(
        messages,
        size_of=attrgetter("size_bytes"),
        max_bytes=queue.max_message_bytes,
        max_count=queue.max_batch_count,
    ):
        refused += _send_batch(queue, batch, clock, keeps_going=keeps_going)
    return tuple(refused)


def publish_log_work(
    context: CollectorContext, work: Sequence[QueueMessage], logs: Sequence[JobLogRecord]
) -> list[JobLogRecord]:
    """Send work items for pending logs; those that are too large for the queue are split.

    Returns the logs of items that the queue did not reject for good. A rejection is reported, and
    its logs are requeued, because nothing is wrong with them. Raises QueueUnavailable: what is not
    accepted for now is not left to requeueing, which may take a day.
    """
    queue, now = context.job_events_queue, context.clock.now()
    limit = queue.max_message_bytes
    messages = [each for item in work for each in split_log_work(item, max_bytes=limit, now=now)]
    refused = {each.event_id: each for each in publish(queue, messages, clock=context.clock)}
    rejected = [message for message in messages if message.event_id in refused]
    if not rejected:
        return list(logs)
    first = rejected[0]
    error = refusal_error(queue, first, refused[first.event_id], plural(len(refused), "work item"))
    context.report_new_error(LOG_INGESTION_AGENT, None, str(error), str(error.remedy))
    items = [parse_log_work(message.body) for message in rejected]
    not_sent = {(item.key, job.job_id) for item in items for job in item.jobs}
    due = now - STALE_AFTER - timedelta(seconds=1)
    context.store.save_job_logs(
        [
            replace(log, updated_at=due, pending_since=log.waits_since)
            for log in logs
            if (log.key, log.job_id) in not_sent
        ]
    )
    return [log for log in logs if (log.key, log.job_id) not in not_sent]


def split_log_work(message: QueueMessage, *, max_bytes: int, now: datetime) -> list[QueueMessage]:
    """Return the message of a work item, or if it is too large, one message for each job.

    The name of a job is shortened as far as needed. The receiver finds the job by its id and takes
    its name from the ledger.
    """
    if message.size_bytes <= max_bytes:
        return [message]
    work = parse_log_work(message.body)
    return [_fit_job(work, job, message.delay_seconds, max_bytes, now) for job in work.jobs]


def _fit_job(
    work: LogWork, job: WorkItemJob, delay_seconds: int, max_bytes: int, now: datetime
) -> QueueMessage:
    while True:
        message = job_work_message(
            work.key, job, now=now, tries=work.tries, delay_seconds=delay_seconds
        )
        if message.size_bytes <= max_bytes or len(job.job_name) <= 1:
            return message
        job = replace(job, job_name=job.job_name[: len(job.job_name) // 2])


def refusal_error(
    queue: Publisher, message: QueueMessage, failure: SendFailure, what: str
) -> IngestError:
    """Build the error of a message that its queue rejected, for good or for now."""
    if not failure.is_final:
        text = f"{queue.queue_name} does not accept {what}: {failure.reason}"
        return QueueUnavailable(text, remedy="No action is needed: it is sent again.")
    is_too_large = message.size_bytes > queue.max_message_bytes
    return MessageRefused(
        f"{queue.queue_name} refused {what}: {failure.reason}",
        remedy=SIZE_REMEDY if is_too_large else _REFUSAL_REMEDY,
    )


def _send_batch(
    queue: Publisher, batch: list[QueueMessage], clock: Clock, *, keeps_going: bool
) -> list[SendFailure]:
    refused: list[SendFailure] = []
    count, failures = len(batch), dict[str, SendFailure]()
    for tries in range(MAX_TRIES):
        if tries:
            clock.sleep(0.1 * 2**tries)
        failures = {failure.event_id: failure for failure in queue.send(batch)}
        refused += [failure for failure in failures.values() if failure.is_final]
        again = {event_id for event_id, each in failures.items() if not each.is_final}
        batch = [message for message in batch if message.event_id in again]
        if not batch:
            return refused
        if any(message.size_bytes > queue.max_message_bytes for message in batch):
            break  # the limit was lowered; the next poll encodes the messages for it
    else:
        if keeps_going and (len(batch) < count or count <= MAX_OF_ONE_ATTEMPT):
            return [*refused, *(failures[message.event_id] for message in batch)]
    raise QueueUnavailable(
        f"{queue.queue_name} did not accept {plural(len(batch), 'message')} in "
        f"{plural(tries + 1, 'try', 'tries')}."
    )
