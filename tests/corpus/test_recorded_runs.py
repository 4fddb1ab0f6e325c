"""Every run that was ever recorded becomes a message, and each oddity of theirs is met."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from corpus.recordings import (
    NOW,
    read_run,
    run_message,
)
from ingest.domain.runs import WorkflowRun
from support.builders import a_commit, a_job, a_pull, envelope_of_run

#: Fields that a message takes over as they are, by GitHub's name for them.
TAKEN_OVER = {
    "run_id": "id",
    "run_number": "run_number",
    "workflow_id": "workflow_id",
    "workflow_name": "name",
    "workflow_path": "path",
    "head_branch": "head_branch",
    "head_sha": "head_sha",
    "event": "event",
    "html_url": "html_url",
    "created_at": "created_at",
    "updated_at": "updated_at",
}


def fact_of(run: WorkflowRun, jobs=()) -> str:
    return envelope_of_run(run, jobs, None, occurrence=0, now=NOW).event_id


def seconds_of(run: WorkflowRun) -> float:
    return (run.updated_at - run.run_started_at).total_seconds()


def test_every_run_becomes_a_message(recordings):
    """It validates, and says what GitHub said."""
    payloads = recordings.runs()
    assert len(payloads) >= recordings.cases["run_count"]
    for payload in payloads:
        data = run_message(read_run(payload))
        assert {name: data[name] for name in TAKEN_OVER} == {
            name: payload.get(field) or None for name, field in TAKEN_OVER.items()
        }
        assert data["repo"] == payload["repository"]["full_name"]
        assert data["run_attempt"] == payload.get("run_attempt", 1)
        assert data["actor"] == (payload.get("actor") or {}).get("login")
        assert len(data["pull_requests"]) == len(payload["pull_requests"])
        assert (data["completed_at"] is not None) == (data["status"] == "completed")


def test_every_recorded_status_is_kept(recordings):
    """The counts are GitHub's own."""
    recorded = [run_message(read_run(payload)) for payload in recordings.lines("runs.jsonl")]
    assert (
        Counter((data["status"], data["conclusion"]) for data in recorded)
        == (recordings.cases["run_states"])
    )


def test_states_that_no_recording_shows_are_distinguished_all_the_same(recordings):
    """Made by hand: capitals, and conclusions in the status's place."""
    made = [run_message(read_run(payload)) for payload in recordings.lines("handmade/runs.jsonl")]
    assert {data["conclusion"] for data in made if data["status"] == "completed"} == {
        "success",
        "failure",
        "cancelled",
        "timed_out",
        "startup_failure",
        "neutral",
        "skipped",
        "stale",
        "action_required",
    }
    assert {(data["status"], data["conclusion"]) for data in made if not data["completed_at"]} == {
        ("in_progress", None),
        ("queued", None),
        ("waiting", None),
        ("pending", None),
        ("requested", None),
    }


@pytest.mark.parametrize(
    ("key", "field", "value"),
    [
        ("name", "workflow_name", None),
        ("path", "workflow_path", None),
        ("run_attempt", "run_attempt", 1),
        ("actor", "actor", None),
        ("triggering_actor", "triggering_actor", None),
    ],
)
def test_a_key_that_is_missing_by_age_is_null(recordings, key, field, value):
    """Keys that GitHub added later are absent from old runs; the attempt was then the first."""
    old = [payload for payload in recordings.lines("runs.jsonl") if key not in payload]
    assert old
    assert {run_message(read_run(payload))[field] for payload in old} == {value}


def test_a_run_from_before_attempts_began_when_it_was_created(recordings):
    """`run_started_at` is missing by age, too."""
    old = [payload for payload in recordings.lines("runs.jsonl") if "run_started_at" not in payload]
    assert len(old) == recordings.cases["old_runs"]
    for payload in old:
        data = run_message(read_run(payload))
        assert data["run_started_at"] == payload["created_at"]


def test_ids_are_larger_than_32_bits(recordings):
    """And will be larger than 36."""
    assert max(run_message(read_run(run))["run_id"] for run in recordings.runs()) > 2**32
    assert run_message(recordings.run("rerun", id=2**40))["run_id"] == 2**40


