"""What a store keeps is what it was given."""

from __future__ import annotations

import json

from hypothesis import given
from ingest.domain.snapshots import restore_commit, restore_job, restore_run, snapshot
from support.builders import a_commit, a_job, a_pull, a_run, a_step
from support.strategies import COMMITS, JOBS, RUNS


def stored(value):
    return json.loads(json.dumps(snapshot(value)))


@given(RUNS)
def test_a_run_survives_being_stored(run):
    """As JSON text and back it is the same run."""
    assert restore_run(stored(run)) == _with_joined_surrogates(run, restore_run)


@given(JOBS)
def test_a_job_survives_being_stored(job):
    """With its labels, its steps and their times."""
    assert restore_job(stored(job)) == _with_joined_surrogates(job, restore_job)


@given(COMMITS)
def test_a_commit_survives_being_stored(commit):
    """With its pull requests."""
    assert restore_commit(stored(commit)) == _with_joined_surrogates(commit, restore_commit)


def _with_joined_surrogates(value, restore):
    """Read two halves of a surrogate pair beside each other as the one character they mean."""
    return restore(_joined(snapshot(value)))


def _joined(value):
    if isinstance(value, dict):
        return {name: _joined(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_joined(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return value


def test_times_are_stored_as_text_in_utc():
    """Any database can hold them, and a person can read them."""
    kept = snapshot(a_run(pull_requests=(a_pull(),)))
    assert kept["created_at"] == "2026-11-24T06:00:00Z"
    assert kept["pull_requests"][0]["number"] == 5
    assert restore_run(kept) == a_run(pull_requests=(a_pull(),))


def test_steps_are_stored_inside_their_job():
    """One snapshot holds all of a job."""
    job = a_job(steps=(a_step(number=1), a_step(number=4, completed_at=None)))
    assert [step["number"] for step in snapshot(job)["steps"]] == [1, 4]
    assert restore_job(snapshot(job)) == job


def test_an_unknown_commit_is_stored_as_unknown():
    """None stays None."""
    commit = a_commit(commit_message=None, additions=None, pull_requests=(a_pull(),))
    assert restore_commit(stored(commit)) == commit
