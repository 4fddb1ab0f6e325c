"""A job's durations are what GitHub's times prove, and nothing more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from support.builders import a_job, a_step, at
from support.strategies import JOBS


def test_a_job_waits_and_then_works():
    """Queue time and duration meet at the start."""
    job = a_job(created_at=at(0), started_at=at(15), completed_at=at(75.5))
    assert (job.queued_seconds, job.duration_seconds) == (15, 60.5)


def test_a_reused_job_that_starts_before_it_is_created_has_no_queue_time():
    """A partial re-run lists old jobs with new creation times."""
    assert a_job(created_at=at(100), started_at=at(20)).queued_seconds is None


@pytest.mark.parametrize("status", ["queued", "waiting", "pending", "requested"])
def test_a_job_that_no_runner_has_taken_has_no_queue_time(status):
    """GitHub fills its start with its creation, which would be a wait of zero."""
    job = a_job(status=status, conclusion=None, created_at=at(0), started_at=at(0))
    assert job.queued_seconds is None


def test_a_job_at_work_has_a_queue_time_and_no_duration():
    """Its wait is over, its work is not."""
    job = a_job(status="in_progress", conclusion=None, completed_at=None)
    assert (job.queued_seconds, job.duration_seconds) == (15, None)


def test_a_skipped_job_that_ends_before_it_starts_has_no_duration():
    """GitHub writes the end one second before the start."""
    assert (
        a_job(conclusion="skipped", started_at=at(30), completed_at=at(29)).duration_seconds is None
    )


def test_a_duration_needs_an_end():
    """A completion time without completion is none."""
    assert a_job(status="in_progress", completed_at=at(80)).duration_seconds is None
    assert a_job(completed_at=None).duration_seconds is None


@given(JOBS)
def test_no_duration_is_ever_negative(job):
    """Whatever times GitHub sends, a negative duration is never made of them."""
    measured = [job.queued_seconds, job.duration_seconds]
    measured += [step.duration_seconds for step in job.steps]
    assert all(seconds is None or seconds >= 0 for seconds in measured)


@pytest.mark.parametrize("conclusion", ["skipped", "cancelled", "action_required", "stale"])
def test_a_job_that_no_runner_ever_took_never_started(conclusion):
    """Neither steps nor a runner: no log can exist."""
    assert a_job(conclusion=conclusion, steps=(), runner_name=None).never_started


@pytest.mark.parametrize(
    "changes",
    [
        {"conclusion": "cancelled", "steps": ()},
        {"conclusion": "cancelled", "steps": (a_step(),), "runner_name": None},
        {"conclusion": "skipped", "steps": (a_step(),), "runner_name": None},
        {"conclusion": "failure", "steps": (), "runner_name": None},
    ],
)
def test_a_job_that_may_have_run_may_have_a_log(changes):
    """A runner or steps are traces of work; a failure may have come before both."""
    assert not a_job(**changes).never_started


def test_a_queued_job_has_not_started():
    """Neither steps nor a runner, though GitHub fills the time of its start."""
    job = a_job(status="queued", conclusion=None, steps=(), runner_name=None)
    assert job.never_started
    assert not replace(job, status="in_progress").never_started


def test_a_skipped_job_without_steps_never_started_whatever_its_runner():
    """Skipping needs no runner."""
    assert a_job(conclusion="skipped", steps=(), runner_name="leftover").never_started


def test_a_step_lasts_from_its_start_to_its_end():
    """Missing or reversed times leave it unknown."""
    assert a_step(started_at=at(20), completed_at=at(25)).duration_seconds == 5
    assert a_step(started_at=at(20), completed_at=at(18)).duration_seconds is None
    assert a_step(started_at=None).duration_seconds is None
    assert a_step(completed_at=None).duration_seconds is None
