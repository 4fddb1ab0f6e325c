"""One outcome for each log, whatever GitHub answers."""

from __future__ import annotations

import pytest
from ingest.domain.runs import AttemptKey
from ingest.errors import (
    AccessDenied,
    BadCredentials,
    DiskFull,
    LogExpired,
    LogPending,
    RateLimited,
    SourceUnavailable,
)
from ingest.messaging.log_work import DueLog, LogWork
from ingest.services.fetch_logs import LogFetched, LogNotReady, LogUnavailable, fetch_logs
from support.builders import at

KEY = AttemptKey("octo/api", 1, 1)


def due(job_id: int, *, never_started: bool = False) -> DueLog:
    return DueLog(
        job_id=job_id,
        job_name=f"job {job_id}",
        conclusion="success",
        completed_at=at(0),
        never_started=never_started,
    )


def work(*jobs: DueLog, whole: bool = False, tries: int = 0) -> LogWork:
    return LogWork(key=KEY, jobs=jobs, is_whole_attempt=whole, tries=tries)


class Logs:
    """Answer with what a test puts in."""

    def __init__(self, *, job=b"log", archive=b"") -> None:
        self.asked: list[int] = []
        self._job, self._archive = job, archive

    def fetch_job_log(self, repository, job_id, into):
        self.asked.append(job_id)
        self._give(self._job, into)

    def fetch_attempt_logs(self, key, into):
        self.asked.append(0)
        self._give(self._archive, into)

    def _give(self, answer, into):
        if isinstance(answer, Exception):
            raise answer
        into.write(answer)


LIMITED = RateLimited("later", retry_at=at(60))


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (LogPending("404"), LogNotReady, None),
        (SourceUnavailable("502"), LogNotReady, None),
        (BadCredentials("401"), LogNotReady, None),
        (DiskFull("full"), LogNotReady, None),
        (LIMITED, LogNotReady, None),
        (LogExpired("410"), LogUnavailable, "expired"),
        (AccessDenied("403"), LogUnavailable, "no_access"),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_every_error_has_its_outcome_for_every_job(error, kind, reason, whole):
    """Late is what may come, absent what never will; no IngestError gets through."""
    jobs = (due(1), due(2))
    outcomes = list(fetch_logs(Logs(job=error, archive=error), work(*jobs, whole=whole), jobs))
    assert [type(outcome) for outcome in outcomes] == [kind, kind]
    if kind is LogUnavailable:
        assert {outcome.reason for outcome in outcomes} == {reason}


def test_an_archive_that_stays_missing_is_given_up_for_single_logs():
    """A cancelled attempt may have logs but no archive."""
    jobs = (due(1), due(2))
    logs = Logs(archive=LogPending("404"))
    first = list(fetch_logs(logs, work(*jobs, whole=True), jobs))
    assert all(isinstance(outcome, LogNotReady) for outcome in first)
    later = list(fetch_logs(logs, work(*jobs, whole=True, tries=3), jobs))
    assert all(isinstance(outcome, LogFetched) for outcome in later)


@pytest.mark.parametrize("archive", [b"", b"PK\x03\x04 damaged", b"<html>", b"\x00" * 5000])
def test_what_is_no_archive_is_not_unpacked(archive):
    """Every job is asked for alone."""
    jobs, logs = (due(1), due(2)), Logs(archive=archive)
    outcomes = list(fetch_logs(logs, work(*jobs, whole=True), jobs))
    assert [type(outcome) for outcome in outcomes] == [LogFetched, LogFetched]
    assert logs.asked == [0, 1, 2]


def test_a_single_owed_log_of_an_attempt_needs_no_archive():
    """The others are done already."""
    logs = Logs()
    list(fetch_logs(logs, work(due(1), due(2), whole=True), [due(2)]))
    assert logs.asked == [2]


def test_a_job_that_never_started_is_not_asked_for():
    """Its log never existed."""
    logs = Logs()
    [outcome] = fetch_logs(logs, work(due(1, never_started=True)), [due(1, never_started=True)])
    assert outcome.reason == "never_existed"
    assert logs.asked == []
