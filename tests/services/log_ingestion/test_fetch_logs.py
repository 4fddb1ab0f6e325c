"""One outcome for each log, whatever GitHub answers."""

from __future__ import annotations

import io
import random
import zipfile
from dataclasses import replace

import pytest
from ingest.domain.runs import AttemptKey
from ingest.errors import (
    AccessDenied,
    BadCredentials,
    GithubUnavailable,
    LogExpired,
    LogPending,
    MalformedPayload,
    RateLimited,
    ResourceExhausted,
)
from ingest.messaging.log_work import LogWork, WorkItemJob
from ingest.ports.github import Answer, JobList
from ingest.services.limits_in_force import LimitsInForce
from ingest.services.log_ingestion import spool
from ingest.services.log_ingestion.fetch_logs import fetch_logs
from ingest.services.log_ingestion.log_results import LogFetched, LogNotReady, LogUnavailable
from ingest.services.log_ingestion.spool import MAX_BYTES_IN_MEMORY
from support.builders import a_job, at
from support.manual_clock import ManualClock

KEY = AttemptKey("octo/api", 1, 1)


def due(job_id: int, *, never_started: bool = False) -> WorkItemJob:
    return WorkItemJob(
        job_id=job_id,
        job_name=f"job {job_id}",
        conclusion="success",
        completed_at=at(0),
        never_started=never_started,
    )


def work(*jobs: WorkItemJob, whole: bool = False, tries: int = 0) -> LogWork:
    return LogWork(key=KEY, jobs=jobs, is_whole_attempt=whole, tries=tries)


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, content) in enumerate(files.items()):
            archive.writestr(f"{number}_{name.replace('_', ' ')}.txt", content)
    return packed.getvalue()


class Logs:
    """Answer with what a test puts in."""

    def __init__(self, *, job=b"log", archive=b"") -> None:
        self.asked: list[int] = []
        self._job, self._archive = job, archive

    def fetch_job_log(self, repository, job_id, into, *, is_backfill):
        self.asked.append(job_id)
        self._give(self._job, into)

    def fetch_attempt_logs(self, key, into, *, is_backfill):
        self.asked.append(0)
        self._give(self._archive, into)

    def fetch_jobs(self, key):
        self.asked.append(-1)
        return Answer(
            JobList(jobs=(a_job(job_id=2, name="job 2"),), matches_total_count=True), None
        )

    def _give(self, answer, into):
        if isinstance(answer, Exception):
            raise answer
        into.write(answer)


def fetch(logs, work, pending):
    return fetch_logs(logs, work, pending, LimitsInForce(ManualClock(at(0))))


LIMITED = RateLimited("later", retry_at=at(60))


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (LogPending("404"), LogNotReady, None),
        (GithubUnavailable("502"), LogNotReady, None),
        (BadCredentials("401"), LogNotReady, None),
        (ResourceExhausted("full"), LogNotReady, None),
        (LIMITED, LogNotReady, None),
        (LogExpired("410"), LogUnavailable, "expired"),
        (AccessDenied("403"), LogNotReady, None),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_every_error_has_its_outcome_for_every_job(error, kind, reason, whole):
    """Late is what may come, absent what never will; no IngestError gets through."""
    jobs = (due(1), due(2))
    outcomes = list(fetch(Logs(job=error, archive=error), work(*jobs, whole=whole), jobs))
    assert [type(outcome) for outcome in outcomes] == [kind, kind]
    if kind is LogUnavailable:
        assert {outcome.reason for outcome in outcomes} == {reason}


def test_an_archive_that_stays_missing_is_given_up_for_single_logs():
    """A cancelled attempt may have logs but no archive."""
    jobs = (due(1), due(2))
    logs = Logs(archive=LogPending("404"))
    first = list(fetch(logs, work(*jobs, whole=True), jobs))
    assert all(isinstance(outcome, LogNotReady) for outcome in first)
    later = list(fetch(logs, work(*jobs, whole=True, tries=3), jobs))
    assert all(isinstance(outcome, LogFetched) for outcome in later)


@pytest.mark.parametrize("archive", [b"", b"PK\x03\x04 damaged", b"<html>", b"\x00" * 5000])
def test_what_is_no_archive_is_not_unpacked(archive):
    """Every job is asked for alone."""
    jobs, logs = (due(1), due(2)), Logs(archive=archive)
    outcomes = list(fetch(logs, work(*jobs, whole=True), jobs))
    assert [type(outcome) for outcome in outcomes] == [LogFetched, LogFetched]
    assert logs.asked == [0, 1, 2]


def test_a_single_owed_log_of_an_attempt_needs_no_archive():
    """The others are done already."""
    logs = Logs()
    list(fetch(logs, work(due(1), due(2), whole=True), [due(2)]))
    assert logs.asked == [2]


def test_the_only_log_of_an_attempt_is_taken_from_the_archive():
    """It costs as much as the single log, and proves where the steps are."""
    skipped = due(2, never_started=True)
    logs = Logs(archive=zipped(job_1=b"one"))
    lone = work(due(1), skipped, whole=True)
    assert contents(fetch(logs, lone, [due(1)])) == {1: b"one"}
    assert logs.asked == [0]


