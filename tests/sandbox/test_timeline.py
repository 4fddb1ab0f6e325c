"""Runs and jobs change: the same address shows another state as the clock advances."""

from __future__ import annotations

from support.world_builder import WorldBuilder

from standalone.sandbox.simulation import simulated_world

RUN = "/repos/octo/api/actions/runs/1"


def test_a_run_is_queued_then_in_progress_then_completed(serve):
    """The three states follow each other, and `updated_at` moves with them."""
    api = serve(WorldBuilder().repository("octo/api").run("failure", id=1), at=0)
    seen = []
    for step in (0, 5, 60):
        api.server.advance(step)
        run = api.get(RUN).json()
        seen.append((run["status"], run["conclusion"], run["updated_at"][11:]))
    assert seen == [
        ("queued", None, "08:00:00Z"),
        ("in_progress", None, "08:00:05Z"),
        ("completed", "failure", "08:01:05Z"),
    ]


def test_a_rerun_keeps_the_run_and_moves_its_attempt(serve):
    """`created_at` stays; attempt, start and update move; the first attempt can still be read."""
    builder = WorldBuilder().repository("octo/api").run("failure", id=1).rerun(at=300)
    api = serve(builder, at=302)
    run = api.get(RUN).json()
    assert (run["run_attempt"], run["status"]) == (2, "queued")
    assert run["created_at"] == "2026-01-05T08:00:00Z"
    assert run["run_started_at"] == run["updated_at"] == "2026-01-05T08:05:00Z"
    assert run["previous_attempt_url"].endswith("/actions/runs/1/attempts/1")
    before = api.get(f"{RUN}/attempts/1").json()
    assert (before["run_attempt"], before["conclusion"]) == (1, "failure")
    assert api.get(f"{RUN}/attempts/3").status_code == 404


def test_a_late_touch_moves_only_the_update(serve):
    """`updated_at` can move long after the end with nothing else changed."""
    api = serve(WorldBuilder().repository("octo/api").run(id=1, touched=[900]))
    run = api.get(RUN).json()
    assert (run["status"], run["updated_at"]) == ("completed", "2026-01-05T08:15:00Z")


def test_steps_start_and_end_with_the_clock(serve):
    """In the middle of a job, some steps are over, one runs and the others are queued."""
    api = serve(WorldBuilder().repository("octo/api").run(id=1).job("test", id=9), at=25)
    job = api.get("/repos/octo/api/actions/jobs/9").json()
    assert (job["status"], job["conclusion"], job["completed_at"]) == ("in_progress", None, None)
    assert [step["status"] for step in job["steps"]] == [
        "completed",
        "in_progress",
        "queued",
        "queued",
    ]


def test_a_job_waits_for_its_approval(serve):
    """A job with a gate is waiting before it is queued."""
    builder = WorldBuilder().repository("octo/api").run(id=1, starts_after=60).job(id=9, waits=30)
    api = serve(builder, at=10)
    assert api.get("/repos/octo/api/actions/jobs/9").json()["status"] == "waiting"
    api.server.advance(30)
    assert api.get("/repos/octo/api/actions/jobs/9").json()["status"] == "queued"


def test_a_skipped_job_ends_before_it_starts(serve):
    """A skipped job has no runner, no labels, no steps, and reversed times."""
    builder = WorldBuilder().repository("octo/api").run(id=1).job("deploy", "skipped", id=9)
    job = serve(builder).get("/repos/octo/api/actions/jobs/9").json()
    assert job["completed_at"] < job["started_at"]
    assert (job["runner_name"], job["labels"], job["steps"]) == (None, [], [])


def test_latest_jobs_leave_out_what_a_partial_rerun_took_over(serve):
    """The attempt lists a job that was taken over, `filter=latest` does not, `all` shows all."""
    builder = (
        WorldBuilder()
        .repository("octo/api")
        .run("failure", id=1)
        .job("lint", "success", id=10)
        .job("test", id=11)
        .rerun(at=300)
        .job("lint", id=20, reused=True)
        .job("test", id=21)
    )
    api = serve(builder)

    def ids(path):
        return [job["id"] for job in api.get(f"{RUN}{path}").json()["jobs"]]

    assert ids("/attempts/2/jobs") == [20, 21]
    assert ids("/jobs") == [21]
    assert ids("/jobs?filter=all") == [10, 11, 20, 21]


def test_steps_can_vanish_with_age(serve):
    """A job that ended long ago may have lost its steps."""
    builder = WorldBuilder().repository("octo/api").run(id=1).job(id=9)
    api = serve(builder, at=100, steps_kept_seconds=60)
    assert api.get("/repos/octo/api/actions/jobs/9").json()["steps"]
    api.server.advance(60)
    assert api.get("/repos/octo/api/actions/jobs/9").json()["steps"] == []


def test_the_same_seed_makes_the_same_world(serve):
    """Two simulated worlds of one seed answer the same, whenever they were asked before."""
    start = 1_770_000_000.0
    worlds = [
        simulated_world(seed="x", start=start, repositories=2, history_days=0.5) for _ in range(2)
    ]
    first, second = (serve.world(world, now=start) for world in worlds)
    for _ in range(5):
        first.server.advance(1800)
        first.runs()
    second.server.advance(9000)
    assert first.server.truth() == second.server.truth()
    other = simulated_world(seed="y", start=start, repositories=2, history_days=0.5)
    assert serve.world(other, now=start).server.truth(with_logs=False) != first.server.truth(
        with_logs=False
    )


def test_pull_requests_of_all_simulated_repositories_have_ids_of_their_own():
    """GitHub's ids are the same for no two pull requests, unlike their numbers."""
    start = 1_770_000_000.0
    world = simulated_world(start=start, repositories=3, runs_per_hour=20, history_days=1)
    pulls = []
    for repository in world.repositories:
        repository.plan_until(start)
        pulls += repository.pulls.values()
    assert len({pull.id for pull in pulls}) == len(pulls) > 100


def test_a_simulated_world_holds_every_kind_of_run(serve):
    """Re-runs, fork pull requests, big matrices, shared commits and odd endings all occur."""
    start = 1_770_000_000.0
    world = simulated_world(seed=3, start=start, repositories=1, runs_per_hour=20, history_days=4)
    api = serve.world(world, now=start)
    attempts = api.server.truth(with_logs=False)
    runs = world.repositories[0].runs(start)
    shas = [run.head_sha for run in runs]
    assert len(set(shas)) < len(shas)
    assert any(run.head_repository and not run.pull_numbers for run in runs)
    assert max(attempt["run_attempt"] for attempt in attempts) >= 3
    assert max(len(attempt["jobs"]) for attempt in attempts) > 100
    assert {attempt["conclusion"] for attempt in attempts} >= {
        "success",
        "failure",
        "cancelled",
        "skipped",
        "timed_out",
        "action_required",
        "startup_failure",
    }
    assert any(commit.files > 300 for commit in world.repositories[0].commits.values())
    assert any(job.reused for run in runs for item in run.attempts for job in item.jobs)
