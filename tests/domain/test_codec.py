"""What a store keeps is what it was given."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from ingest.domain.codec import decode_dataclass, encode_dataclass, upgrade_body
from ingest.domain.commits import Commit
from ingest.domain.jobs import Job
from ingest.domain.ledger import AgentRecord
from ingest.domain.runs import WorkflowRun
from support.builders import a_commit, a_job, a_pull, a_run, a_step
from support.state_records import an_agent
from support.strategies import COMMITS, JOBS, RUNS


def stored(value):
    return json.loads(json.dumps(encode_dataclass(value)))


@given(RUNS)
def test_a_run_survives_being_stored(run):
    """As JSON text and back it is the same run."""
    assert decode_dataclass(WorkflowRun, stored(run)) == _with_joined_surrogates(run, WorkflowRun)


@given(JOBS)
def test_a_job_survives_being_stored(job):
    """With its labels, its steps and their times."""
    assert decode_dataclass(Job, stored(job)) == _with_joined_surrogates(job, Job)


@given(COMMITS)
def test_a_commit_survives_being_stored(commit):
    """With its pull requests."""
    assert decode_dataclass(Commit, stored(commit)) == _with_joined_surrogates(commit, Commit)


def _with_joined_surrogates(value, kind):
    """Read two halves of a surrogate pair beside each other as the one character they mean."""
    return decode_dataclass(kind, _joined(encode_dataclass(value)))


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
    kept = encode_dataclass(a_run(pull_requests=(a_pull(),)))
    assert kept["created_at"] == "2026-11-24T06:00:00Z"
    assert kept["pull_requests"][0]["number"] == 5
    assert decode_dataclass(WorkflowRun, kept) == a_run(pull_requests=(a_pull(),))


def test_steps_are_stored_inside_their_job():
    """One snapshot holds all of a job."""
    job = a_job(steps=(a_step(number=1), a_step(number=4, completed_at=None)))
    assert [step["number"] for step in encode_dataclass(job)["steps"]] == [1, 4]
    assert decode_dataclass(Job, encode_dataclass(job)) == job


def test_an_unknown_commit_is_stored_as_unknown():
    """None stays None."""
    commit = a_commit(commit_message=None, additions=None, pull_requests=(a_pull(),))
    assert decode_dataclass(Commit, stored(commit)) == commit


def test_a_field_that_a_body_lacks_has_its_default():
    """An older release wrote it."""
    body = encode_dataclass(a_run(pull_requests=(a_pull(),)))
    for name in ("display_title", "run_number", "pull_requests", "updated_at"):
        body.pop(name, None)
    run = decode_dataclass(WorkflowRun, body)
    assert (run.run_number, run.pull_requests, run.updated_at) == (None, (), None)
    assert run.run_id == a_run().run_id


def test_a_body_without_what_identifies_it_is_refused():
    """No default could be right."""
    body = encode_dataclass(a_job())
    del body["job_id"]
    with pytest.raises(KeyError, match="A stored Job lacks job_id"):
        decode_dataclass(Job, body)


def test_a_field_that_nobody_knows_is_kept_at_every_depth():
    """A newer release wrote it, and reads it again."""
    body = encode_dataclass(a_job(steps=(a_step(number=1), a_step(number=2))))
    body["machine"] = {"cores": 4}
    body["steps"][1]["annotations"] = ["x"]
    job = decode_dataclass(Job, body)
    assert encode_dataclass(job) == body
    assert job == a_job(steps=(a_step(number=1), a_step(number=2)))
    assert encode_dataclass(replace(job, status="queued"))["machine"] == {"cores": 4}


def test_a_renamed_field_keeps_the_name_that_earlier_releases_stored():
    """A row of release 0.1 is read, and that release reads today's rows."""
    agent = an_agent(host="host-1")
    body = encode_dataclass(agent, without=("heartbeat_at",))
    assert body["holder"] == "host-1"
    assert "host" not in body
    assert decode_dataclass(AgentRecord, body, heartbeat_at=agent.heartbeat_at) == agent
    assert "holder" not in encode_dataclass(agent, without=("host",))


def test_a_body_is_upgraded_step_by_step():
    """From the version that it has; one without a version has the first."""
    upgrades = (
        lambda body: {**body, "b": body["a"] + 1},
        lambda body: {**body, "c": body["b"] * 2},
    )
    assert upgrade_body({"a": 1}, upgrades) == {"a": 1, "b": 2, "c": 4, "version": 3}
    assert upgrade_body({"b": 5, "version": 2}, upgrades) == {"b": 5, "c": 10, "version": 3}


def test_a_body_of_a_newer_release_stays_as_it_is():
    """Its version included, for this release cannot say what it means."""
    body = {"a": 1, "version": 9}
    assert upgrade_body(body, (lambda body: {**body, "b": 2},)) == body
    assert upgrade_body({"a": 1}, ()) == {"a": 1}