@pytest.mark.parametrize(
    "archive",
    [
        GithubUnavailable("502"),
        AccessDenied("403"),
        LogExpired("410"),
        ValueError("ours"),
        b"PK\x03\x04 damaged",
        zipped(job_1=b""),
        zipped(job_2=b"two"),
    ],
    ids=["502", "403", "410", "defect", "damaged", "empty", "another"],
)
def test_an_only_log_that_the_archive_does_not_hold_is_fetched_alone(archive):
    """Whatever the archive's failure is."""
    logs = Logs(job=b"alone", archive=archive)
    assert contents(fetch(logs, work(due(1), whole=True), [due(1)])) == {1: b"alone"}
    assert logs.asked == [0, 1]


def test_an_only_log_whose_archive_is_missing_is_asked_for_alone_at_its_next_try():
    """Each try costs one request, and a cancelled attempt may have no archive."""
    logs = Logs(job=b"alone", archive=LogPending("404"))
    [late] = fetch(logs, work(due(1), whole=True), [due(1)])
    assert isinstance(late, LogNotReady)
    retried = work(due(1), whole=True, tries=1)
    assert contents(fetch(logs, retried, [due(1)])) == {1: b"alone"}
    assert logs.asked == [0, 1]


def test_an_only_log_that_is_missing_alone_is_taken_from_the_archive():
    """Neither way is given up for the other."""
    logs = Logs(job=LogPending("404"), archive=zipped(job_1=b"one"))
    late = work(due(1), whole=True, tries=3)
    assert contents(fetch(logs, late, [due(1)])) == {1: b"one"}
    assert logs.asked == [1, 0]


def test_a_job_that_never_started_is_not_asked_for():
    """Its log never existed."""
    logs = Logs()
    [outcome] = fetch(logs, work(due(1, never_started=True)), [due(1, never_started=True)])
    assert outcome.reason == "never_existed"
    assert logs.asked == []


def contents(outcomes) -> dict[int, bytes]:
    found = {}
    for outcome in outcomes:
        assert isinstance(outcome, LogFetched), outcome
        with outcome.spool, outcome.spool.open() as file:
            found[outcome.job.job_id] = file.read()
    return found


@pytest.mark.parametrize(
    "failure",
    [GithubUnavailable("500"), AccessDenied("403"), MalformedPayload("HTML"), ValueError("ours")],
)
def test_each_way_is_the_fallback_of_the_other(failure):
    """An archive that fails leaves the single logs, and a single log that fails the archive."""
    jobs = (due(1), due(2))
    singles = fetch(Logs(archive=failure), work(*jobs, whole=True), jobs)
    assert contents(singles) == {1: b"log", 2: b"log"}
    archived = Logs(job=failure, archive=zipped(job_1=b"one", job_2=b"two"))
    assert contents(fetch(archived, work(due(2), tries=1), [due(2)])) == {2: b"two"}
    assert contents(fetch(archived, work(*jobs, whole=True, tries=1), [due(2)])) == {2: b"two"}


@pytest.mark.parametrize("failure", [LIMITED, BadCredentials("401"), ResourceExhausted("full")])
def test_what_fails_both_ways_alike_is_tried_once(failure):
    """The other way would only cost another refused request."""
    jobs = (due(1), due(2))
    archived = Logs(archive=failure)
    late = list(fetch(archived, work(*jobs, whole=True, tries=9), jobs))
    assert [outcome.error for outcome in late] == [failure, failure]
    assert archived.asked == [0]
    single = Logs(job=failure)
    [late_one] = fetch(single, work(due(1), tries=9), [due(1)])
    assert late_one.error is failure
    assert single.asked == [1]


def test_a_log_that_does_not_fit_on_the_disk_is_not_requested_alone(monkeypatch):
    """It would not fit then either; the others of its archive arrive."""
    monkeypatch.setattr(spool, "RESERVED_DISK_BYTES", 10**18)
    monkeypatch.setattr(spool, "_RESERVED_DIVISOR", 1)
    large = random.Random(1).randbytes(MAX_BYTES_IN_MEMORY).hex().encode()
    packed = zipped(job_1=b"one", job_2=large[: MAX_BYTES_IN_MEMORY + 1], job_3=b"three")
    jobs, logs = (due(1), due(2), due(3)), Logs(archive=packed)
    results = {result.job.job_id: result for result in fetch(logs, work(*jobs, whole=True), jobs)}
    assert isinstance(results[2].error, ResourceExhausted)
    assert contents(results[number] for number in (1, 3)) == {1: b"one", 3: b"three"}
    assert logs.asked == [0]


@pytest.mark.parametrize("whole", [False, True])
def test_a_limit_holds_back_what_is_of_the_same_repository_and_age(whole):
    """What is younger may be asked for in spite of it, and others have other credentials."""
    limits = LimitsInForce(ManualClock(at(0)))
    jobs = (due(1), due(2))
    refused = work(*jobs, whole=whole)
    logs = Logs(job=LIMITED, archive=LIMITED)
    for _ in range(2):
        late = list(fetch_logs(logs, refused, jobs, limits))
        assert [outcome.error for outcome in late] == [LIMITED, LIMITED]
    assert len(logs.asked) == 1
    elsewhere = replace(refused, key=AttemptKey("octo/web", 1, 1))
    for each in (replace(refused, is_backfill=False), elsewhere):
        assert contents(fetch_logs(Logs(), each, jobs, limits)) == {1: b"log", 2: b"log"}


