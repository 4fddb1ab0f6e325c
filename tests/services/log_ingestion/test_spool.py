"""A log on disk: read as it was written, refused before it hurts others."""

from __future__ import annotations

import resource
import tempfile

import pytest
from ingest.errors import ResourceExhausted
from ingest.services.log_ingestion import spool
from ingest.services.log_ingestion.spool import MAX_BYTES_IN_MEMORY, Spool


@pytest.fixture
def no_folder(tmp_path, monkeypatch):
    """Leave no temporary folder that could be written to."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))


def test_what_was_written_is_read_from_its_start_as_often_as_wanted():
    """Several passes see the same bytes."""
    with Spool() as log:
        log.write(b"abc")
        log.write(b"def")
        for _ in range(2):
            with log.open() as written:
                assert written.read() == b"abcdef"


def test_a_log_begins_anew_after_a_broken_stream():
    """What was written before is gone."""
    with Spool() as log:
        log.write(b"half a log")
        log.seek(0)
        log.truncate()
        log.write(b"whole")
        assert log.tell() == 5
        with log.open() as written:
            assert written.read() == b"whole"


def test_the_last_disk_space_is_left_free(monkeypatch):
    """The error names the disk that is full and what to do."""
    monkeypatch.setattr(spool, "RESERVED_DISK_BYTES", 10**18)
    monkeypatch.setattr(spool, "_RESERVED_DIVISOR", 1)
    with Spool() as log, pytest.raises(ResourceExhausted, match="TMPDIR"):
        log.write(b"x" * (MAX_BYTES_IN_MEMORY + 1))


def test_a_small_disk_is_used_but_for_a_tenth():
    """A container's temporary folder of 64 MiB holds a log of 50 MiB."""
    assert spool.reserved_bytes(64 * 2**20) < 7 * 2**20
    assert spool.reserved_bytes(2**50) == 256 * 2**20


@pytest.mark.parametrize("size", [0, 10, MAX_BYTES_IN_MEMORY])
def test_a_small_log_needs_no_disk(no_folder, size):
    """Most logs are small, and arrive where no folder is writable."""
    with Spool() as log:
        log.write(b"x" * size)
        with log.open() as written:
            assert len(written.read()) == log.size == size


def test_without_a_temporary_folder_a_large_log_waits(no_folder):
    """The error names the folder and what to do."""
    with Spool() as log, pytest.raises(ResourceExhausted, match="set TMPDIR"):
        log.write(b"x" * (MAX_BYTES_IN_MEMORY + 1))


def test_without_open_files_a_large_log_waits():
    """The error names the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Spool() as log:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with pytest.raises(ResourceExhausted, match="ulimit -n"):
                log.write(b"x" * (MAX_BYTES_IN_MEMORY + 1))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_log_that_outgrows_memory_is_the_same_log():
    """It is written across the bound, read from its start, and begun anew."""
    chunk = bytes(range(256)) * 1024
    with Spool() as log:
        for _ in range(9):
            log.write(chunk)
        with log.open() as written:
            assert written.read() == chunk * 9
        log.seek(0)
        log.truncate()
        log.write(b"anew")
        assert log.size == 4


@pytest.mark.parametrize("size", [MAX_BYTES_IN_MEMORY + 10, 3_000_000])
def test_a_disk_that_refuses_bytes_is_full_whenever_it_reports_it(size):
    """Buffered bytes may be refused when they are flushed, long after they were written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Spool() as log:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5, hard))
        try:
            with pytest.raises(ResourceExhausted, match="could not be written"):
                write_and_open(log, b"x" * size)
            log.close()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def write_and_open(log: Spool, content: bytes) -> None:
    log.write(content)
    log.open().close()
