"""GitHub's objects become values, whatever age, state or kind of run has taken from them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone

import pytest
from hypothesis import given
from ingest.domain.commits import Commit
from ingest.errors import MalformedPayload
from ingest.wire.payloads import parse_commit, parse_job, parse_pull_requests, parse_run
from support.builders import (
    a_commit,
    a_job,
    a_pull,
    a_run,
    commit_payload,
    job_payload,
    pull_payload,
    run_payload,
    step_payload,
)
from support.strategies import JSON, objects_with


def a_parsed_run(**changes):
    return parse_run(run_payload(**changes), repository="octo/api")


def test_a_run_is_read_in_full():
    """Every field of the message comes from the payload."""
    payload = run_payload(pull_requests=[pull_payload()])
    assert parse_run(payload, repository="octo/api") == a_run(pull_requests=(a_pull(),))


def test_a_job_is_read_in_full():
    """With its steps."""
    assert parse_job(job_payload()) == a_job()


def test_a_commit_is_read_in_full():
    """Files are counted, lines are taken from GitHub's own sums."""
    assert parse_commit(commit_payload()) == a_commit()


@given(objects_with(*run_payload()))
def test_any_object_is_a_run_or_malformed(payload):
    """Nothing else is raised, whatever its fields hold."""
    with suppress(MalformedPayload):
        run = parse_run(payload, repository="octo/api")
        assert run.run_id >= 1
        assert run.run_attempt >= 1
        assert run.status


@given(objects_with(*run_payload()), JSON)
def test_a_run_with_an_id_is_always_read(payload, pulls):
    """All but its identity may be missing or broken."""
    run = parse_run({**payload, "id": 7, "pull_requests": [pulls]}, repository="octo/api")
    assert run.run_id == 7


@given(objects_with(*job_payload()), objects_with(*step_payload()))
def test_any_object_is_a_job_or_malformed(payload, step):
    """A job needs its own id and its run's."""
    job = parse_job({**payload, "id": 7, "run_id": 9, "steps": [step, None]})
    assert (job.job_id, job.run_id) == (7, 9)
    with suppress(MalformedPayload):
        parse_job(payload)


@given(objects_with(*commit_payload()), objects_with(*pull_payload()))
def test_any_object_is_a_commit_and_maybe_a_pull_request(commit, pull):
    """What GitHub does not provide is None."""
    assert isinstance(parse_commit(commit), Commit)
    assert all(read.id >= 0 and read.number >= 0 for read in parse_pull_requests([pull]))


@pytest.mark.parametrize(
    ("status", "conclusion", "expected"),
    [
        ("completed", "success", ("completed", "success")),
        ("in_progress", None, ("in_progress", None)),
        ("IN_PROGRESS", "", ("in_progress", None)),
        ("COMPLETED", "SUCCESS", ("completed", "success")),
        (None, "failure", ("completed", "failure")),
        (None, None, ("queued", None)),
        ("TIMED_OUT", "timed_out", ("completed", "timed_out")),
        ("success", None, ("completed", "success")),
        ("on_the_moon", None, ("on_the_moon", None)),
        ("completed", None, ("completed", None)),
    ],
)
def test_status_and_conclusion_are_distinguished(status, conclusion, expected):
    """Some sources write capitals, some the conclusion in the status's place."""
    run = a_parsed_run(status=status, conclusion=conclusion)
    job = parse_job(job_payload(status=status, conclusion=conclusion))
    assert (run.status, run.conclusion) == (job.status, job.conclusion) == expected


def test_a_run_from_before_attempts_existed_began_when_it_was_created():
    """Keys are missing by age: the run of 2021 was its only attempt."""
    payload = run_payload()
    for name in ("name", "path", "display_title", "run_attempt", "actor", "triggering_actor"):
        del payload[name]
    del payload["run_started_at"]
    run = parse_run(payload, repository="octo/api")
    assert (run.run_attempt, run.run_started_at) == (1, run.created_at)
    assert (run.workflow_name, run.workflow_path, run.actor, run.triggering_actor) == (None,) * 4


def test_a_later_attempt_without_a_start_has_none():
    """Its creation is the first attempt's."""
    assert a_parsed_run(run_attempt=2, run_started_at=None).run_started_at is None


def test_null_stays_none():
    """Deleted accounts, and runs without a branch."""
    run = a_parsed_run(head_branch=None, actor=None, triggering_actor=None, conclusion=None)
    assert (run.head_branch, run.actor, run.triggering_actor, run.conclusion) == (None,) * 4


def test_a_pull_request_of_a_run_gets_the_page_of_its_own_repository():
    """A run's short form names the API only; on a server of one's own that has a prefix."""
    run = a_parsed_run(
        html_url="https://ghes.example.com/octo/api/actions/runs/1",
        pull_requests=[pull_payload(url="https://ghes.example.com/api/v3/repos/fork/api/pulls/5")],
    )
    assert [pull.html_url for pull in run.pull_requests] == [
        "https://ghes.example.com/fork/api/pull/5"
    ]


@pytest.mark.parametrize(
    ("run_url", "pull_url"),
    [
        (None, "https://api.github.com/repos/octo/api/pulls/5"),
        ("nonsense", "https://api.github.com/repos/octo/api/pulls/5"),
        ("https://[", "https://api.github.com/repos/octo/api/pulls/5"),
        ("https://github.com/octo/api/actions/runs/1", None),
        ("https://github.com/octo/api/actions/runs/1", "https://["),
        ("https://github.com/octo/api/actions/runs/1", "https://api.github.com/octo"),
    ],
)
def test_a_page_that_cannot_be_derived_is_unknown(run_url, pull_url):
    """It is not guessed, and a broken URL breaks nothing."""
    run = a_parsed_run(html_url=run_url, pull_requests=[pull_payload(url=pull_url)])
    assert [pull.html_url for pull in run.pull_requests] == [None]


