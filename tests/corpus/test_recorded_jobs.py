"""Every job and commit that was ever recorded becomes a message, and each oddity is met."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from corpus.recordings import (
    job_message,
    run_message,
)
from ingest.services.monitoring.read_attempts import merge_jobs
from ingest.wire.payloads import parse_commit, parse_job
from support.builders import a_run


def parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_every_job_becomes_a_message(recordings):
    """It validates, and says what GitHub said, step by step."""
    payloads = recordings.jobs()
    assert len(payloads) >= recordings.cases["job_count"]
    for payload in payloads:
        data = job_message(parse_job(payload))
        assert (data["job_id"], data["run_id"]) == (payload["id"], payload["run_id"])
        assert data["run_attempt"] == payload.get("run_attempt", 1)
        assert data["job_name"] == payload["name"]
        assert data["created_at"] == payload.get("created_at")
        assert (data["started_at"], data["completed_at"]) == (
            payload["started_at"] or None,
            payload["completed_at"] or None,
        )
        assert data["runner_name"] == (payload["runner_name"] or None)
        assert data["labels"] == payload["labels"]
        numbers = [step["number"] for step in data["steps"]]
        assert numbers == sorted(step["number"] for step in payload["steps"])
        assert Counter(step["step_name"] for step in data["steps"]) == Counter(
            step["name"] for step in payload["steps"]
        )


def test_every_recorded_conclusion_is_kept(recordings):
    """The counts are GitHub's own."""
    sent = [job_message(parse_job(payload)) for payload in recordings.lines("jobs.jsonl")]
    assert (
        Counter((data["status"], data["conclusion"]) for data in sent)
        == (recordings.cases["job_states"])
    )


def test_an_old_job_has_no_creation_and_so_no_queue_time(recordings):
    """GitHub added `created_at` later."""
    old = [payload for payload in recordings.lines("jobs.jsonl") if "created_at" not in payload]
    assert len(old) == recordings.cases["old_jobs"]
    for payload in old:
        data = job_message(parse_job(payload))
        assert (data["created_at"], data["queued_seconds"]) == (None, None)


def test_a_job_that_starts_before_it_is_created_has_no_queue_time(recordings):
    """Made by hand of a recorded one: jobs that a re-run took over."""
    job = recordings.job("with_gaps", created_at="2030-01-01T00:00:00Z")
    assert job_message(job)["queued_seconds"] is None
    assert job_message(job)["duration_seconds"] is not None


def test_a_skipped_job_ends_a_second_before_it_starts(recordings):
    """Its duration is unknown, not minus one."""
    data = job_message(recordings.job("skipped"))
    started, completed = map(parse_time, (data["started_at"], data["completed_at"]))
    assert started - completed == timedelta(seconds=1)
    assert data["duration_seconds"] is None


def test_a_step_of_minus_two_seconds_has_no_duration(recordings):
    """Two clocks were at work."""
    for case in ("seen_twice", "negative_step"):
        steps = job_message(recordings.job(case))["steps"]
        backwards = [step for step in steps if (step["completed_at"] or "Z") < step["started_at"]]
        assert backwards
        assert {step["duration_seconds"] for step in backwards} == {None}


def test_a_step_may_start_before_its_job(recordings):
    """It is published as it is."""
    data = job_message(recordings.job("step_before_job"))
    assert data["steps"][0]["started_at"] < data["started_at"]


def test_step_numbers_have_gaps(recordings):
    """They are GitHub's, not places in a list."""
    numbers = [step["number"] for step in job_message(recordings.job("with_gaps"))["steps"]]
    assert numbers == sorted(numbers)
    assert numbers != list(range(1, len(numbers) + 1))


def test_steps_out_of_order_are_put_in_order(recordings):
    """Made by hand: the same steps backwards."""
    (payload,) = recordings.snapshots("jobs.jsonl", "with_gaps")[:1]
    backwards = parse_job({**payload, "steps": payload["steps"][::-1]})
    assert backwards == parse_job(payload)


@pytest.mark.parametrize("status", ["completed", "pending"])
def test_a_dead_runner_leaves_steps_without_times(recordings, status):
    """Made by hand of a recorded one: `cancelled` or `pending` inside a completed job."""
    (payload,) = recordings.snapshots("jobs.jsonl", "with_gaps")[:1]
    dead = {"status": status, "conclusion": "cancelled", "started_at": None, "completed_at": None}
    steps = [{**step, **dead} for step in payload["steps"]]
    data = job_message(parse_job({**payload, "conclusion": "cancelled", "steps": steps}))
    assert {step["status"] for step in data["steps"]} == {status}
    assert {step["duration_seconds"] for step in data["steps"]} == {None}


def test_a_job_fails_without_a_failed_step(recordings):
    """Its conclusion is its own."""
    assert len(recordings.cases["failed_without_failed_step"]) == 2
    for identity in recordings.cases["failed_without_failed_step"]:
        data = job_message(recordings.job(identity))
        assert data["conclusion"] == "failure"
        assert "failure" not in {step["conclusion"] for step in data["steps"]}


def test_steps_that_vanish_with_age_stay_seen(recordings):
    """A later reading without steps does not wipe an earlier one."""
    fresh = recordings.job("with_gaps")
    aged = recordings.job("with_gaps", steps=[])
    assert fresh.steps
    assert merge_jobs([fresh], [aged]) == (fresh,)
    assert merge_jobs([aged], [fresh]) == (fresh,)


def test_a_later_reading_with_more_steps_wins(recordings):
    """The same job was recorded with 4 steps and with 16."""
    few, many = (parse_job(payload) for payload in recordings.snapshots("jobs.jsonl", "seen_twice"))
    assert (len(few.steps), len(many.steps)) == (4, 16)
    assert merge_jobs([few], [many]) == (many,)


