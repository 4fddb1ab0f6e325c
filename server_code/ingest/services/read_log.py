"""Reading a log for a person: from the cache, else once more from S3 or GitHub, else why not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

from ..domain.counters import Counters
from ..domain.ledger import LOG_FETCHED, LOG_PENDING, JobLogRecord
from ..domain.log_pages import LogLines, LogPage, cut_pages, measure_pages, pick_lines
from ..domain.runs import AttemptKey
from ..errors import IngestError, LogExpired, LogNotReady, MalformedPayload
from ..messaging.log_payload import log_in_payload
from ..ports import ActionsSource, BlobReference, BlobStore, Clock, LogCache, StateStore
from ..ports.logs import MAX_CACHED_LOG_BYTES
from .spool import Spool


class LogReader(Protocol):
    """Be the ports from which a log can be had; a World has them all."""

    @property
    def source(self) -> ActionsSource:
        """Give GitHub."""

    @property
    def store(self) -> StateStore:
        """Give the state, which knows where logs are."""

    @property
    def blobs(self) -> BlobStore | None:
        """Give the bucket, where there is one."""

    @property
    def clock(self) -> Clock:
        """Give the time."""

    @property
    def counters(self) -> Counters:
        """Give the counters."""

    @property
    def log_cache(self) -> LogCache | None:
        """Give the cache, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableLog:
    """Be a log that cannot be shown; ``reason`` says why, for a person.

    ``state`` is that of its record, or ``unknown`` for a job that was never seen. Where
    ``may_come``, asking later may help.
    """

    state: str
    reason: str
    may_come: bool


def read_log(
    log_reader: LogReader, key: AttemptKey, job_id: int, first_line: int, count: int
) -> LogLines | UnreadableLog:
    """Read ``count`` lines of a job's log from ``first_line`` (from 1) on.

    A log that has left the cache is fetched again and kept, which takes as long as it is large;
    one too large to be kept is fetched for each answer. Raises StateUnavailable.
    """
    cache = log_reader.log_cache
    if cache is not None:
        lines = cache.load_lines(key, job_id, first_line, count)
        if lines is not None:
            return lines
    record = log_reader.store.load_job_logs(key).get(job_id)
    if record is None or record.state != LOG_FETCHED:
        return never_fetched(record)
    with Spool() as spool:
        trouble = _fetch_again(log_reader, record, cast("BinaryIO", spool))
        if trouble is not None:
            return trouble
        if cache is not None and spool.size <= MAX_CACHED_LOG_BYTES:
            _keep(log_reader, cache, record, spool)
        return _lines_of(spool, first_line, count)


def never_fetched(record: JobLogRecord | None) -> UnreadableLog:
    """Say why there is nothing to read of a log that was not fetched."""
    if record is None:
        return UnreadableLog(
            state="unknown", reason="Nothing is known of a log of this job.", may_come=True
        )
    if record.state == LOG_PENDING:
        reason = record.reason or "The log is not there yet; it is fetched when the job has ended."
        return UnreadableLog(state=record.state, reason=reason, may_come=True)
    reason = record.reason or "There is no log of this job."
    return UnreadableLog(state=record.state, reason=reason, may_come=False)


def _fetch_again(
    log_reader: LogReader, record: JobLogRecord, into: BinaryIO
) -> UnreadableLog | None:
    """Write the log into a file, from where it can be had; say why where that is nowhere."""
    troubles: list[IngestError] = []
    for fetch in _places(log_reader, record):
        try:
            fetch(into)
        except IngestError as error:
            troubles.append(error)
            continue
        return None
    last = troubles[-1]
    return UnreadableLog(
        state=record.state,
        reason=" ".join(str(error) for error in troubles),
        may_come=not isinstance(last, (LogExpired, LogNotReady)),
    )


def _places(log_reader: LogReader, record: JobLogRecord) -> Iterator[Callable[[BinaryIO], None]]:
    if log_reader.blobs is not None and record.blob_bucket and record.blob_key:
        yield lambda into: _from_bucket(log_reader, record, into)
    yield lambda into: log_reader.source.fetch_job_log(record.key.repository, record.job_id, into)


def _from_bucket(log_reader: LogReader, record: JobLogRecord, into: BinaryIO) -> None:
    """Take the log out of its object; raises MalformedPayload where it is not what was stored."""
    if log_reader.blobs is None or record.blob_bucket is None or record.blob_key is None:
        raise MalformedPayload("The log was not put into a bucket.")
    digest = hashlib.sha256()
    into.seek(0)
    into.truncate()
    with log_reader.blobs.open(BlobReference(record.blob_bucket, record.blob_key)) as chunks:
        for piece in log_in_payload(chunks):
            digest.update(piece)
            into.write(piece)
    if digest.hexdigest() != record.log_sha256:
        raise MalformedPayload(f"The object {record.blob_key} is not the log that was stored.")


def _keep(log_reader: LogReader, cache: LogCache, record: JobLogRecord, spool: Spool) -> None:
    """Keep the log for the next page; without that it is only slower."""
    try:
        with spool.open() as log:
            cache.save_log(record.key, record.job_id, log, log_reader.clock.now())
    except IngestError:
        log_reader.counters.add("uncached_logs")


def _lines_of(spool: Spool, first: int, count: int) -> LogLines:
    """Read the lines straight from the file, in two passes and constant memory."""
    with spool.open() as log:
        size = measure_pages(cut_pages(log))
    with spool.open() as log:
        pages = cut_pages(log)

        def find_page(number: int) -> LogPage | None:
            return next((page for page in pages if number < page.end), None)

        lines = pick_lines(find_page, size, first, count)
    return lines or LogLines(lines=(), total_lines=size.total_lines, total_bytes=size.total_bytes)
