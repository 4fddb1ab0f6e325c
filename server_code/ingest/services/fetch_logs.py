"""Fetching logs from GitHub into spools: requests only, no state.

Runs on worker threads, so nothing here touches the store or the queues.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, cast

from ..domain.runs import AttemptKey
from ..errors import (
    AccessDenied,
    IngestError,
    LogExpired,
    LogPending,
    NotFound,
    SourceUnavailable,
)
from ..messaging.log_content import LogDigest, inspect_log
from ..messaging.log_events import UnavailableReason
from ..messaging.log_work import DueLog, LogWork
from ..ports import ActionsSource
from ..wire.log_archives import match_jobs
from .spool import Spool

_CHUNK_BYTES = 1024 * 1024

#: What a file of an archive raises that is damaged, encrypted or packed in an unknown way.
_DAMAGES = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError)

#: Deflate cannot pack better than this (https://zlib.net/zlib_tech.html): more is a lie, or two
#: files that share their bytes. A large file that is packed nearly so well is fetched alone.
_MOST_PACKED = 1032
_WELL_PACKED = 200
_LARGE_BYTES = 64 * 1024 * 1024

#: An archive that is missing after so many tries is given up for its jobs' single logs.
PATIENT_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFetched:
    """Be a log that arrived whole; whoever takes it closes the spool."""

    job: DueLog
    spool: Spool
    digest: LogDigest


@dataclass(frozen=True, slots=True, kw_only=True)
class LogUnavailable:
    """Be a log that will never arrive, and why."""

    job: DueLog
    reason: UnavailableReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNotReady:
    """Be a log that did not arrive this time."""

    job: DueLog
    error: IngestError


Outcome = LogFetched | LogUnavailable | LogNotReady


def fetch_logs(source: ActionsSource, work: LogWork, owed: Collection[DueLog]) -> Iterator[Outcome]:
    """Fetch the logs of one piece of work, one outcome a job; never raises an IngestError.

    Of an attempt's archive only what is certain is taken; the other logs are fetched alone.
    """
    asked = [job for job in owed if not job.never_started]
    yield from (_never_existed(job) for job in owed if job.never_started)
    if work.is_whole_attempt and len(asked) > 1:
        yield from _from_archive(source, work, asked)
    else:
        yield from (_fetch_job_log(source, work.key, job) for job in asked)


def _fetch_job_log(source: ActionsSource, key: AttemptKey, job: DueLog) -> Outcome:
    return _into_spool(job, lambda file: source.fetch_job_log(key.repository, job.job_id, file))


def _from_archive(source: ActionsSource, work: LogWork, asked: list[DueLog]) -> Iterator[Outcome]:
    with Spool() as archive:
        try:
            source.fetch_attempt_logs(work.key, cast("BinaryIO", archive))
        except LogPending as error:
            if work.tries < PATIENT_TRIES:
                yield from (LogNotReady(job=job, error=error) for job in asked)
            else:
                yield from (_fetch_job_log(source, work.key, job) for job in asked)
            return
        except (LogExpired, AccessDenied) as error:
            yield from (_absent(job, error) for job in asked)
            return
        except IngestError as error:
            yield from (LogNotReady(job=job, error=error) for job in asked)
            return
        taken: set[int] = set()
        for outcome in _unpack(archive, work, asked):
            taken.add(outcome.job.job_id)
            yield outcome
    for job in asked:
        if job.job_id not in taken:
            yield _fetch_job_log(source, work.key, job)


def _unpack(archive: Spool, work: LogWork, asked: list[DueLog]) -> Iterator[LogFetched]:
    """Unpack the logs whose files are certain; a damaged archive or file yields nothing more."""
    names = {job.job_id: job.job_name for job in work.jobs}
    with ExitStack() as stack:
        try:
            zipped = stack.enter_context(zipfile.ZipFile(stack.enter_context(archive.open())))
        except zipfile.BadZipFile:
            return
        if _is_impossible(zipped.infolist(), archive.size):
            return
        files = match_jobs(zipped.namelist(), names)
        for job in asked:
            if job.job_id not in files or _is_bomb(zipped.getinfo(files[job.job_id])):
                continue
            outcome = _into_spool(job, _unpacker(zipped, files[job.job_id]))
            if isinstance(outcome, LogFetched):
                yield outcome


def _is_impossible(entries: list[zipfile.ZipInfo], archive_bytes: int) -> bool:
    """Tell whether an archive claims to hold more than its bytes can hold."""
    packed = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    return packed > archive_bytes or unpacked > _MOST_PACKED * archive_bytes


def _is_bomb(entry: zipfile.ZipInfo) -> bool:
    """Tell whether a file should not be unpacked; alone it comes as it is, and bounded by it."""
    is_large = entry.file_size > _LARGE_BYTES
    return is_large and entry.file_size > _WELL_PACKED * entry.compress_size


def _unpacker(zipped: zipfile.ZipFile, name: str) -> Callable[[BinaryIO], None]:
    def unpack(file: BinaryIO) -> None:
        try:
            with zipped.open(name) as packed:
                while chunk := packed.read(_CHUNK_BYTES):
                    file.write(chunk)
        except _DAMAGES as error:
            raise SourceUnavailable(f"The archive's {name!r} is damaged.") from error

    return unpack


def _into_spool(job: DueLog, fetch: Callable[[BinaryIO], None]) -> Outcome:
    spool = Spool()
    try:
        fetch(cast("BinaryIO", spool))
        with spool.open() as written:
            digest = inspect_log(written)
    except (LogExpired, AccessDenied) as error:
        spool.close()
        return _absent(job, error)
    except IngestError as error:
        spool.close()
        return LogNotReady(job=job, error=error)
    except BaseException:
        spool.close()
        raise
    return LogFetched(job=job, spool=spool, digest=digest)


def _never_existed(job: DueLog) -> LogUnavailable:
    detail = f"The job was {job.conclusion} before a runner took it, so it wrote no log."
    return LogUnavailable(job=job, reason="never_existed", detail=detail)


def _absent(job: DueLog, error: IngestError) -> LogUnavailable:
    reason: UnavailableReason = "not_found"
    if isinstance(error, LogExpired):
        reason = "expired"
    elif isinstance(error, AccessDenied):
        reason = "no_access"
    elif isinstance(error, NotFound):
        reason = "repository_gone"
    return LogUnavailable(job=job, reason=reason, detail=str(error))
