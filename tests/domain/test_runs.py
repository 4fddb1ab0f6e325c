"""An attempt ends when its last job does."""

from __future__ import annotations

import pytest
from ingest.domain.runs import AttemptKey, completed_at
from support.builders import a_job, a_run, at


def test_an_attempt_is_named_by_repository_run_and_attempt():
    """The key orders and reads as its parts."""
    key = a_run(run_id=7, run_attempt=2).key
    assert key == AttemptKey("octo/api", 7, 2)
    assert str(key) == "octo/api run 7 attempt 2"
    assert key > AttemptKey("octo/api", 7, 1)


def test_an_attempt_in_flight_has_not_ended():
    """Its last update is no end."""
    run = a_run(status="in_progress", conclusion=None)
    assert not run.is_completed
    assert completed_at(run, [a_job()]) is None


def test_an_attempt_ends_with_its_last_job():
    """`updated_at` may move a year later with nothing visible changed."""
    run = a_run(updated_at=at(400 * 86_400))
    jobs = [a_job(completed_at=at(80)), a_job(completed_at=at(60)), a_job(completed_at=None)]
    assert completed_at(run, jobs) == at(80)


def test_jobs_taken_over_by_a_partial_rerun_do_not_end_it():
    """They ended before the attempt began."""
    run = a_run(run_attempt=2, run_started_at=at(1000), updated_at=at(1060))
    assert completed_at(run, [a_job(completed_at=at(80))]) == at(1060)
    assert completed_at(run, [a_job(completed_at=at(80)), a_job(completed_at=at(1050))]) == at(1050)


def test_an_attempt_without_jobs_ends_with_its_last_update():
    """An invalid workflow file has no jobs."""
    assert completed_at(a_run(updated_at=at(3)), []) == at(3)
    assert completed_at(a_run(updated_at=None), []) is None


def test_an_attempt_without_a_start_ends_all_the_same():
    """Runs from before attempts existed have none."""
    assert completed_at(a_run(run_started_at=None), [a_job(completed_at=at(80))]) == at(80)


@pytest.mark.parametrize(
    ("event", "is_for_pull_request"),
    [
        ("pull_request", True),
        ("pull_request_target", True),
        ("pull_request_review", True),
        ("push", False),
        ("issue_comment", False),
        (None, False),
    ],
)
def test_a_pull_request_triggers_a_run_by_its_event(event, is_for_pull_request):
    """Other runs may list pull requests too."""
    assert a_run(event=event).is_for_pull_request is is_for_pull_request