def test_step_times_with_offsets_and_milliseconds_become_utc(recordings):
    """Job times end in Z; step times followed the runner's clock."""
    (raw,) = recordings.snapshots("jobs.jsonl", "with_offsets")[:1]
    first = raw["steps"][0]
    assert first["started_at"].endswith(".000+01:00")
    began, ended = map(parse_time, (first["started_at"], first["completed_at"]))
    step = job_message(parse_job(raw))["steps"][0]
    assert step["started_at"].endswith("Z")
    assert parse_time(step["started_at"]) == began
    assert step["duration_seconds"] == (ended - began).total_seconds() > 0


def test_a_skipped_job_has_neither_runner_nor_labels_nor_steps(recordings):
    """And never will have a log."""
    bare = [
        parse_job(payload)
        for payload in recordings.lines("jobs.jsonl")
        if payload["conclusion"] == "skipped" and not payload["labels"]
    ]
    assert len(bare) == recordings.cases["bare_skipped_jobs"]
    for job in bare:
        data = job_message(job)
        assert (data["runner_name"], data["runner_group_name"]) == (None, None)
        assert (data["labels"], data["steps"]) == ([], [])
    skipped = [job for job in recordings.lines("jobs.jsonl") if job["conclusion"] == "skipped"]
    assert all(parse_job(payload).never_started for payload in skipped)


def test_a_cancelled_job_may_have_nothing_either(recordings):
    """Made by hand of a recorded one: cancelled in the queue."""
    nothing = {"runner_name": None, "runner_group_name": None, "labels": [], "steps": []}
    job = recordings.job("with_gaps", conclusion="cancelled", **nothing)
    assert job.never_started
    assert job_message(job)["runner_name"] is None


def test_job_names_repeat_within_an_attempt(recordings):
    """Identity is the id."""
    run_id = recordings.cases["repeated_job_names"]
    payloads = [job for job in recordings.lines("jobs.jsonl") if job["run_id"] == run_id]
    jobs = {payload["id"]: parse_job(payload) for payload in payloads}
    sent = run_message(a_run(run_id=run_id), jobs.values())["jobs"]
    names = Counter(job["job_name"] for job in sent)
    assert max(names.values()) == 2
    assert len({job["job_id"] for job in sent}) == len(sent)


def test_names_of_matrix_and_reusable_workflows_are_whole(recordings):
    """Parentheses, slashes, and emoji (made by hand)."""
    names = {
        job_message(parse_job(payload))["job_name"] for payload in recordings.lines("jobs.jsonl")
    }
    assert recordings.cases["matrix_job"] in names
    assert recordings.cases["reusable_job"] in names
    assert job_message(recordings.job("with_gaps", name="deploy 🚀"))["job_name"] == "deploy 🚀"


def test_every_commit_becomes_code_metrics(recordings):
    """Counts and names are GitHub's."""
    payloads = recordings.lines("commits.jsonl")
    assert len(payloads) >= recordings.cases["commit_count"]
    for payload in payloads:
        commit = parse_commit(payload)
        metrics = run_message(a_run(head_sha=payload["sha"]), [], commit)["code_metrics"]
        assert metrics == {
            "commit_sha": payload["sha"],
            "commit_message": payload["commit"]["message"],
            "commit_author": (payload["author"] or payload["commit"]["author"]).get(
                "login", payload["commit"]["author"]["name"]
            ),
            "files_changed_count": len(payload["files"]) if "files" in payload else None,
            "additions": payload["stats"]["additions"],
            "deletions": payload["stats"]["deletions"],
            "pull_request_id": None,
            "pull_request_url": None,
        }


def test_a_page_of_files_ends_at_300(recordings):
    """What is counted is one page; whoever fetches goes on."""
    counts = [
        parse_commit(payload).files_changed_count for payload in recordings.lines("commits.jsonl")
    ]
    assert max(count for count in counts if count is not None) == 300


def test_lines_are_not_the_sum_of_the_files(recordings):
    """GitHub's own sums count what the list leaves out."""
    raw = recordings.commit_payload(recordings.cases["files_left_out"])
    assert sum(file["additions"] for file in raw["files"]) == 5
    assert parse_commit(raw).additions == 7


def test_a_file_without_a_patch_counts_as_a_file(recordings):
    """Binary and huge ones have none."""
    raw = recordings.commit_payload(recordings.cases["binary_file"])
    assert any("patch" not in file for file in raw["files"])
    assert parse_commit(raw).files_changed_count == len(raw["files"])


def test_an_author_without_an_account_is_named_as_in_the_commit(recordings):
    """`author` is null where the address belongs to nobody."""
    raw = recordings.commit_payload(recordings.cases["author_without_account"])
    assert raw["author"] is None
    assert parse_commit(raw).commit_author == raw["commit"]["author"]["name"]


def test_first_commits_and_merges_are_commits(recordings):
    """None, one or two parents."""
    parents = {len(line["parents"]): line["sha"] for line in recordings.lines("commits.jsonl")}
    assert set(parents) == {0, 1, 2}
    for sha in parents.values():
        assert parse_commit(recordings.commit_payload(sha)).additions is not None


def test_merging_keeps_jobs_that_a_later_page_lacks(recordings):
    """A short page does not unsee a job."""
    one, two = recordings.job("with_gaps"), recordings.job("skipped")
    assert merge_jobs([one, two], [replace(two, conclusion="success")]) == (
        one,
        replace(two, conclusion="success"),
    )
