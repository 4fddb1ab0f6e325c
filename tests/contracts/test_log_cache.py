"""What every cache of logs does, in memory, in a SQLite file and in PostgreSQL."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest.adapters.sql.database import Database
from ingest.adapters.sql.log_cache import SqlLogPageStore
from ingest.adapters.sql.migrate import migrate
from ingest.adapters.sql.store import choose_dialect
from ingest.domain.log_cache import compress_log
from ingest.domain.log_outline import LogOutline, read_outline
from ingest.domain.log_pages import MAX_ANSWER_BYTES, MAX_PAGE_BYTES, MAX_PART_BYTES, LogLine
from ingest.domain.runs import AttemptKey
from ingest.errors import StateUnavailable
from ingest.ports import LogCache

KEY = AttemptKey("Octo/API", 7, 1)
NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
MIB = 1 << 20
MAX_LOGS, MAX_BYTES = 5, 6 * MIB

#: What logs really hold: NUL, ESC, CR LF, lone CR, byte order marks anywhere, bytes of no text.
ODD_LOG = (
    b"\xef\xbb\xbffirst\r\n\x1b[31mred\x1b[0m\x00\nlone\rreturn\n\n\xef\xbb\xbfagain\n\xff\xfe\n"
)

SETTINGS = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(params=["sqlite", "postgres"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogCache]:
    """Open an empty cache that holds few logs."""
    limits = {"max_logs": MAX_LOGS, "max_bytes": MAX_BYTES}
    url = str(tmp_path / "state.db")
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").new_database_url()
    database = Database(choose_dialect(url))
    migrate(database)
    yield LogCache(SqlLogPageStore(database, **limits))
    database.close()


def save(cache: LogCache, log: bytes, job_id: int = 1, *, at: float = 0) -> None:
    outline = read_outline([log])
    cache.save_log(KEY, job_id, io.BytesIO(log), outline, NOW + timedelta(seconds=at))


def content(cache: LogCache, job_id: int = 1) -> bytes | None:
    chunks = cache.load_content(KEY, job_id)
    return None if chunks is None else b"".join(chunks)


def find(cache: LogCache, text: str, after: int = 0) -> tuple[int, ...]:
    found = cache.find_lines(KEY, 1, text, after)
    assert found is not None
    return found.lines


def all_lines(cache: LogCache) -> list[bytes]:
    """Read line by line range, as a viewer that is scrolled down."""
    found: list[bytes] = []
    while True:
        answer = cache.load_lines(KEY, 1, len(found) + 1, 100)
        assert answer is not None
        assert [line.number for line in answer.lines] == list(
            range(len(found) + 1, len(found) + 1 + len(answer.lines))
        )
        found += [whole_line(cache, line) for line in answer.lines]
        if not answer.lines:
            assert len(found) == answer.total_lines
            return found


#: Of lines with one part, so many are also asked for by part: each is a call over the Uplink.
MAX_SINGLE_PARTS = 100


def whole_line(cache: LogCache, line: LogLine) -> bytes:
    """Read a line with all of its parts."""
    if line.part_count == 1 and line.number > MAX_SINGLE_PARTS:
        return line.content
    parts = [cache.load_part(KEY, 1, line.number, part + 1) for part in range(line.part_count)]
    assert parts[0] == line.content
    return b"".join(part or b"" for part in parts)


def random_bytes(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize(
    "log",
    [
        b"",
        b"\n",
        b"no line end",
        ODD_LOG,
        b"line\n" * 2500,
        b"x" * (MAX_PART_BYTES + 1),
        b"a\n" + b"y" * (MAX_PAGE_BYTES + 5) + b"\nb\n",
        "日😀é".encode() * 40_000,
        random_bytes(600_000),
    ],
    ids=["empty", "LF", "no LF", "odd", "many", "long", "longer", "wide", "random"],
)
def test_a_log_comes_back_byte_for_byte(cache: LogCache, log: bytes) -> None:
    """As a whole and line by line; what it is in all is said with every range."""
    save(cache, log)
    assert content(cache) == log
    assert b"".join(all_lines(cache)) == log
    answer = cache.load_lines(KEY, 1, 1, 1)
    assert answer is not None
    assert answer.total_bytes == len(log)


@pytest.mark.parametrize(
    "log",
    [
        b"",
        b"no line end",
        ODD_LOG,
        b"line\n" * 1000,
        b"line\n" * 1001,
        b"x" * MAX_PART_BYTES,
        b"x" * (MAX_PART_BYTES + 1),
    ],
    ids=["empty", "no LF", "odd", "page", "two pages", "long", "longer"],
)
def test_small_logs_are_kept_together_as_each_alone(cache: LogCache, log: bytes) -> None:
    """In place of the earlier ones, with their marks, and the oldest go for them."""
    save(cache, b"earlier\n", 1)
    logs = {1: log, 2: b"##[error]second\n" + log}
    several = [
        compress_log(key=KEY, job_id=job_id, content=each, outline=read_outline([each]))
        for job_id, each in logs.items()
    ]
    cache.save_logs(several, NOW + timedelta(seconds=1))
    lines = all_lines(cache)
    for job_id, each in logs.items():
        assert content(cache, job_id) == each
        assert cache.load_outline(KEY, job_id) == read_outline([each])
    save(cache, log, 1, at=2)
    assert all_lines(cache) == lines
    cache.save_logs(
        [replace(several[0], job=(*several[0].job[:3], each)) for each in range(3, 30)], NOW
    )
    assert content(cache, 1) == log
    assert sum(content(cache, each) is not None for each in range(1, 30)) <= MAX_LOGS + 1


@SETTINGS
@given(
    log=st.binary(max_size=300)
    | st.lists(st.sampled_from([b"\n", b"\r\n", b"x" * 40_000, "é".encode() * 33_000])).map(
        b"".join
    ),
    first=st.integers(-2, 30),
    count=st.integers(-1, 30),
)
def test_any_range_is_that_of_the_split_log(
    cache: LogCache, log: bytes, first: int, count: int
) -> None:
    """Ranges may begin before the log and end behind it."""
    save(cache, log)
    lines = all_lines(cache)
    answer = cache.load_lines(KEY, 1, first, count)
    assert answer is not None
    start = max(first, 1) - 1
    expected = lines[start : start + max(count, 0)]
    found = [whole_line(cache, line) for line in answer.lines]
    assert found == expected[: len(found)]
    assert found == expected or sum(map(len, found)) >= MAX_ANSWER_BYTES


def test_a_line_of_any_length_is_one_line(cache: LogCache) -> None:
    """Lines end at LF, as GitHub counts them; no part of a line ends within a character."""
    long = "é".encode() * MAX_PART_BYTES + b"!\n"
    save(cache, b"short\n" + long + b"needle\n" + long * 5 + b"last needle")
    answer = cache.load_lines(KEY, 1, 1, 100)
    assert answer is not None
    assert [(line.number, line.part_count) for line in answer.lines] == [
        (1, 1), (2, 3), (3, 1), *((number, 3) for number in range(4, 9)), (9, 1),
    ]  # fmt: skip
    assert find(cache, "needle") == (3, 9)
    assert find(cache, "é") == (2, 4, 5, 6, 7, 8)
    assert find(cache, "é", 5) == (6, 7, 8)
    for part in range(1, 4):
        (cache.load_part(KEY, 1, 7, part) or b"").decode()
    assert cache.load_part(KEY, 1, 7, 4) == cache.load_part(KEY, 1, 10, 1) == b""
    assert cache.load_part(KEY, 2, 1, 1) is None


def test_marks_are_kept_with_their_log(cache: LogCache) -> None:
    """They are read without reading the log."""
    log = b"##[group]Run make\n##[warning]w\n##[endgroup]\n##[error]e\n"
    save(cache, log)
    assert cache.load_outline(KEY, 1) == read_outline([log]) != LogOutline()
    assert cache.load_outline(KEY, 2) is None


def test_one_answer_is_bounded_however_much_is_asked_for(cache: LogCache) -> None:
    """A page of giant lines would not be one page; asking again goes on."""
    save(cache, (b"z" * 50_000 + b"\n") * 100)
    answer = cache.load_lines(KEY, 1, 1, 10**9)
    assert answer is not None
    assert sum(len(line.content) for line in answer.lines) <= MAX_ANSWER_BYTES + MAX_PAGE_BYTES, (
        LogLine
    )
    assert len(answer.lines) < answer.total_lines == 100


def test_text_is_found_by_line_number(cache: LogCache) -> None:
    """In any case of letters, behind a line, over page ends, and bounded."""
    save(cache, b"ok\n" * 1500 + b"##[Error] it broke\n" + b"ok\n" * 3000 + b"an error\n")
    assert find(cache, "ERROR") == (1501, 4502)
    assert find(cache, "error", 1501) == (4502,)
    assert find(cache, "error", 4502) == ()
    assert find(cache, "") == ()
    assert find(cache, "ok") == tuple(range(1, 1001))


def test_odd_bytes_are_found_too(cache: LogCache) -> None:
    """NUL and byte order marks are text like any other."""
    save(cache, ODD_LOG)
    assert find(cache, "\x1b[0m\x00") == (2,)
    assert find(cache, "\ufeff") == (1, 5)


def test_a_log_that_is_not_kept_is_none(cache: LogCache) -> None:
    """Another job's, another attempt's; a repository's name may be written in any case."""
    save(cache, b"hello\n")
    assert content(cache, job_id=2) is None
    for key in (AttemptKey("octo/api", 7, 2), AttemptKey("octo/web", 7, 1)):
        assert cache.load_lines(key, 1, 1, 1) is None
        assert cache.find_lines(key, 1, "h") is None
        assert cache.load_content(key, 1) is None
    found = cache.find_lines(AttemptKey("octo/api", 7, 1), 1, "h")
    assert found is not None
    assert found.lines == (1,)


