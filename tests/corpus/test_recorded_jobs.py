"""Every job and commit that was ever recorded becomes a message, and each oddity is met."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from corpus.recordings import (
    a_recorded_commit,
    a_recorded_job,
    job_message,
    job_payloads,
    lines_of,
    needs_corpus,
    run_message,
    snapshots_of,
)
from ingest.services.read_attempts import merge_jobs
from ingest.wire.payloads import parse_commit, parse_job
from support.builders import a_run

pytestmark = needs_corpus

SEEN_TWICE = 5_857_527_450
WITH_GAPS = 54_251_022_208
WITH_OFFSETS = 11_421_878_319
SKIPPED = 49_031_987_276


def steps_of(job):
    return {step["step_name"]: step for step in job_message(job)["steps"]}


def test_every_job_becomes_a_message():
    """It validates, and says what GitHub said, step by step."""
    payloads = job_payloads()
    assert len(payloads) >= 206
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


def test_every_recorded_conclusion_is_kept():
    """The counts are GitHub's own."""
    sent = [job_message(parse_job(payload)) for payload in lines_of("jobs.jsonl")]
    assert Counter((data["status"], data["conclusion"]) for data in sent) == {
        ("completed", "success"): 101,
        ("completed", "skipped"): 54,
        ("completed", "failure"): 28,
        ("completed", "cancelled"): 6,
        ("in_progress", None): 2,
    }


def test_an_old_job_has_no_creation_and_so_no_queue_time():
    """GitHub added `created_at` later."""
    old = [payload for payload in lines_of("jobs.jsonl") if "created_at" not in payload]
    assert len(old) == 110
    for payload in old:
        data = job_message(parse_job(payload))
        assert (data["created_at"], data["queued_seconds"]) == (None, None)


def test_a_job_that_starts_before_it_is_created_has_no_queue_time():
    """Made by hand of a recorded one: jobs that a re-run took over."""
    job = a_recorded_job(WITH_GAPS, created_at="2030-01-01T00:00:00Z")
    assert job_message(job)["queued_seconds"] is None
    assert job_message(job)["duration_seconds"] is not None


def test_a_skipped_job_ends_a_second_before_it_starts():
    """Its duration is unknown, not minus one."""
    data = job_message(a_recorded_job(SKIPPED))
    assert (data["started_at"], data["completed_at"]) == (
        "2025-08-27T18:46:30Z",
        "2025-08-27T18:46:29Z",
    )
    assert data["duration_seconds"] is None


def test_a_step_of_minus_two_seconds_has_no_duration():
    """Two clocks were at work."""
    assert steps_of(a_recorded_job(SEEN_TWICE))["Post Checkout sentry"]["duration_seconds"] is None
    assert steps_of(a_recorded_job(9_183_275_828))["Post Cache"]["duration_seconds"] is None


def test_a_step_may_start_before_its_job():
    """It is told as it is."""
    data = job_message(a_recorded_job(10_545_727_758))
    assert data["steps"][0]["started_at"] < data["started_at"]


def test_step_numbers_have_gaps():
    """They are GitHub's, not places in a list."""
    numbers = [step["number"] for step in job_message(a_recorded_job(WITH_GAPS))["steps"]]
    assert numbers == sorted(numbers)
    assert numbers != list(range(1, len(numbers) + 1))


def test_steps_out_of_order_are_put_in_order():
    """Made by hand: the same steps backwards."""
    (payload,) = snapshots_of("jobs.jsonl", WITH_GAPS)[:1]
    backwards = parse_job({**payload, "steps": payload["steps"][::-1]})
    assert backwards == parse_job(payload)


@pytest.mark.parametrize("status", ["completed", "pending"])
def test_a_dead_runner_leaves_steps_without_times(status):
    """Made by hand of a recorded one: `cancelled` or `pending` inside a completed job."""
    (payload,) = snapshots_of("jobs.jsonl", WITH_GAPS)[:1]
    dead = {"status": status, "conclusion": "cancelled", "started_at": None, "completed_at": None}
    steps = [{**step, **dead} for step in payload["steps"]]
    data = job_message(parse_job({**payload, "conclusion": "cancelled", "steps": steps}))
    assert {step["status"] for step in data["steps"]} == {status}
    assert {step["duration_seconds"] for step in data["steps"]} == {None}


@pytest.mark.parametrize("identity", [1_924_932_263, 1_992_620_044])
def test_a_job_fails_without_a_failed_step(identity):
    """Its conclusion is its own."""
    data = job_message(a_recorded_job(identity))
    assert data["conclusion"] == "failure"
    assert "failure" not in {step["conclusion"] for step in data["steps"]}


def test_steps_that_vanish_with_age_stay_seen():
    """A later reading without steps does not wipe an earlier one."""
    fresh = a_recorded_job(WITH_GAPS)
    aged = a_recorded_job(WITH_GAPS, steps=[])
    assert fresh.steps
    assert merge_jobs([fresh], [aged]) == (fresh,)
    assert merge_jobs([aged], [fresh]) == (fresh,)


