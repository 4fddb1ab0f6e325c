"""Work for logs fits the smallest limit that a queue may have."""

from __future__ import annotations

import pytest
from ingest.messaging.log_work import attempt_work_message, job_work_message
from ingest.messaging.log_work_parser import parse_log_work
from ingest.services.publish import split_log_work
from support.builders import CREATED_AT, a_job, a_run

SMALLEST = 1024
KEY = a_run().key


def test_what_fits_is_sent_as_it_is():
    """An attempt's work stays one message."""
    work = attempt_work_message(KEY, [a_job(), a_job(job_id=2)], now=CREATED_AT)
    assert split_log_work(work, max_bytes=work.size_bytes, now=CREATED_AT) == [work]


@pytest.mark.parametrize("name", ["build", "b" * 1000, "ä" * 1000, '"\\' * 500])
def test_work_that_does_not_fit_is_sent_for_each_job(name):
    """With the beginning of a long name, and all that finds the log."""
    jobs = [a_job(job_id=number, name=name) for number in range(1, 30)]
    work = attempt_work_message(KEY, jobs, now=CREATED_AT, tries=3, delay_seconds=5)
    fitted = split_log_work(work, max_bytes=SMALLEST, now=CREATED_AT)
    assert max(message.size_bytes for message in fitted) <= SMALLEST
    assert {message.delay_seconds for message in fitted} == {5}
    items = [parse_log_work(message.body) for message in fitted]
    assert [item.jobs[0].job_id for item in items] == list(range(1, 30))
    assert {(item.key, item.tries, item.is_whole_attempt) for item in items} == {(KEY, 3, False)}
    assert all(name.startswith(item.jobs[0].job_name.rstrip("…")) for item in items)


@pytest.mark.parametrize("name", ["", "b", "build"])
def test_work_that_fits_in_no_case_is_sent_with_the_shortest_name(name):
    """The queue refuses it, and the error says why."""
    work = job_work_message(KEY, a_job(name=name), now=CREATED_AT)
    [shortest] = split_log_work(work, max_bytes=1, now=CREATED_AT)
    assert parse_log_work(shortest.body).jobs[0].job_name == name[:1]


def test_a_single_job_of_a_long_name_fits():
    """As requeued work has it."""
    work = job_work_message(KEY, a_job(name="x" * 5000), now=CREATED_AT)
    [fitted] = split_log_work(work, max_bytes=SMALLEST, now=CREATED_AT)
    assert fitted.size_bytes <= SMALLEST