def test_an_invalid_workflow_file_has_its_path_for_a_name_and_no_jobs(recordings):
    """It ended in `startup_failure`, and is published like any other."""
    data = run_message(recordings.run("invalid_workflow"))
    assert data["workflow_name"] == data["workflow_path"]
    assert (data["conclusion"], data["jobs"]) == ("startup_failure", [])
    assert data["duration_seconds"] is not None


def test_a_workflow_is_known_by_its_id_not_by_path_or_name(recordings):
    """One id had two paths, one name three ids."""
    sent = [run_message(read_run(run)) for run in recordings.lines("runs.jsonl")]
    paths = {
        data["workflow_path"]
        for data in sent
        if data["workflow_id"] == recordings.cases["workflow_with_two_paths"]
    }
    assert paths - {None} == {".github/workflows/ci.yml", ".github/workflows/check.yml"}
    assert len({data["workflow_id"] for data in sent if data["workflow_name"] == "CI"}) >= 3


def test_a_fork_run_lists_no_pull_request_and_finds_it_through_its_commit(recordings):
    """GitHub leaves the list empty on every fork run."""
    run = recordings.run("fork_pull_request")
    assert run_message(run)["pull_requests"] == []
    page = f"https://github.com/{run.repository}/pull/2390"
    pull = a_pull(
        html_url=page,
        head_sha=run.head_sha,
        head_ref=run.head_branch,
        head_repository=run.head_repository,
    )
    metrics = run_message(run, [], a_commit(pull_requests=(pull,)))["code_metrics"]
    assert (metrics["pull_request_id"], metrics["pull_request_url"]) == (501, page)


def test_a_push_run_lists_a_pull_request_that_did_not_trigger_it(recordings):
    """It is passed on, and not named as the trigger."""
    data = run_message(recordings.run("push_with_pull_request"))
    assert len(data["pull_requests"]) == 1
    assert data["code_metrics"]["pull_request_id"] is None


def test_a_run_lists_pull_requests_of_other_repositories(recordings):
    """17 forks had one for the same commit."""
    run = recordings.run("foreign_pull_requests")
    (payload,) = recordings.snapshots("runs.jsonl", "foreign_pull_requests")
    pages = [pull["html_url"] for pull in run_message(run)["pull_requests"]]
    assert len(pages) == 17
    (first, *_), own = payload["pull_requests"], payload["repository"]["url"]
    assert not first["url"].startswith(f"{own}/")
    assert pages[0] == first["url"].replace("api.github.com/repos", "github.com").replace(
        "/pulls/", "/pull/"
    )
    triggered = recordings.run("foreign_pull_requests", event="pull_request")
    assert run_message(triggered)["code_metrics"]["pull_request_id"] is None


def test_a_pull_request_run_names_its_pull_request(recordings):
    """With the page that the short form lacks."""
    data = run_message(recordings.run("pull_request"))
    assert data["code_metrics"]["pull_request_id"] == data["pull_requests"][0]["id"]
    assert data["code_metrics"]["pull_request_url"].endswith(
        f"/{data['repo']}/pull/{data['pull_requests'][0]['number']}"
    )


def test_a_pull_request_listed_twice_is_reported_once(recordings):
    """Made by hand of a recorded one."""
    listed = recordings.snapshots("runs.jsonl", "pull_request")[0]["pull_requests"]
    data = run_message(recordings.run("pull_request", pull_requests=listed * 2))
    assert len(data["pull_requests"]) == 1


def test_a_pull_request_whose_head_moved_on_is_still_the_one(recordings):
    """Made by hand: `pr.head.sha` often differs from the run's."""
    data = run_message(recordings.run("pull_request", head_sha="c" * 40))
    assert data["pull_requests"][0]["head_sha"] != data["head_sha"]
    assert data["code_metrics"]["pull_request_id"] == data["pull_requests"][0]["id"]


