"""An attempt's archive, whatever it holds: each job gets its own log, or is asked for alone."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import datetime, timezone

import pytest
from ingest.domain.runs import AttemptKey
from ingest.messaging.log_work import LogWork, WorkItemJob
from ingest.services.limits_in_force import LimitsInForce
from ingest.services.log_ingestion.fetch_logs import extract_log, fetch_logs
from ingest.services.log_ingestion.log_archive import open_log_archive
from ingest.services.log_ingestion.log_results import LogFetched
from support.manual_clock import ManualClock

KEY = AttemptKey("octo/api", 1, 1)
NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)
MIB = 1 << 20

#: What each job's log is when it is asked for alone.
ALONE = b"asked for alone"


class Source:
    """Serve one archive, and each log alone."""

    def __init__(self, archive: bytes) -> None:
        self.asked: list[int] = []
        self._archive = archive

    def fetch_job_log(self, repository, job_id, into, *, is_backfill):
        self.asked.append(job_id)
        into.write(ALONE)

    def fetch_attempt_logs(self, key, into, *, is_backfill):
        into.write(self._archive)


def archive_of(*files: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack files; a name may come twice."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", how) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, how)
    return packed.getvalue()


def fetched(archive: bytes, *names: str) -> tuple[dict[int, bytes], list[int]]:
    """Fetch the logs of jobs with these names; return them, and who was asked for alone."""
    jobs = tuple(
        WorkItemJob(job_id=n, job_name=name, conclusion=None, completed_at=NOW, never_started=False)
        for n, name in enumerate(names, start=1)
    )
    github = Source(archive)
    work = LogWork(key=KEY, jobs=jobs, is_whole_attempt=True, tries=0)
    logs: dict[int, bytes] = {}
    for outcome in fetch_logs(github, work, jobs, LimitsInForce(ManualClock(NOW))):
        assert isinstance(outcome, LogFetched)
        assert outcome.job.job_id not in logs
        with outcome.spool, outcome.spool.open() as file:
            logs[outcome.job.job_id] = file.read()
    return logs, github.asked


def test_files_that_are_certain_are_taken(tmp_path):
    """Folders hold single steps, system.txt is nobody's log, and an empty file proves nothing."""
    archive = archive_of(
        ("0_build.txt", b"b\x00\xff"),
        ("1_test.txt", b""),
        ("build/1_x.txt", b"step"),
        ("build/system.txt", b"s"),
        ("system.txt", b"s"),
    )
    assert fetched(archive, "build", "test") == ({1: b"b\x00\xff", 2: ALONE}, [2])


STEPS = {
    "build/1_Set up job.txt": b"\xef\xbb\xbfset up\n",
    "build/2_Run a_b.txt": b"\xef\xbb\xbf1\n2\n",
    "build/10_Complete job.txt": b"\xef\xbb\xbfdone\n",
}
WHOLE = b"\xef\xbb\xbfset up\n1\n2\ndone\n"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, [(1, 1, 1, 0, 9), (2, 2, 3, 10, 13), (10, 4, 4, 14, 18)]),
        ({"build/system.txt": b"s", "other/1_Set up job.txt": b"o"}, [(1, 1, 1, 0, 9)]),
        ({"build/2_Run a_b.txt": b"\xef\xbb\xbf1\n3\n"}, None),
        ({"build/2_again.txt": b"2\n"}, None),
        ({"build/7_more.txt": b"7\n"}, None),
        ({"build*/2_Run a_b.txt": b"\xef\xbb\xbf1\n2\n"}, None),
    ],
    ids=["exact", "other files", "other bytes", "twice", "one more", "two folders"],
)
def test_steps_are_proved_by_their_files(change, expected):
    """Their sizes and checksums are those of the whole log's parts; else nothing is said."""
    files = {"0_build.txt": WHOLE, **STEPS, **change}
    due = WorkItemJob(
        job_id=1, job_name="build", conclusion=None, completed_at=NOW, never_started=False
    )
    with open_log_archive(io.BytesIO(archive_of(*files.items())), MIB, {1: "build"}) as archive:
        result = extract_log(archive, due)
    assert isinstance(result, LogFetched)
    result.spool.close()
    found = result.evidence.proved_ranges
    if expected is None:
        assert found is None
    else:
        assert [
            (each.number, each.first_line, each.last_line, each.first_byte, each.last_byte)
            for each in found or ()
        ][: len(expected)] == expected


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/cron.d/evil",
        "/etc/passwd",
        "..\\..\\evil",
        "C:\\evil",
        "0_build.txt/../../../evil",
        "0_\x00build.txt",
        "0_build.txt\x00.exe",
        "\u202e0_build.txt",
        "0_" + "x" * 5000 + ".txt",
        "",
        ".",
        "..",
    ],
)
def test_hostile_names_match_no_job_and_become_no_path(tmp_path, monkeypatch, name):
    """Nothing is written but to files without a name."""
    monkeypatch.chdir(tmp_path)
    archive = archive_of((name, b"evil"), ("1_test.txt", b"good"))
    logs, _ = fetched(archive, "build", "test")
    assert logs[2] == b"good"
    assert logs[1] in (ALONE, b"evil" if name == "0_build.txt\x00.exe" else ALONE)
    assert list(tmp_path.iterdir()) == []


