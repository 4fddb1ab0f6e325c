"""Work that is put on the job events queue is found there again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.runs import AttemptKey
from ingest.errors import MalformedPayload
from ingest.messaging.log_events import UnavailableLogMetadata, log_unavailable_message
from ingest.messaging.log_work import (
    MAX_CONCLUSION_CHARS,
    MAX_JOB_NAME_CHARS,
    LogWork,
    WorkItemJob,
    attempt_work_message,
    job_work_message,
)
from ingest.messaging.log_work_parser import parse_log_work
from support.builders import CREATED_AT, a_job, at
from support.strategies import JOBS, JSON, UGLY_TEXT

KEY = AttemptKey("octo/api", 12_000_000_001, 2)
NOW = CREATED_AT + timedelta(minutes=5)
BUILD = WorkItemJob(
    job_id=70_000_000_001,
    job_name="build (3.12)",
    conclusion="success",
    completed_at=at(80),
    never_started=False,
)


def test_a_jobs_log_is_due():
    """The message holds all that fetching needs."""
    message = job_work_message(KEY, a_job(), now=NOW)
    assert parse_log_work(message.body) == LogWork(
        key=KEY, jobs=(BUILD,), is_whole_attempt=False, tries=0
    )
    assert message.attributes["event_type"] == "job_log_due"
    assert (message.group, message.delay_seconds) == ("octo/api/12000000001", 0)


def test_all_logs_of_an_attempt_are_due():
    """One archive holds them, and every job's name is needed to open it."""
    jobs = [a_job(), a_job(job_id=5, name="lint", conclusion="skipped", steps=(), runner_name=None)]
    work = parse_log_work(attempt_work_message(KEY, jobs, now=NOW).body)
    assert work.is_whole_attempt
    assert [(job.job_id, job.job_name, job.never_started) for job in work.jobs] == [
        (70_000_000_001, "build (3.12)", False),
        (5, "lint", True),
    ]


def test_a_name_without_measure_is_cut_in_the_work_and_marked_in_the_log():
    """However long the names of hundreds of jobs are, their logs are fetched."""
    jobs = [a_job(job_id=number, name="j" * 600_000) for number in range(1, 257)]
    message = attempt_work_message(KEY, jobs, now=NOW)
    assert len(message.body) < 512 * 1024
    (name,) = {job.job_name for job in parse_log_work(message.body).jobs}
    assert (len(name), name[-2:]) == (MAX_JOB_NAME_CHARS, "j…")
    lost = UnavailableLogMetadata(
        key=KEY, job_id=1, job_name=name, fetched_at=NOW, reason="not_found", detail="None."
    )
    assert json.loads(log_unavailable_message(lost, max_bytes=10**6).body)["data"]["truncated"] == [
        "job_name"
    ]
    whole = log_unavailable_message(replace(lost, job_name="j" * 1000), max_bytes=10**6)
    assert "truncated" not in json.loads(whole.body)["data"]


def test_a_conclusion_without_measure_is_cut_in_the_work():
    """It would make the work invalid, and its log would never be fetched."""
    (job,) = parse_log_work(
        job_work_message(KEY, a_job(conclusion="c" * 20_000), now=NOW).body
    ).jobs
    assert len(job.conclusion) == MAX_CONCLUSION_CHARS


def test_work_that_is_put_off_is_the_same_work_once_more():
    """It waits in the queue, and is distinguished from the first try."""
    first = job_work_message(KEY, BUILD, now=NOW)
    again = job_work_message(KEY, BUILD, now=NOW, tries=3, delay_seconds=120)
    assert (parse_log_work(again.body).tries, again.delay_seconds) == (3, 120)
    assert parse_log_work(again.body).jobs == parse_log_work(first.body).jobs
    assert again.event_id != first.event_id
    archive = attempt_work_message(KEY, [BUILD], now=NOW, tries=1, delay_seconds=60)
    assert (parse_log_work(archive.body).tries, archive.delay_seconds) == (1, 60)


def test_the_same_work_has_the_same_id():
    """Repeats can be dropped; the order in which jobs are listed means nothing."""
    one, two = BUILD, WorkItemJob(**{**_fields(BUILD), "job_id": 5})
    assert (
        job_work_message(KEY, one, now=NOW).event_id
        == job_work_message(KEY, a_job(), now=at(0)).event_id
    )
    assert (
        job_work_message(KEY, one, now=NOW).event_id != job_work_message(KEY, two, now=NOW).event_id
    )
    forth, back = (attempt_work_message(KEY, jobs, now=NOW) for jobs in ([one, two], [two, one]))
    assert forth.event_id == back.event_id
    assert forth.event_id != attempt_work_message(KEY, [one], now=NOW).event_id


def _fields(due):
    return {name: getattr(due, name) for name in WorkItemJob.__slots__}