def test_a_later_reading_with_more_steps_wins():
    """The same job was recorded with 4 steps and with 16."""
    few, many = (parse_job(payload) for payload in snapshots_of("jobs.jsonl", SEEN_TWICE))
    assert (len(few.steps), len(many.steps)) == (4, 16)
    assert merge_jobs([few], [many]) == (many,)


def test_step_times_with_offsets_and_milliseconds_become_utc():
    """Job times end in Z; step times followed the runner's clock."""
    (raw,) = snapshots_of("jobs.jsonl", WITH_OFFSETS)[:1]
    assert raw["steps"][0]["started_at"] == "2023-02-17T17:03:46.000+01:00"
    step = job_message(parse_job(raw))["steps"][0]
    assert (step["started_at"], step["duration_seconds"]) == ("2023-02-17T16:03:46Z", 3)


def test_a_skipped_job_has_neither_runner_nor_labels_nor_steps():
    """And never will have a log."""
    bare = [
        parse_job(payload)
        for payload in lines_of("jobs.jsonl")
        if payload["conclusion"] == "skipped" and not payload["labels"]
    ]
    assert len(bare) == 2
    for job in bare:
        data = job_message(job)
        assert (data["runner_name"], data["runner_group_name"]) == (None, None)
        assert (data["labels"], data["steps"]) == ([], [])
    skipped = [job for job in lines_of("jobs.jsonl") if job["conclusion"] == "skipped"]
    assert all(parse_job(payload).never_started for payload in skipped)


def test_a_cancelled_job_may_have_nothing_either():
    """Made by hand of a recorded one: cancelled in the queue."""
    nothing = {"runner_name": None, "runner_group_name": None, "labels": [], "steps": []}
    job = a_recorded_job(WITH_GAPS, conclusion="cancelled", **nothing)
    assert job.never_started
    assert job_message(job)["runner_name"] is None


def test_job_names_repeat_within_an_attempt():
    """Identity is the id."""
    payloads = [job for job in lines_of("jobs.jsonl") if job["run_id"] == 577_324_554]
    jobs = {payload["id"]: parse_job(payload) for payload in payloads}
    sent = run_message(a_run(run_id=577_324_554), jobs.values())["jobs"]
    names = Counter(job["job_name"] for job in sent)
    assert names["deployubuntu"] == 2
    assert len({job["job_id"] for job in sent}) == len(sent)


def test_names_of_matrix_and_reusable_workflows_are_whole():
    """Parentheses, slashes, and emoji (made by hand)."""
    names = {job_message(parse_job(payload))["job_name"] for payload in lines_of("jobs.jsonl")}
    assert "test (Python 3.7)" in names
    assert "linux-focal-py3.7-gcc7-pch / build" in names
    assert job_message(a_recorded_job(WITH_GAPS, name="deploy 🚀"))["job_name"] == "deploy 🚀"


def test_every_commit_becomes_code_metrics():
    """Counts and names are GitHub's."""
    payloads = lines_of("commits.jsonl")
    assert len(payloads) >= 62
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


def test_a_page_of_files_ends_at_300():
    """What is counted is one page; whoever fetches goes on."""
    counts = [parse_commit(payload).files_changed_count for payload in lines_of("commits.jsonl")]
    assert max(count for count in counts if count is not None) == 300


def test_lines_are_not_the_sum_of_the_files():
    """GitHub's own sums count what the list leaves out."""
    sha = "3253acaabd86de12b73d0a24c98eb9c13d1987b5"
    (raw,) = (line for line in lines_of("commits.jsonl") if line["sha"] == sha)
    assert sum(file["additions"] for file in raw["files"]) == 5
    assert a_recorded_commit(sha).additions == 7


def test_a_file_without_a_patch_counts_as_a_file():
    """Binary and huge ones have none."""
    sha = "cbfe8d0f623ca29d984ec09d2b566e9ab10ae024"
    (raw,) = (line for line in lines_of("commits.jsonl") if line["sha"] == sha)
    assert any("patch" not in file for file in raw["files"])
    assert a_recorded_commit(sha).files_changed_count == len(raw["files"])


def test_an_author_without_an_account_is_named_as_in_the_commit():
    """`author` is null where the address belongs to nobody."""
    assert a_recorded_commit("466725309d43aa6fe6cb67f8f4161451d627b43f").commit_author == "author"


def test_first_commits_and_merges_are_commits():
    """None, one or two parents."""
    parents = {len(line["parents"]): line["sha"] for line in lines_of("commits.jsonl")}
    assert set(parents) == {0, 1, 2}
    for sha in parents.values():
        assert a_recorded_commit(sha).additions is not None


def test_merging_keeps_jobs_that_a_later_page_lacks():
    """A short page does not unsee a job."""
    one, two = a_recorded_job(WITH_GAPS), a_recorded_job(SKIPPED)
    assert merge_jobs([one, two], [replace(two, conclusion="success")]) == (
        one,
        replace(two, conclusion="success"),
    )
