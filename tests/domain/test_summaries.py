"""A run in one line."""

from __future__ import annotations

import pytest
from ingest.domain.summaries import FAILED_CONCLUSIONS, MAX_JOB_MARKS, summary_of
from support.builders import a_commit, a_job, a_run, at


def test_a_summary_reports_what_a_list_shows():
    """Who triggered it, not who wrote it; its end is its last job's."""
    jobs = [a_job(completed_at=at(80)), a_job(completed_at=at(70), conclusion="failure")]
    summary = summary_of(a_run(), jobs, a_commit(commit_message="Fix it\n\nWhy."), created_at=at(9))
    assert (summary.actor, summary.title) == ("hubot", "Fix it")
    assert summary.created_at == at(0)
    assert (summary.completed_at, summary.duration_seconds) == (at(80), 80)
    assert (summary.job_count, summary.failed_job_count) == (2, 1)


def test_a_failed_job_is_among_the_first_that_a_list_shows():
    """Of many jobs a list has room for some, and on a phone for fewer."""
    ends = [*["success"] * 100, None, "failure", "timed_out"]
    jobs = [a_job(conclusion=end, status="completed" if end else "in_progress") for end in ends]
    marks = summary_of(a_run(), jobs, None, created_at=at(0)).job_marks
    assert marks == "ffr" + "s" * (MAX_JOB_MARKS - 3)


def test_what_is_not_known_is_left_open():
    """A run that was only heard of has a time all the same."""
    run = a_run(
        status="queued",
        conclusion=None,
        created_at=None,
        run_started_at=None,
        triggering_actor=None,
    )
    summary = summary_of(run, [], None, created_at=at(9))
    assert summary.created_at == at(9)
    assert summary.actor == "octocat"
    assert summary.title is summary.completed_at is summary.duration_seconds is None
    assert (summary.job_count, summary.is_failed) == (0, False)


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("", None),
        (" \n ", None),
        ("\n\n  Late \r\n", "Late"),
        ("x" * 120, "x" * 120),
        ("x" * 121, "x" * 119 + "…"),
    ],
)
def test_a_title_is_one_short_line(message, title):
    """However long the message is."""
    commit = a_commit(commit_message=message)
    assert summary_of(a_run(), [], commit, created_at=at(0)).title == title


@pytest.mark.parametrize(
    "conclusion", [*sorted(FAILED_CONCLUSIONS), "success", "cancelled", "skipped", "neutral", None]
)
def test_a_failure_is_what_somebody_should_look_at(conclusion):
    """Who cancelled it knows."""
    summary = summary_of(a_run(conclusion=conclusion), [], None, created_at=at(0))
    assert summary.is_failed == (conclusion in {"failure", "timed_out", "startup_failure"})
