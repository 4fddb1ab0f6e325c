"""A fact about a run or a job is published once, in full, and in the words of GitHub's API."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.runs import AttemptKey
from ingest.messaging.encoding import encode_envelope
from ingest.messaging.envelope import message_group
from ingest.messaging.run_data import job_data, step_data
from ingest.messaging.run_events import (
    job_envelope,
    job_fingerprint,
    run_fingerprint,
)
from support.builders import HEAD_SHA, a_commit, a_job, a_pull, a_run, a_step, at, envelope_of_run
from support.strategies import COMMITS, JOBS, RUNS

NOW = at(600)
KEY = a_run().key


def run_id_of(run, jobs=(), *, occurrence=0):
    return envelope_of_run(run, jobs, None, occurrence=occurrence, now=NOW).event_id


def job_id_of(job, key=KEY):
    return job_envelope(key, job, timestamp=NOW).event_id


def test_a_completed_run_is_reported_in_full():
    """Every field of the contract, and no other."""
    run = a_run(event="pull_request", pull_requests=(a_pull(),))
    in_full = a_pull(title="Parse it", author="hubot", draft=False, labels=("bug",))
    commit = a_commit(pull_requests=(in_full,))
    envelope = envelope_of_run(run, [a_job()], commit, occurrence=0, now=NOW)
    assert envelope.event_type == "workflow_run_completed"
    assert (envelope.repo, envelope.group) == ("octo/api", "octo/api/12000000001")
    assert envelope.timestamp == NOW
    assert envelope.data == {
        "repo": "octo/api",
        "run_id": 12_000_000_001,
        "run_attempt": 1,
        "run_number": 42,
        "workflow_id": 9_001,
        "workflow_name": "CI",
        "workflow_path": ".github/workflows/ci.yml",
        "display_title": "Fix the parser",
        "status": "completed",
        "conclusion": "success",
        "created_at": "2026-11-24T06:00:00Z",
        "updated_at": "2026-11-24T06:01:30Z",
        "run_started_at": "2026-11-24T06:00:00Z",
        "completed_at": "2026-11-24T06:01:20Z",
        "duration_seconds": 80,
        "head_branch": "main",
        "head_sha": HEAD_SHA,
        "head_repository": "octo/api",
        "event": "pull_request",
        "html_url": "https://github.com/octo/api/actions/runs/12000000001",
        "actor": "octocat",
        "triggering_actor": "hubot",
        "previous_attempt_url": None,
        "referenced_workflows": [
            {
                "path": "octo/workflows/.github/workflows/build.yml@main",
                "sha": "c" * 40,
                "ref": "refs/heads/main",
            }
        ],
        "pull_requests": [
            {
                "id": 501,
                "number": 5,
                "html_url": "https://github.com/octo/api/pull/5",
                "title": "Parse it",
                "author": "hubot",
                "draft": False,
                "labels": ["bug"],
                "head_sha": HEAD_SHA,
                "head_ref": "main",
                "base_ref": "main",
            }
        ],
        "jobs": [job_data(a_job())],
        "annotations": None,
        "annotations_total": None,
        "environments": None,
        "artifacts": None,
        "code_metrics": {
            "commit_sha": HEAD_SHA,
            "commit_message": "Fix the parser",
            "commit_author": "octocat",
            "files_changed_count": 3,
            "additions": 10,
            "deletions": 4,
            "pull_request_id": 501,
            "pull_request_url": "https://github.com/octo/api/pull/5",
        },
    }


def test_a_pull_request_that_was_not_read_has_no_title():
    """The run's own list names it only; null is not an empty title."""
    run = a_run(pull_requests=(a_pull(),))
    other = a_pull(id=502, title="Another one", author="hubot", draft=True, labels=())
    for commit in (None, a_commit(), a_commit(pull_requests=(other,))):
        [pull] = envelope_of_run(run, [], commit, occurrence=0, now=NOW).data["pull_requests"]
        assert [pull[name] for name in ("title", "author", "draft", "labels")] == [None] * 4


def test_fields_that_describe_a_fact_do_not_change_its_id():
    """What release 0.1 published is not published again under another id."""
    run = a_run(display_title=None, referenced_workflows=None, head_repository=None)
    job = a_job(workflow_name=None, head_branch=None, check_run_url=None, runner_id=None)
    assert run_id_of(a_run(), [a_job()]) == run_id_of(run, [job])
    assert job_id_of(a_job()) == job_id_of(job)