def test_jobs_with_the_same_name_are_asked_for_alone():
    """A matrix may have them, and its suffixes say nothing of the order."""
    archive = archive_of(("0_a.txt", b"?"), ("1_a(1).txt", b"?"), ("2_b.txt", b"b"))
    assert fetched(archive, "a", "a", "b") == ({1: ALONE, 2: ALONE, 3: b"b"}, [1, 2])


def test_a_name_that_is_there_twice_is_nobodys():
    """Two files of one name are both doubtful."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = archive_of(("0_a.txt", b"1"), ("0_a.txt", b"2"), ("2_b.txt", b"b"))
    assert fetched(archive, "a", "b") == ({1: ALONE, 2: b"b"}, [1])


def test_a_file_larger_than_declared_is_discarded():
    """It is cut at its declared size, and its checksum fails."""
    archive = bytearray(archive_of(("0_bomb.txt", b"0" * 8 * MIB), ("1_test.txt", b"good")))
    directory = archive.index(b"PK\x01\x02")
    for place in (22, directory + 24):
        struct.pack_into("<I", archive, place, 100)
    assert fetched(bytes(archive), "bomb", "test") == ({1: ALONE, 2: b"good"}, [1])


def test_a_file_that_reports_more_than_it_can_hold_refuses_the_archive():
    """No packing is that good."""
    archive = bytearray(archive_of(("0_bomb.txt", b"0" * MIB), ("1_test.txt", b"good")))
    struct.pack_into("<I", archive, archive.index(b"PK\x01\x02") + 24, 2**32 - 2)
    assert fetched(bytes(archive), "bomb", "test") == ({1: ALONE, 2: ALONE}, [1, 2])


def test_files_that_share_bytes_reject_the_archive():
    """One block of bytes under many names is the most effective decompression bomb."""
    archive = archive_of(("0_a.txt", b"0" * MIB), ("1_b.txt", b"good"))
    directory = archive.index(b"PK\x01\x02")
    second = archive.index(b"PK\x01\x02", directory + 1)
    entry, end = archive[directory:second], archive[archive.rindex(b"PK\x05\x06") :]
    entries = entry * 60 + archive[second : archive.rindex(b"PK\x05\x06")]
    tail = bytearray(end)
    struct.pack_into("<HHI", tail, 8, 61, 61, len(entries))
    logs, asked = fetched(archive[:directory] + entries + bytes(tail), "a", "b")
    assert logs == {1: ALONE, 2: ALONE}
    assert asked == [1, 2]


def test_a_decompression_bomb_is_requested_alone():
    """A file that is compressed more than logs are is not decompressed."""
    archive = archive_of(("0_bomb.txt", b"\x00" * 100 * MIB), ("1_test.txt", b"good"))
    assert len(archive) < MIB
    assert fetched(archive, "bomb", "test") == ({1: ALONE, 2: b"good"}, [1])


def test_a_long_log_of_one_line_repeated_is_read_from_the_archive():
    """It is packed 290 times, as a program that prints the same for hours: it is fetched once."""
    log = b"2026-01-01T00:00:00.0000000Z Waiting for the service to answer on port 8080\n" * 900_000
    archive = archive_of(("0_long.txt", log), ("1_test.txt", b"good"))
    assert len(log) > 200 * len(archive)
    logs, asked = fetched(archive, "long", "test")
    assert not asked
    assert logs[1].count(b"\n") == 900_000


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_read_too(how):
    """GitHub uses deflate today."""
    assert fetched(archive_of(("0_a.txt", b"1"), ("1_b.txt", b"2"), how=how), "a", "b")[0] == {
        1: b"1",
        2: b"2",
    }


def test_an_archive_of_hundreds_of_thousands_of_files_is_not_listed():
    """Its directory would take the memory; each log is asked for alone."""
    whole = archive_of(("0_build.txt", b"b"), ("1_test.txt", b"t"))
    start, end = whole.index(b"PK\1\2"), whole.index(b"PK\5\6")
    header = struct.pack("<4s4B4H3I5H2I", b"PK\1\2", 20, 0, 20, *[0] * 8, len(b"x"), *[0] * 6)
    for count, expected in ((400, {1: b"b", 2: b"t"}), (400_000, {1: ALONE, 2: ALONE})):
        directory = whole[start:end] + (header + b"x") * count
        size = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(directory), start, 0)
        assert fetched(whole[:start] + directory + size, "build", "test")[0] == expected
