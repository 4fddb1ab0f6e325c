"""Publishing one log, or why there is none, to the logs queue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import NamedTuple

from ...domain.ledger import LOG_FETCHED, JobLogRecord
from ...domain.log_cache import CompressedLog, compress_log
from ...domain.runs import AttemptKey
from ...errors import IngestError
from ...messaging.claim_check import LogObjects
from ...messaging.encoding import QueueMessage
from ...messaging.log_events import (
    LogMetadata,
    UnavailableLogMetadata,
    log_envelope,
    log_object_key,
    log_parts,
    log_payload,
    log_unavailable_message,
    whole_log_message,
)
from ...messaging.log_outline import max_outline_bytes, truncate_outline
from ...ports import BlobReference, BlobStore
from ...ports.log_cache import MAX_CACHED_LOG_BYTES
from ..context import LOG_INGESTION_AGENT, CollectorContext
from ..publish import publish, refusal_error
from .log_results import LogFetched, LogUnavailable
from .missing_logs import state_of_unavailable

_CHUNK_BYTES = 256 * 1024


class LogMessage(NamedTuple):
    """A small log in one message, the record to save once it is sent, and the log for the cache."""

    message: QueueMessage
    record: JobLogRecord
    log: CompressedLog | None


def deliver_log(
    context: CollectorContext, key: AttemptKey, log: LogFetched, *, is_replayed: bool = False
) -> JobLogRecord:
    """Publish a log: in one message if it fits, else by claim check, else in ordered parts.

    Returns the record to save once all of it is on the queue. Raises what publishing raises.
    """
    metadata = replace(_metadata(context, key, log), is_replayed=is_replayed)
    limit = context.logs_queue.max_message_bytes
    reference = None
    whole = whole_log_message(metadata, log.spool.open, limit)
    if whole is not None:
        _send(context, whole)
    elif context.blobs is None:
        for message in log_parts(metadata, log.spool.open, limit):
            _send(context, message)
    else:
        reference, claim_message = _upload(context.blobs, metadata, log)
        _send(context, claim_message)
    context.counters.add("logs")
    _cache(context, key, log)
    return _record(metadata, reference)


def build_log_message(
    context: CollectorContext, key: AttemptKey, log: LogFetched
) -> LogMessage | None:
    """Put a small log into one message; None if it does not fit."""
    metadata = _metadata(context, key, log)
    message = whole_log_message(metadata, log.spool.open, context.logs_queue.max_message_bytes)
    if message is None:
        return None
    compressed = None
    if context.log_cache is not None:
        with log.spool.open() as file:
            compressed = compress_log(key, log.job.job_id, file.read(), log.outline)
    return LogMessage(message, _record(metadata, None), compressed)


def cache_logs(context: CollectorContext, log_messages: Sequence[LogMessage]) -> None:
    """Cache small logs for the dashboard; publishing does not depend on it, so it may fail."""
    logs = [each.log for each in log_messages if each.log is not None]
    if context.log_cache is None or not logs:
        return
    with _report_uncached(context, log_messages[0].record.key, log_messages[0].record.job_id):
        context.log_cache.save_logs(logs, context.clock.now())


def deliver_unavailable(
    context: CollectorContext,
    key: AttemptKey,
    unavailable: LogUnavailable,
    *,
    is_replayed: bool = False,
) -> JobLogRecord:
    """Publish that a job has no log, and why; returns the record to save after."""
    now = context.clock.now()
    absence = UnavailableLogMetadata(
        key=key,
        job_id=unavailable.job.job_id,
        job_name=unavailable.job.job_name,
        fetched_at=now,
        reason=unavailable.reason,
        detail=unavailable.detail,
        is_replayed=is_replayed,
        cloudevents_source_root=context.cloudevents_source_root,
    )
    _send(context, log_unavailable_message(absence, max_bytes=context.logs_queue.max_message_bytes))
    context.counters.add("logs_unavailable")
    return JobLogRecord(
        key=key,
        job_id=unavailable.job.job_id,
        job_name=unavailable.job.job_name,
        state=state_of_unavailable(unavailable, now),
        updated_at=now,
        pending_since=now,
        reason=f"{unavailable.reason}: {unavailable.detail}",
    )


def _cache(context: CollectorContext, key: AttemptKey, log: LogFetched) -> None:
    """Cache a log for the dashboard; publishing does not depend on it, so it may fail."""
    if context.log_cache is None or log.content_info.log_bytes > MAX_CACHED_LOG_BYTES:
        return
    job_id, now = log.job.job_id, context.clock.now()
    with _report_uncached(context, key, job_id), log.spool.open() as content:
        context.log_cache.save_log(key, job_id, content, log.outline, now)


@contextmanager
def _report_uncached(context: CollectorContext, key: AttemptKey, job_id: int) -> Iterator[None]:
    """Report an error of the cache, and continue without it."""
    try:
        yield
    except IngestError as error:
        with suppress(IngestError):
            context.report_new_error(
                LOG_INGESTION_AGENT,
                key.repository,
                f"The log of job {job_id} of {key} was not cached: {error}",
                "No action is needed if this passes; the page fetches the log again.",
            )


def _send(context: CollectorContext, message: QueueMessage) -> None:
    for failure in publish(context.logs_queue, [message], clock=context.clock):
        raise refusal_error(context.logs_queue, message, failure, "a log")


def _upload(
    blobs: BlobStore, metadata: LogMetadata, log: LogFetched
) -> tuple[BlobReference, QueueMessage]:
    """Store the whole message as an object; return it and the message that points there.

    The log alone is stored next to it, so that readers can request a range of its bytes.
    """
    with log.spool.open() as file:
        plain_log = blobs.put(
            log_object_key(metadata, "txt"),
            iter(lambda: file.read(_CHUNK_BYTES), b""),
            content_type="text/plain; charset=utf-8" if metadata.is_text else "text/plain",
        )
    sizes: list[int] = []

    def payload() -> Iterator[bytes]:
        for chunk in log_payload(metadata, log.spool.open):
            sizes.append(len(chunk))
            yield chunk

    key = log_object_key(metadata, "json")
    reference = blobs.put(key, payload(), content_type="application/json")
    objects = LogObjects(reference, sum(sizes), plain_log)
    return reference, blobs.claim_check(log_envelope(metadata), objects)


def _metadata(context: CollectorContext, key: AttemptKey, log: LogFetched) -> LogMetadata:
    return LogMetadata(
        key=key,
        job_id=log.job.job_id,
        job_name=log.job.job_name,
        log_bytes=log.content_info.log_bytes,
        log_sha256=log.content_info.log_sha256,
        fetched_at=context.clock.now(),
        is_text=log.content_info.is_text,
        outline=truncate_outline(
            log.outline, max_outline_bytes(context.logs_queue.max_message_bytes)
        ),
        cloudevents_source_root=context.cloudevents_source_root,
    )


def _record(metadata: LogMetadata, reference: BlobReference | None) -> JobLogRecord:
    return JobLogRecord(
        key=metadata.key,
        job_id=metadata.job_id,
        job_name=metadata.job_name,
        state=LOG_FETCHED,
        updated_at=metadata.fetched_at,
        log_bytes=metadata.log_bytes,
        log_sha256=metadata.log_sha256,
        blob_bucket=reference.bucket if reference else None,
        blob_key=reference.key if reference else None,
    )
