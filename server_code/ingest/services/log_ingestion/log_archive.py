"""An attempt's log archive: only undamaged files that certainly belong to one job are read.

Archives come from the network, so every error of reading one is raised as MalformedPayload.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, BinaryIO, cast

from ...domain.step_ranges import StepFile
from ...errors import MalformedPayload, is_out_of_memory
from ...messaging.log_work import LogWork
from ...ports import ActionsApi
from ...wire.log_archives import find_step_files, match_job_files, match_step_files
from .spool import Spool

_CHUNK_BYTES = 1024 * 1024

#: Deflate cannot pack better than this (https://zlib.net/zlib_tech.html): an archive that claims
#: more is forged, or its files share bytes. A log of one repeated line is compressed to a 300th; a
#: large file that is compressed much more is suspicious, so its log is requested alone.
_MAX_RATIO = 1032
_SUSPICIOUS_RATIO = 500
_LARGE_BYTES = 64 * 1024 * 1024


#: An archive's list of files is held in memory; the files of hundreds of thousands of steps fit.
_MAX_DIRECTORY_BYTES = 16 * 1024 * 1024


class LogArchive:
    """The files of an archive that are certainly jobs' logs, by job id."""

    def __init__(self, zip_file: zipfile.ZipFile, entries: Mapping[int, zipfile.ZipInfo]) -> None:
        self._zip_file = zip_file
        self._entries = entries
        self._steps = find_step_files(zip_file.namelist())

    def __contains__(self, job_id: int) -> bool:
        return job_id in self._entries

    def is_empty_log(self, job_id: int) -> bool:
        """Return whether a job's file has no content, which GitHub also serves by mistake."""
        return self._entries[job_id].file_size == 0

    def step_files(self, job_id: int) -> list[StepFile]:
        """Return the files of a job's steps, in order, as the archive's directory lists them."""
        names = match_step_files(self._steps, self._entries[job_id].filename)
        entries = [(number, self._zip_file.getinfo(name)) for number, name in names.items()]
        return [
            StepFile(number=number, size_bytes=entry.file_size, crc=entry.CRC)
            for number, entry in entries
        ]

    def extract(self, job_id: int, into: BinaryIO) -> None:
        """Write a job's log into a file; raises MalformedPayload if its bytes are damaged."""
        entry = self._entries[job_id]
        with _as_malformed(f"file {entry.filename!r} of the log archive"):
            unpacked = self._zip_file.open(entry)
        with unpacked:
            while chunk := self._read(unpacked, entry):
                into.write(chunk)

    def _read(self, unpacked: IO[bytes], entry: zipfile.ZipInfo) -> bytes:
        with _as_malformed(f"file {entry.filename!r} of the log archive"):
            return unpacked.read(_CHUNK_BYTES)


@contextmanager
def fetch_log_archive(
    github: ActionsApi, work: LogWork, job_names: Mapping[int, str]
) -> Iterator[LogArchive]:
    """Fetch the archive of work's attempt and open it; ``job_names`` must name every job of it.

    Raises what fetching raises, and MalformedPayload if the archive is damaged.
    """
    with Spool() as spool:
        github.fetch_attempt_logs(work.key, cast("BinaryIO", spool), is_backfill=work.is_backfill)
        with spool.open() as file, open_log_archive(file, spool.size, job_names) as archive:
            yield archive


@contextmanager
def open_log_archive(
    file: BinaryIO, archive_bytes: int, job_names: Mapping[int, str]
) -> Iterator[LogArchive]:
    """Open an archive; raises MalformedPayload if it is damaged or declares too many bytes."""
    with _as_malformed("log archive"):
        zip_file = zipfile.ZipFile(cast("BinaryIO", _BoundedReads(file)))
    with zip_file:
        entries = zip_file.infolist()
        if _is_impossible(entries, archive_bytes):
            raise MalformedPayload("The log archive claims to hold more than its bytes can hold.")
        names = match_job_files((entry.filename for entry in entries), job_names)
        logs = {job_id: zip_file.getinfo(name) for job_id, name in names.items()}
        yield LogArchive(
            zip_file, {job_id: entry for job_id, entry in logs.items() if not _is_zip_bomb(entry)}
        )


class _BoundedReads:
    """An archive's file that limits single reads, because zipfile reads the whole list of files."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Read bytes; raises MalformedPayload for more than a directory may have."""
        if size > _MAX_DIRECTORY_BYTES:
            raise MalformedPayload("The log archive lists more files than an attempt has.")
        return self._file.read(size)


def _is_impossible(entries: list[zipfile.ZipInfo], archive_bytes: int) -> bool:
    packed = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    return packed > archive_bytes or unpacked > _MAX_RATIO * archive_bytes


def _is_zip_bomb(entry: zipfile.ZipInfo) -> bool:
    is_large = entry.file_size > _LARGE_BYTES
    return is_large and entry.file_size > _SUSPICIOUS_RATIO * entry.compress_size


@contextmanager
def _as_malformed(what: str) -> Iterator[None]:
    """Raise any exception of zipfile as MalformedPayload: it documents only some of them."""
    try:
        yield
    except MalformedPayload:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        kind = type(error).__name__
        raise MalformedPayload(f"The {what} is damaged ({kind}).") from error