def test_a_job_is_reported_in_full():
    """Alone it also says whose it is."""
    envelope = job_envelope(KEY, a_job(), timestamp=NOW)
    assert envelope.event_type == "workflow_job_completed"
    assert envelope.group == message_group(KEY)
    assert envelope.data == {
        "repo": "octo/api",
        "run_id": 12_000_000_001,
        "run_attempt": 1,
        "job_id": 70_000_000_001,
        "job_name": "build (3.12)",
        "status": "completed",
        "conclusion": "success",
        "created_at": "2026-11-24T06:00:05Z",
        "started_at": "2026-11-24T06:00:20Z",
        "completed_at": "2026-11-24T06:01:20Z",
        "updated_at": "2026-11-24T06:01:20Z",
        "queued_seconds": 15,
        "duration_seconds": 60,
        "html_url": "https://github.com/octo/api/actions/runs/12000000001/job/70000000001",
        "check_run_url": "https://api.github.com/repos/octo/api/check-runs/70000000001",
        "workflow_name": "CI",
        "head_branch": "main",
        "runner_id": 7,
        "runner_name": "GitHub Actions 7",
        "runner_group_name": "GitHub Actions",
        "labels": ["ubuntu-latest"],
        "steps": [step_data(a_step())],
        "annotations": None,
        "annotations_total": None,
    }


def test_a_step_is_reported_in_full():
    """With its own duration."""
    assert step_data(a_step()) == {
        "number": 1,
        "step_name": "Set up job",
        "status": "completed",
        "conclusion": "success",
        "started_at": "2026-11-24T06:00:20Z",
        "completed_at": "2026-11-24T06:00:25Z",
        "duration_seconds": 5,
    }


def test_a_job_belongs_to_the_attempt_it_was_listed_for():
    """A partial re-run lists jobs of the attempt before."""
    data = job_envelope(AttemptKey("octo/api", 7, 3), a_job(run_attempt=1), timestamp=NOW).data
    assert (data["run_id"], data["run_attempt"]) == (7, 3)


def test_what_github_cannot_report_is_null():
    """Never 0, and never empty text."""
    data = envelope_of_run(
        a_run(head_sha=None, actor=None, run_number=None), [], None, now=NOW
    ).data
    assert (data["head_sha"], data["actor"], data["run_number"]) == (None, None, None)
    assert set(data["code_metrics"].values()) == {None}
    unknown = a_commit(additions=None, deletions=None, files_changed_count=None)
    metrics = envelope_of_run(a_run(), [], unknown, now=NOW).data["code_metrics"]
    assert (metrics["commit_sha"], metrics["additions"]) == (HEAD_SHA, None)
    assert (metrics["deletions"], metrics["files_changed_count"]) == (None, None)


def test_a_fork_run_names_the_pull_request_of_its_commit():
    """GitHub's list is empty; a push names none, whatever its commit belongs to."""
    commit = a_commit(pull_requests=(a_pull(),))
    data = envelope_of_run(a_run(event="pull_request"), [], commit, now=NOW).data
    assert [pull["id"] for pull in data["pull_requests"]] == [501]
    assert envelope_of_run(a_run(), [], commit, now=NOW).data["pull_requests"] == []
    assert data["code_metrics"]["pull_request_id"] == 501


def test_a_push_names_no_pull_request():
    """Although its commit belongs to one."""
    metrics = envelope_of_run(a_run(), [], a_commit(pull_requests=(a_pull(),)), now=NOW).data[
        "code_metrics"
    ]
    assert (metrics["pull_request_id"], metrics["pull_request_url"]) == (None, None)


def test_a_run_in_flight_has_neither_end_nor_duration():
    """They come with its completion."""
    data = envelope_of_run(
        a_run(status="in_progress", conclusion=None), [a_job()], None, now=NOW
    ).data
    assert (data["completed_at"], data["duration_seconds"]) == (None, None)


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("requested", "requested"),
        ("queued", "queued"),
        ("waiting", "waiting"),
        ("pending", "pending"),
        ("in_progress", "in_progress"),
        ("On Hold!", "on_hold"),
        ("…", "unknown"),
        ("\ud800", "unknown"),
    ],
)
def test_the_type_names_the_status(status, word):
    """Also one that GitHub has not invented yet."""
    run, job = a_run(status=status), a_job(status=status)
    envelope = envelope_of_run(run, [], None, occurrence=0, now=NOW)
    assert envelope.event_type == f"workflow_run_{word}"
    assert job_envelope(KEY, job, timestamp=NOW).event_type == f"workflow_job_{word}"


