"""Reading a log for a person: from the cache, S3 or GitHub; otherwise, why there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, cast

from ...domain.counters import Counters
from ...domain.jobs import Step
from ...domain.ledger import LOG_FETCHED, LOG_MISSING, LOG_PENDING, LOG_UNAVAILABLE, JobLogRecord
from ...domain.log_outline import read_outline
from ...domain.log_pages import LogLines, LogPage, PageCutter, pick_lines
from ...domain.runs import AttemptKey
from ...domain.step_ranges import StepRange
from ...errors import IngestError, LogExpired, LogPending, MalformedPayload, Retriable
from ...messaging.log_payload_reader import read_log_payload
from ...ports import ActionsApi, BlobReference, BlobStore, Clock, LogCache, StateStore
from ...ports.log_cache import MAX_CACHED_LOG_BYTES
from .log_results import FetchLog
from .spool import Spool

_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableLog:
    """A log that cannot be shown; ``reason`` is a sentence for a person.

    ``state`` is that of its record, or ``unknown`` for a job without one. Where
    ``may_become_available``, reading it later may succeed.
    """

    state: str
    reason: str
    may_become_available: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReader:
    """A reader of single logs; ``blobs`` and ``log_cache`` are None if there is none."""

    github: ActionsApi
    store: StateStore
    blobs: BlobStore | None
    clock: Clock
    counters: Counters
    log_cache: LogCache | None

    def read(
        self, key: AttemptKey, job_id: int, first_line: int, count: int
    ) -> LogLines | UnreadableLog:
        """Return ``count`` lines of a job's log from ``first_line`` (from 1) on.

        A log that has left the cache is fetched again and cached, which takes longer the larger it
        is; one that is too large for the cache is fetched each time. Raises StateUnavailable.
        """
        if self.log_cache is not None:
            lines = self.log_cache.load_lines(key, job_id, first_line, count)
            if lines is not None:
                return lines
        record = self.store.load_job_log(key, job_id)
        if record is None or record.state != LOG_FETCHED:
            return explain_not_fetched(record)
        with Spool() as spool:
            found = self._fetch_again(record, cast("BinaryIO", spool))
            if isinstance(found, UnreadableLog):
                return found
            self._save_to_cache(record, spool, found)
            return _read_lines(spool, first_line, count)

    def _fetch_again(
        self, record: JobLogRecord, into: BinaryIO
    ) -> tuple[StepRange, ...] | UnreadableLog | None:
        """Write the log into a file from the first place that has it; return the steps with it."""
        errors: list[IngestError] = []
        for fetch in self._fetchers(record):
            try:
                return fetch(into)
            except IngestError as error:
                errors.append(error)
        return UnreadableLog(
            state=record.state,
            reason=" ".join(str(error) for error in errors),
            may_become_available=not isinstance(errors[-1], (LogExpired, LogPending))
            or any(isinstance(error, Retriable) for error in errors),
        )

    def _fetchers(self, record: JobLogRecord) -> Iterator[FetchLog]:
        """Yield the functions that fetch the log from the bucket and from GitHub, in this order."""
        if (stored := bucket_fetcher(self.blobs, record)) is not None:
            yield stored
        repository = record.key.repository
        # A person waits for it, so it is no backfill.
        yield partial(self.github.fetch_job_log, repository, record.job_id, is_backfill=False)

    def _save_to_cache(
        self, record: JobLogRecord, spool: Spool, stored_ranges: tuple[StepRange, ...] | None
    ) -> None:
        """Cache the log for the next page; without that, the next page is only slower."""
        if self.log_cache is None or spool.size > MAX_CACHED_LOG_BYTES:
            return
        try:
            steps = load_job_steps(self.store, record.key, record.job_id)
            with spool.open() as log:
                chunks = iter(lambda: log.read(_CHUNK_BYTES), b"")
                outline = read_outline(chunks, steps, stored_ranges)
            with spool.open() as log:
                now = self.clock.now()
                self.log_cache.save_log(record.key, record.job_id, log, outline, now)
        except IngestError:
            self.counters.add("uncached_logs")


def load_job_steps(store: StateStore, key: AttemptKey, job_id: int) -> tuple[Step, ...]:
    """Load the steps of a job; none if the ledger does not have the job yet."""
    attempt = store.load_attempts(key.repository, [key.run_id]).get(key)
    jobs = attempt.jobs if attempt else ()
    return next((job.steps for job in jobs if job.job_id == job_id), ())


_NOT_REQUESTED = (
    "This log was not requested: LOGS or a filter leaves it out, or LOG_MODE=economy waits for the "
    "end of its run."
)
_QUEUED = "The log waits on the job events queue for the Log Ingestion Agent."


def explain_not_fetched(record: JobLogRecord | None) -> UnreadableLog:
    """Return the reason why there is nothing to read of a log that was not fetched."""
    if record is None:
        return UnreadableLog(state="unknown", reason=_NOT_REQUESTED, may_become_available=True)
    if record.state == LOG_PENDING:
        reason = record.reason or _QUEUED
        return UnreadableLog(state=record.state, reason=reason, may_become_available=True)
    reason = record.reason or "This job has no log."
    if record.state == LOG_MISSING:
        return UnreadableLog(state=LOG_UNAVAILABLE, reason=reason, may_become_available=True)
    return UnreadableLog(state=record.state, reason=reason, may_become_available=False)


def bucket_fetcher(blobs: BlobStore | None, record: JobLogRecord) -> FetchLog | None:
    """Return the function that fetches a log from the bucket; None if it is not stored there."""
    if blobs is None or not record.blob_bucket or not record.blob_key:
        return None
    reference = BlobReference(record.blob_bucket, record.blob_key)
    return partial(_fetch_from_bucket, blobs, reference, record.log_sha256)


def _fetch_from_bucket(
    blobs: BlobStore, reference: BlobReference, log_sha256: str | None, into: BinaryIO
) -> tuple[StepRange, ...] | None:
    """Extract the log and where its steps are from its object.

    Raises MalformedPayload if its digest differs.
    """
    digest = hashlib.sha256()
    into.seek(0)
    into.truncate()
    with blobs.open(reference) as chunks:
        content, steps = read_log_payload(chunks)
        for piece in content:
            digest.update(piece)
            into.write(piece)
    if digest.hexdigest() != log_sha256:
        raise MalformedPayload(f"The object {reference.key} does not hold the log that was stored.")
    return steps


def _read_lines(spool: Spool, first: int, count: int) -> LogLines:
    """Read the lines from the file, in two passes and constant memory.

    A page holds numbered parts: a line is one, or several if it is long.
    """
    cutter = PageCutter()
    with spool.open() as log:
        for _ in cutter.cut(log):
            pass
    size = cutter.size()
    with spool.open() as log:
        pages = PageCutter().cut(log)

        def find_page(part: int) -> LogPage | None:
            return next((page for page in pages if part < page.end), None)

        lines = pick_lines(find_page, size, first, count)
    return lines or LogLines(lines=(), total_lines=size.total_lines, total_bytes=size.total_bytes)