def test_logs_are_asked_for_again_once_the_limit_is_over():
    clock = ManualClock(at(0))
    limits = LimitsInForce(clock)
    list(fetch_logs(Logs(job=LIMITED), work(due(1)), [due(1)], limits))
    clock.advance(60)
    assert contents(fetch_logs(Logs(), work(due(1)), [due(1)], limits)) == {1: b"log"}


def test_a_file_that_is_empty_in_the_archive_is_fetched_alone():
    """GitHub has served empty files for logs that it served whole alone."""
    jobs = (due(1), due(2))
    archive = zipped(job_1=b"", job_2=b"two")
    logs = Logs(job=b"whole", archive=archive)
    assert contents(fetch(logs, work(*jobs, whole=True), jobs)) == {1: b"whole", 2: b"two"}


@pytest.mark.parametrize("tries", [0, 3])
def test_a_log_that_is_empty_alone_counts_as_not_written_yet(tries):
    """GitHub has served it whole later, and in the archive."""
    jobs = (due(1), due(2))
    empty = Logs(job=b"", archive=zipped(job_1=b"", job_2=b"two"))
    found, late = fetch(empty, work(*jobs, whole=True, tries=tries), jobs)
    assert contents([found]) == {2: b"two"}
    assert isinstance(late.error, LogPending)
    [single] = fetch(empty, work(due(2), tries=tries), [due(2)])
    assert isinstance(single, LogFetched if tries == 3 else LogNotReady)


@pytest.mark.parametrize("tries", [0, 3, 9])
def test_a_file_that_is_empty_in_the_archive_and_missing_alone_is_no_log(tries):
    """GitHub has not said that the log is empty, so it waits until it is given up."""
    jobs = (due(1), due(2))
    logs = Logs(job=LogPending("404"), archive=zipped(job_1=b"", job_2=b"two"))
    found, late = fetch(logs, work(*jobs, whole=True, tries=tries), jobs)
    assert contents([found]) == {2: b"two"}
    assert isinstance(late, LogNotReady)
    assert isinstance(late.error, LogPending)
    [single] = fetch(logs, work(*jobs, whole=True, tries=tries), [due(1)])
    assert isinstance(single, LogNotReady)


@pytest.mark.parametrize("failure", [GithubUnavailable("502"), AccessDenied("403")])
def test_an_empty_file_of_the_archive_stands_for_no_log_that_only_failed(failure):
    """Neither way has answered that the log is empty."""
    jobs = (due(1), due(2))
    logs = Logs(job=failure, archive=zipped(job_1=b"x", job_2=b""))
    [late] = fetch(logs, work(due(2), tries=1), [due(2)])
    assert isinstance(late, LogNotReady)
    outcomes = list(fetch(logs, work(*jobs, whole=True, tries=3), jobs))
    assert [type(outcome) for outcome in outcomes] == [LogFetched, LogNotReady]


def test_an_empty_file_of_the_archive_is_no_log_that_has_expired():
    """GitHub's 410 is the answer."""
    jobs = (due(1), due(2))
    logs = Logs(job=LogExpired("410"), archive=zipped(job_1=b"x", job_2=b""))
    outcomes = list(fetch(logs, work(*jobs, whole=True, tries=3), jobs))
    assert [type(outcome) for outcome in outcomes] == [LogFetched, LogUnavailable]


def test_an_archive_that_has_expired_is_believed_with_its_first_log():
    """One request more proves it, and one wrong answer costs no log."""
    jobs = (due(1), due(2), due(3))
    expired = Logs(job=LogExpired("410"), archive=LogExpired("410"))
    outcomes = list(fetch(expired, work(*jobs, whole=True), jobs))
    assert [(each.job.job_id, each.reason) for each in outcomes] == [
        (1, "expired"),
        (2, "expired"),
        (3, "expired"),
    ]
    assert expired.asked == [0, 1]
    wrong = Logs(archive=LogExpired("410"))
    assert set(contents(fetch(wrong, work(*jobs, whole=True), jobs))) == {1, 2, 3}


def test_single_logs_that_fail_in_a_row_leave_the_others_for_the_next_try():
    """An outage costs a few requests, not one for each job; each try begins with another job."""
    jobs = tuple(due(number) for number in range(1, 9))
    logs = Logs(job=GithubUnavailable("502"), archive=GithubUnavailable("502"))
    for tries in range(3):
        late = list(fetch(logs, work(*jobs, whole=True, tries=tries), jobs))
        assert len(late) == 8
        assert all(isinstance(outcome, LogNotReady) for outcome in late)
    assert logs.asked == [0, 1, 2, 3, 0, 2, 3, 4, 0, 3, 4, 5]