def test_each_visit_of_a_status_is_a_fact_of_its_own():
    """A run that waits for a second approval waits again."""
    waiting = a_run(status="waiting", conclusion=None)
    assert run_id_of(waiting, occurrence=0) == run_id_of(waiting, occurrence=0)
    assert run_id_of(waiting, occurrence=0) != run_id_of(waiting, occurrence=1)
    assert run_id_of(waiting) != run_id_of(a_run(status="queued", conclusion=None))


def test_a_run_in_flight_is_the_same_fact_whatever_its_jobs_do():
    """Only its status is published."""
    run = a_run(status="in_progress", conclusion=None)
    assert run_id_of(run, [a_job()]) == run_id_of(run, [])


@pytest.mark.parametrize(
    "changes",
    [
        {"updated_at": at(400 * 86_400)},
        {"workflow_name": "renamed"},
        {"pull_requests": (a_pull(),)},
        {"head_branch": None},
        {"actor": None},
    ],
)
def test_an_ended_run_is_the_same_fact_although_its_surroundings_change(changes):
    """`updated_at` moves, pull requests close, accounts are deleted."""
    assert run_id_of(a_run(**changes), [a_job()]) == run_id_of(a_run(), [a_job()])
    assert run_id_of(a_run(), [a_job()], occurrence=3) == run_id_of(a_run(), [a_job()])


@pytest.mark.parametrize(
    "other",
    [
        a_run(conclusion="failure"),
        a_run(run_attempt=2),
        a_run(run_id=7),
        a_run(repository="octo/web"),
        a_run(run_started_at=at(1)),
    ],
)
def test_another_outcome_or_attempt_is_another_fact(other):
    """Nothing new may look like a repetition."""
    assert run_id_of(other, [a_job()]) != run_id_of(a_run(), [a_job()])


def test_an_ended_run_is_another_fact_with_other_jobs():
    """Late jobs and steps are changes; the order of jobs is not."""
    one, two = a_job(), a_job(job_id=5)
    assert run_fingerprint(a_run(), [one, two]) == run_fingerprint(a_run(), [two, one])
    assert run_fingerprint(a_run(), [one]) != run_fingerprint(a_run(), [one, two])
    assert run_fingerprint(a_run(), [one]) != run_fingerprint(a_run(), [a_job(steps=())])


@pytest.mark.parametrize(
    "changes",
    [
        {"conclusion": "failure"},
        {"started_at": at(21)},
        {"completed_at": at(81)},
        {"steps": ()},
        {"steps": (a_step(conclusion="failure"),)},
        {"steps": (a_step(completed_at=None),)},
    ],
)
def test_an_ended_job_with_another_outcome_is_another_fact(changes):
    """Outcome, times and steps are what it says."""
    assert job_fingerprint(a_job(**changes)) != job_fingerprint(a_job())
    assert job_id_of(a_job(**changes)) != job_id_of(a_job())


def test_an_ended_job_is_the_same_fact_although_its_surroundings_change():
    """Runners are renamed, and what was created when does not move the end."""
    assert job_id_of(a_job(runner_name=None, labels=(), created_at=None)) == job_id_of(a_job())


def test_a_job_is_reported_once_in_each_status():
    """Steps that pass in between make no new fact."""
    running = a_job(status="in_progress", conclusion=None, completed_at=None)
    assert job_id_of(running) == job_id_of(a_job(status="in_progress", steps=()))
    assert job_id_of(running) != job_id_of(a_job(status="queued"))
    assert job_id_of(running) != job_id_of(running, AttemptKey("octo/api", KEY.run_id, 2))


def test_a_group_holds_one_run():
    """All attempts of it, within what SQS takes."""
    assert message_group(AttemptKey("octo/api", 7, 1)) == message_group(
        AttemptKey("octo/api", 7, 2)
    )
    longest = message_group(AttemptKey("o" * 100 + "/" + "n" * 100, 2**63, 1))
    assert len(longest) <= 128
    assert longest.endswith(f"/{2**63}")


@given(RUNS, st.lists(JOBS, max_size=2), st.none() | COMMITS)
def test_any_run_and_its_jobs_can_be_sent(run, jobs, commit):
    """Whatever GitHub shows, it becomes JSON without a negative duration."""
    envelopes = [envelope_of_run(run, jobs, commit, occurrence=0, now=NOW)]
    envelopes += [job_envelope(run.key, job, timestamp=NOW) for job in jobs]
    for envelope in envelopes:
        message = encode_envelope(envelope)
        assert re.fullmatch(r"workflow_(run|job)_[a-z0-9_]+", message.attributes["event_type"])
        assert not re.search(r'_seconds":-', message.body)
        assert json.loads(message.body)["data"]["run_id"] == run.run_id