def test_a_pull_request_listed_twice_is_kept_once():
    """GitHub sometimes repeats one, or lists one without identity."""
    pulls = [pull_payload(), pull_payload(), pull_payload(id=None), "noise"]
    assert len(a_parsed_run(pull_requests=pulls).pull_requests) == 1


def test_a_full_pull_request_keeps_its_own_page():
    """`/commits/{sha}/pulls` has it."""
    page = "https://github.com/octo/api/pull/5"
    listed = [pull_payload(html_url=page), pull_payload(number=None)]
    assert parse_pull_requests(listed) == (a_pull(html_url=page),)


def test_a_listed_pull_request_is_read_in_full():
    """Its labels by name; a list of labels that is missing is not an empty one."""
    details = {
        "title": "Parse it",
        "user": {"login": "hubot"},
        "draft": True,
        "labels": [{"name": "bug"}, {"name": ""}, "noise", {"name": "ci"}],
    }
    [pull] = parse_pull_requests([pull_payload(**details)])
    assert (pull.title, pull.author, pull.draft) == ("Parse it", "hubot", True)
    assert pull.labels == ("bug", "ci")
    [short] = parse_pull_requests([pull_payload(draft="no")])
    assert (short.title, short.author, short.draft, short.labels) == (None, None, None, None)


@pytest.mark.parametrize("value", [None, "noise", {"path": "x"}])
def test_a_run_without_a_list_of_reusable_workflows_has_none(value):
    """Runs of before 2022 lack it; an empty list is an answer."""
    assert a_parsed_run(referenced_workflows=value).referenced_workflows is None
    assert a_parsed_run(referenced_workflows=[]).referenced_workflows == ()


def test_the_head_of_a_pull_request_names_its_repository():
    """The short form in a run has only the API address of the repository."""
    full = pull_payload(head={"ref": "topic", "sha": "a", "repo": {"full_name": "mona/api"}})
    short = pull_payload(
        head={"ref": "topic", "repo": {"url": "https://api.github.com/repos/mona/api"}}
    )
    deleted = pull_payload(head={"ref": "topic", "repo": None})
    heads = [parse_pull_requests([each])[0].head_repository for each in (full, short, deleted)]
    assert heads == ["mona/api", "mona/api", None]


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [("Octo/API", "Octo/API"), ("octo/renamed", "octo/api"), (None, "octo/api"), (7, "octo/api")],
)
def test_a_run_has_githubs_spelling_of_its_repository(spelled, expected):
    """Names differ by more than case after a rename only, and then the old one is kept."""
    payload = run_payload(repository={"full_name": spelled})
    assert parse_run(payload, repository="octo/api").repository == expected


def test_steps_come_in_the_order_of_their_numbers():
    """GitHub lists them out of order, with gaps; one without number keeps its place."""
    steps = [step_payload(number=9), step_payload(number=None, name="second"), step_payload()]
    assert [step.number for step in parse_job(job_payload(steps=steps)).steps] == [1, 2, 9]


def test_step_times_with_offset_and_milliseconds_are_utc():
    """Job times end in Z, step times need not."""
    step = step_payload(started_at="2022-10-29T17:09:49.000-07:00", completed_at=None)
    (read,) = parse_job(job_payload(steps=[step])).steps
    assert read.started_at == datetime(2022, 10, 30, 0, 9, 49, tzinfo=timezone.utc)
    assert read.completed_at is None


def test_a_skipped_job_has_neither_runner_nor_labels_nor_steps():
    """Nulls and empty lists are what GitHub shows of it."""
    job = parse_job(
        job_payload(
            conclusion="skipped", runner_name=None, runner_group_name="", labels=[], steps=[]
        )
    )
    assert (job.runner_name, job.runner_group_name, job.labels, job.steps) == (None, None, (), ())


def test_a_job_that_found_no_runner_has_none():
    """GitHub writes 0 and empty texts for what is not there."""
    job = parse_job(job_payload(runner_id=0, runner_name="", runner_group_name="", steps=[]))
    assert (job.runner_id, job.runner_name, job.runner_group_name) == (None, None, None)
    assert job.shows_no_runner
    assert not parse_job(job_payload(runner_id=0, runner_name="", steps=[{}])).shows_no_runner


@pytest.mark.parametrize("labels", [None, "ubuntu", {}, [{"name": "x"}, None]])
def test_labels_are_texts_or_left_out(labels):
    """Anything else is no label."""
    assert parse_job(job_payload(labels=labels)).labels == ()


def test_an_author_without_an_account_is_named_as_in_the_commit():
    """Not every e-mail address belongs to somebody on GitHub."""
    assert parse_commit(commit_payload(author=None)).commit_author == "Mona Lisa"
    assert parse_commit(commit_payload(author=None, commit={})).commit_author is None


def test_lines_are_githubs_sums_and_unknown_files_are_unknown():
    """The list of files stops at 300 a page, and may be missing."""
    commit = parse_commit(commit_payload(files=None, stats={"additions": 70, "deletions": 45}))
    assert (commit.files_changed_count, commit.additions, commit.deletions) == (None, 70, 45)
    assert parse_commit(commit_payload(files=[])).files_changed_count == 0
