"""A log on disk: read as it was written, refused before it hurts others."""

from __future__ import annotations

import resource

import pytest
from ingest.errors import DiskFull
from ingest.services import spool
from ingest.services.spool import Spool


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
    monkeypatch.setattr(spool, "SPARE_DISK_BYTES", 10**18)
    with Spool() as log, pytest.raises(DiskFull, match="TMPDIR"):
        log.write(b"x")


@pytest.mark.parametrize("size", [10, 9000, 3_000_000])
def test_a_disk_that_refuses_bytes_is_full_whenever_it_says_so(size):
    """Buffered bytes may be refused when they are flushed, long after they were written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Spool() as log:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5, hard))
        try:
            with pytest.raises(DiskFull, match="could not be written"):
                write_and_open(log, b"x" * size)
            log.close()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def write_and_open(log: Spool, content: bytes) -> None:
    log.write(content)
    log.open().close()