def test_a_log_saved_again_replaces_the_former(cache: LogCache) -> None:
    """Nothing of the former is left."""
    save(cache, b"old\n" * 5000)
    save(cache, b"new\n")
    assert all_lines(cache) == [b"new\n"]


def test_the_oldest_logs_go_when_there_are_too_many(cache: LogCache) -> None:
    """Each as a whole; the newest stay."""
    for job_id in range(1, MAX_LOGS + 3):
        save(cache, b"log of %d\n" % job_id, job_id, at=job_id)
    kept = [job_id for job_id in range(1, MAX_LOGS + 3) if content(cache, job_id) is not None]
    assert kept == list(range(3, MAX_LOGS + 3))


def test_the_oldest_logs_go_when_they_are_too_large(cache: LogCache) -> None:
    """Bytes count as they are stored: what packs well stays longer."""
    for job_id in (1, 2, 3):
        save(cache, random_bytes(5 * MIB // 2, job_id), job_id, at=job_id)
    assert content(cache, 1) is None
    assert content(cache, 2) == random_bytes(5 * MIB // 2, 2)
    save(cache, b"0" * 20 * MIB, 4, at=4)
    assert content(cache, 2) is not None
    assert content(cache, 3) is not None


def test_a_log_that_fails_on_its_way_leaves_the_former(cache: LogCache) -> None:
    """Half a log is never seen."""
    save(cache, b"whole\n")

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 5 * MIB:
                raise OSError("the disk has gone")
            return super().read(size)

    with pytest.raises(OSError, match="the disk"):
        cache.save_log(KEY, 1, Broken(random_bytes(6 * MIB)), LogOutline(), NOW)
    assert content(cache) == b"whole\n"


def test_a_log_evicted_while_it_is_read_is_never_taken_for_whole(cache: LogCache) -> None:
    """A reader gets all of it, or an error."""
    log = b"".join(b"%d\n" % number for number in range(5000))
    save(cache, log)
    chunks = cache.load_content(KEY, 1)
    assert chunks is not None
    read = next(chunks)
    for job_id in range(2, MAX_LOGS + 3):
        save(cache, b"newer\n", job_id, at=job_id)
    try:
        read += b"".join(chunks)
    except StateUnavailable:
        return
    assert read == log
