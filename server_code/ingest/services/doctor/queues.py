"""Checks of the message bus: the three queues, and the bucket for long logs."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import AccessDenied, IngestError, QueueMissing
from ...ports.inspection import BusRemedies, CheckResult, QueueAttributes, QueueInspector
from ...settings import QueueSettings

#: Every bus accepts messages of 256 KB. Smaller ones would split logs into many parts.
SMALL_MESSAGE_BYTES = 250_000

#: Most logs are fetched and published within this time; for others the timeout is extended.
SHORT_VISIBILITY_SECONDS = 30

_SETUP = "runstream setup"


def check_queues(inspector: QueueInspector, queues: QueueSettings) -> Iterator[CheckResult]:
    """Check each queue: that it exists, accepts messages and has a dead-letter queue."""
    for name in queues.names:
        subject = f"queue {name}"
        try:
            attributes = inspector.inspect_queue(name)
            inspector.check_can_send(name)
        except IngestError as error:
            yield CheckResult.failed(subject, error, _remedy(error, inspector.remedies))
        else:
            yield _assess(subject, attributes, is_work_queue=name == queues.job_events_queue)


def check_bucket(inspector: QueueInspector, bucket: str | None) -> CheckResult:
    """Check that logs can be stored in the bucket."""
    if bucket is None:
        finding = "No LOG_BUCKET is set: logs that exceed a message are sent in parts."
        return CheckResult.ok("bucket", finding)
    subject = f"bucket {bucket}"
    try:
        inspector.check_can_store(bucket)
    except IngestError as error:
        return CheckResult.failed(subject, error, _remedy(error, inspector.remedies))
    return CheckResult.ok(subject, "Logs can be stored.")


def _assess(subject: str, queue: QueueAttributes, *, is_work_queue: bool) -> CheckResult:
    waiting = "an unknown number" if queue.waiting is None else f"{queue.waiting:,}"
    finding = (
        f"It accepts messages of up to {queue.max_message_bytes // 1024:,} KiB; {waiting} waiting."
    )
    if queue.dead_letter_queue is None:
        problem = f"{finding} It has no dead-letter queue: messages that fail are repeated."
        return CheckResult.warning(subject, problem, f"{_SETUP} gives it one.")
    if queue.dead_letters and is_work_queue:
        problem = f"{finding} {queue.dead_letters:,} are in {queue.dead_letter_queue}."
        remedy = "Fix the errors that `runstream status` lists, then run: runstream redrive."
        return CheckResult.warning(subject, problem, remedy)
    if queue.max_message_bytes < SMALL_MESSAGE_BYTES:
        remedy = f"{_SETUP} raises its limit where the bus allows more."
        return CheckResult.warning(subject, finding, remedy)
    if (
        is_work_queue
        and queue.visibility_seconds is not None
        and queue.visibility_seconds < SHORT_VISIBILITY_SECONDS
    ):
        seconds = queue.visibility_seconds
        problem = f"{finding} Work is repeated after {seconds} s, before it can be completed."
        return CheckResult.warning(subject, problem, f"{_SETUP} gives more time.")
    return CheckResult.ok(subject, finding)


def _remedy(error: IngestError, remedies: BusRemedies) -> str:
    if isinstance(error, QueueMissing):
        return remedies.missing
    if isinstance(error, AccessDenied):
        return remedies.denied
    return remedies.unreachable