@given(
    st.lists(JOBS, max_size=3, unique_by=lambda job: job.job_id),
    st.integers(min_value=0, max_value=50),
)
def test_any_jobs_are_found_again(jobs, tries):
    """Whatever their names and times."""
    work = parse_log_work(attempt_work_message(KEY, jobs, now=NOW, tries=tries).body)
    assert (work.key, work.tries) == (KEY, tries)
    assert [job.job_id for job in work.jobs] == [job.job_id for job in jobs]
    assert [job.completed_at for job in work.jobs] == [job.completed_at for job in jobs]
    assert [job.never_started for job in work.jobs] == [job.never_started for job in jobs]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "text",
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        '{"event_type": "job_log_due"}',
        '{"event_type": "job_log_due", "data": []}',
        '{"event_type": "job_log_due", "data": {"repo": "octo/api"}}',
        '{"event_type": "attempt_logs_due", "data": {"repo": "octo/api", "run_id": 1}}',
    ],
)
def test_what_is_no_work_of_ours_is_malformed(body):
    """Somebody else may send to the queue."""
    with pytest.raises(MalformedPayload, match="not a work item"):
        parse_log_work(body)


def test_a_message_of_another_kind_is_named():
    """It ends in the dead-letter queue, and a person will want to know what it was."""
    message = json.loads(job_work_message(KEY, BUILD, now=NOW).body)
    body = json.dumps({**message, "event_type": "workflow_run_completed"})
    with pytest.raises(MalformedPayload, match=r"event_type is unknown.*workflow_run_completed"):
        parse_log_work(body)


@pytest.mark.parametrize(
    "changes",
    [
        {"repo": None},
        {"repo": ["octo/api"]},
        {"repo": "../user?x="},
        {"repo": "octo/api/../../user"},
        {"repo": "octo/.."},
        {"repo": "https://github.com/octo/api"},
        {"repo": "octo/api\n"},
        {"run_id": None},
        {"run_id": 2**63},
        {"run_id": -1},
        {"run_id": float("inf")},
        {"run_attempt": "first"},
        {"run_attempt": True},
        {"tries": None},
        {"tries": -1},
        {"tries": float("nan")},
        {"job_id": "x"},
        {"job_id": 1.5},
        {"job_name": None},
        {"job_name": "x" * 10_001},
        {"conclusion": 7},
        {"never_started": "no"},
        {"completed_at": "yesterday"},
    ],
)
def test_work_with_a_broken_field_is_malformed(changes):
    """It cannot be done, and must not stop the work behind it."""
    message = json.loads(job_work_message(KEY, BUILD, now=NOW).body)
    message["data"].update(changes)
    with pytest.raises(MalformedPayload):
        parse_log_work(json.dumps(message))


@given(UGLY_TEXT | JSON.map(json.dumps))
def test_any_body_is_work_or_malformed(body):
    """Nothing else is raised."""
    with pytest.raises(MalformedPayload):
        parse_log_work(body)


@given(
    JSON | st.integers(0, 9) | st.just("octo/other"),
    st.sampled_from(["repo", "run_id", "run_attempt", "tries", "jobs"]),
)
def test_any_field_is_understood_or_malformed(value, name):
    """Work with one field of any kind."""
    message = json.loads(attempt_work_message(KEY, [BUILD], now=NOW).body)
    message["data"][name] = value
    try:
        work = parse_log_work(json.dumps(message))
    except MalformedPayload:
        return
    assert isinstance(work.key.repository, str)
    assert all(isinstance(number, int) for number in (work.key.run_id, work.tries))


WORK = (job_work_message(KEY, BUILD, now=NOW), attempt_work_message(KEY, [BUILD], now=NOW))


def with_unknown_fields(body: str, version: str) -> Iterator[str]:
    """Yield an item with an unknown field at each place."""
    for path in ((), ("data",), ("data", "jobs", 0)):
        item = json.loads(body) | {"schema_version": version}
        place = item
        try:
            for step in path:
                place = place[step]
        except KeyError:
            continue
        place["new"] = 1
        yield json.dumps(item)


@pytest.mark.parametrize("message", WORK, ids=lambda message: message.attributes["event_type"])
def test_work_of_a_later_minor_version_is_done(message):
    """Agents of two releases share the queue during an upgrade; unknown fields are ignored."""
    work = parse_log_work(message.body)
    for later in with_unknown_fields(message.body, "1.9"):
        assert parse_log_work(later) == work


@pytest.mark.parametrize("message", WORK, ids=lambda message: message.attributes["event_type"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_work_of_a_known_version_has_no_unknown_field(message, version):
    """The schema of what this release knows is closed."""
    earlier = json.dumps(json.loads(message.body) | {"schema_version": version})
    assert parse_log_work(earlier) == parse_log_work(message.body)
    for forged in with_unknown_fields(message.body, version):
        with pytest.raises(MalformedPayload, match="fields other than"):
            parse_log_work(forged)


@pytest.mark.parametrize("version", ["2.0", "1", "1.0.0", "1.x", 1.1, None])
def test_work_of_another_major_version_is_malformed(version):
    """Nothing is known of its fields."""
    message = json.loads(job_work_message(KEY, BUILD, now=NOW).body) | {"schema_version": version}
    with pytest.raises(MalformedPayload, match="schema_version"):
        parse_log_work(json.dumps(message))