def test_a_rerun_keeps_id_and_creation_and_is_another_fact(recordings):
    """Attempt, start and update move."""
    first, second = (read_run(payload) for payload in recordings.snapshots("runs.jsonl", "rerun"))
    assert (first.run_attempt, second.run_attempt) == (1, 2)
    assert (first.run_id, first.created_at) == (second.run_id, second.created_at)
    assert second.run_started_at > first.run_started_at
    assert fact_of(first) != fact_of(second)
    assert run_message(second)["duration_seconds"] == seconds_of(second)


def test_an_update_a_year_later_is_the_same_fact(recordings):
    """Nothing visible had changed, and the jobs know when it ended."""
    later, sooner = (read_run(run) for run in recordings.snapshots("runs.jsonl", "touched_later"))
    assert (later.updated_at - sooner.updated_at).days > 365
    job = a_job(started_at=sooner.created_at, completed_at=sooner.updated_at)
    assert fact_of(later, [job]) == fact_of(sooner, [job])
    assert run_message(later, [job])["duration_seconds"] == seconds_of(sooner)
    assert run_message(sooner, [job])["duration_seconds"] == seconds_of(sooner)


def test_a_run_seen_in_flight_and_at_its_end_is_two_facts(recordings):
    """The second has an end."""
    assert len(recordings.cases["in_flight"]) == 3
    for identity in recordings.cases["in_flight"]:
        seen = recordings.snapshots("runs.jsonl", identity)
        running, ended = (run_message(read_run(run)) for run in seen)
        assert (running["status"], running["duration_seconds"]) == ("in_progress", None)
        assert (ended["status"], ended["completed_at"]) == ("completed", ended["updated_at"])


def test_a_run_may_start_a_second_before_it_is_created(recordings):
    """Made by hand of a recorded one: its duration counts from the start."""
    ended = recordings.run("rerun")
    before = ended.created_at - timedelta(seconds=1)
    run = recordings.run("rerun", run_started_at=before.isoformat().replace("+00:00", "Z"))
    assert run.run_started_at < run.created_at
    assert run_message(run)["duration_seconds"] == (ended.updated_at - before).total_seconds()


def test_a_title_that_github_cut_is_nothing_but_the_title(recordings):
    """`display_title` ends in "…"; no other field is made of it."""
    cut = [
        run for run in recordings.lines("runs.jsonl") if run.get("display_title", "").endswith("…")
    ]
    assert cut
    for payload in cut:
        message = run_message(read_run(payload))
        assert message.pop("display_title") == payload["display_title"]
        assert payload["display_title"] not in str(message)


@pytest.mark.parametrize("name", ["head_branch", "head_commit", "actor", "triggering_actor"])
def test_what_is_null_stays_null(recordings, name):
    """Made by hand: deleted accounts and branches."""
    data = run_message(recordings.run("rerun", **{name: None}))
    assert data.get(name) is None


def test_more_than_a_hundred_jobs_are_reported(recordings):
    """106 were recorded once; here they are made of one."""
    job = recordings.job("with_gaps")
    jobs = [recordings.job("with_gaps", id=job.job_id + place) for place in range(106)]
    assert len(run_message(recordings.run("rerun"), jobs)["jobs"]) == 106


def test_recorded_runs_and_jobs_go_together(recordings):
    """A run's message holds its recorded jobs, and ends with the last of them."""
    runs = {run["id"]: read_run(run) for run in recordings.lines("runs.jsonl")}
    identities = {job["run_id"] for job in recordings.lines("jobs.jsonl")} & runs.keys()
    assert len(identities) == recordings.cases["runs_with_jobs"]
    for identity in identities:
        jobs = [
            recordings.job(job["id"])
            for job in recordings.lines("jobs.jsonl")
            if (job["run_id"], job.get("run_attempt", 1)) == (identity, runs[identity].run_attempt)
        ]
        data = run_message(runs[identity], jobs)
        assert [job["job_id"] for job in data["jobs"]] == [job.job_id for job in jobs]
        ends = [job["completed_at"] for job in data["jobs"] if job["completed_at"]]
        if ends and data["completed_at"] and max(ends) >= data["run_started_at"]:
            assert data["completed_at"] == max(ends)
