"""Every answer has the form that GitHub's own description gives it."""

from __future__ import annotations

import pytest
from sandbox.support import check, check_webhook
from support.world_builder import WorldBuilder

from standalone.sandbox.simulation import simulated_world

REPOSITORY = "/repos/{owner}/{repo}"
RUN = "/repos/{owner}/{repo}/actions/runs/{run_id}"
NOW = 1_770_000_000.0


@pytest.fixture
def api(serve):
    """Serve a simulated world with an eventful day."""
    world = simulated_world(seed=7, start=NOW, repositories=1, runs_per_hour=12, history_days=1)
    return serve.world(world, now=NOW)


def test_a_repository_has_its_documented_form(api):
    """A full repository holds every required key."""
    check(api.get("/repos/octo/api").json(), REPOSITORY)


def test_a_list_of_runs_has_its_documented_form(api):
    """Runs of every status and conclusion hold every required key."""
    body = api.get("/repos/octo/api/actions/runs?per_page=100").json()
    check(body, "/repos/{owner}/{repo}/actions/runs")
    assert {run["conclusion"] for run in body["workflow_runs"]} > {"success", "failure"}


def test_a_run_and_its_attempt_have_their_documented_form(api):
    """A run, and each of its attempts, hold every required key."""
    run = next(run for run in api.runs("?per_page=100") if run["run_attempt"] > 1)
    path = f"/repos/octo/api/actions/runs/{run['id']}"
    check(api.get(path).json(), RUN)
    check(api.get(f"{path}/attempts/1").json(), f"{RUN}/attempts/{{attempt_number}}")


def test_jobs_have_their_documented_form(api):
    """The jobs of every run of a day hold every required key, in lists and alone."""
    for run in api.runs("?per_page=40"):
        path = f"/repos/octo/api/actions/runs/{run['id']}"
        body = api.get(f"{path}/jobs?filter=all").json()
        check(body, f"{RUN}/jobs")
        attempt = api.get(f"{path}/attempts/1/jobs").json()
        check(attempt, f"{RUN}/attempts/{{attempt_number}}/jobs")
        for job in attempt["jobs"][:1]:
            alone = api.get(f"/repos/octo/api/actions/jobs/{job['id']}").json()
            check(alone, "/repos/{owner}/{repo}/actions/jobs/{job_id}")


def test_annotations_have_their_documented_form(api):
    """Those of every job of a day: failures have some, successes none."""
    found = {"success": 0, "failure": 0}
    for run in api.runs("?per_page=60"):
        for job in api.get(f"/repos/octo/api/actions/runs/{run['id']}/jobs").json()["jobs"]:
            path = f"/repos/octo/api/check-runs/{job['id']}/annotations"
            body = api.get(path).json()
            check(body, "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations")
            if job["conclusion"] in found:
                found[job["conclusion"]] += len(body)
    assert found["success"] == 0
    assert found["failure"] > 0


def test_pending_deployments_have_their_documented_form(serve):
    """Of a run that waits, and of one that does not."""
    api = serve(WorldBuilder().run(first_status="waiting", starts_after=500).job(), at=100)
    path = f"/repos/octo/api/actions/runs/{api.runs()[0]['id']}/pending_deployments"
    [waiting] = api.get(path).json()
    check([waiting], f"{RUN}/pending_deployments")
    assert waiting["environment"]["name"] == "production"
    api.server.advance(600)
    assert api.get(path).json() == []


def test_artifacts_have_their_documented_form(serve):
    """A run's list of them, and its pages."""
    world = WorldBuilder().run().job()
    for number in range(3):
        world.artifact(f"report-{number}")
    api = serve(world, at=600)
    path = f"/repos/octo/api/actions/runs/{api.runs()[0]['id']}/artifacts"
    check(api.get(path).json(), f"{RUN}/artifacts")
    page = api.get(f"{path}?per_page=2&page=2").json()
    assert (page["total_count"], len(page["artifacts"])) == (3, 1)


def test_a_run_that_has_not_ended_has_no_artifacts(serve):
    """Its jobs upload them."""
    api = serve(WorldBuilder().run(seconds=300).job().artifact("report"), at=100)
    path = f"/repos/octo/api/actions/runs/{api.runs()[0]['id']}/artifacts"
    assert api.get(path).json() == {"total_count": 0, "artifacts": []}
    api.server.advance(300)
    assert api.get(path).json()["total_count"] == 1


def test_commits_and_their_pulls_have_their_documented_form(api):
    """Commits, with and without pull requests, hold every required key."""
    pulls = 0
    for run in api.runs("?per_page=20"):
        path = f"/repos/octo/api/commits/{run['head_sha']}"
        check(api.get(path).json(), "/repos/{owner}/{repo}/commits/{ref}")
        listed = api.get(f"{path}/pulls").json()
        check(listed, "/repos/{owner}/{repo}/commits/{commit_sha}/pulls")
        pulls += len(listed)
    assert pulls


def test_the_rate_limit_has_its_documented_form(api):
    """The rate limit holds every required key."""
    check(api.get("/rate_limit").json(), "/rate_limit")


def test_deliveries_have_their_documented_form(serve):
    """The deliveries of a hook hold every required key."""
    builder = WorldBuilder().repository("octo/api").hook("http://127.0.0.1:9/").run(created=100)
    api = serve(builder, at=0)
    api.server.advance(500)
    hook = api.get("/repos/octo/api/hooks").json()[0]
    body = api.get(f"/repos/octo/api/hooks/{hook['id']}/deliveries").json()
    assert len(body) >= 3
    check(body, "/app/hook/deliveries")


def test_a_move_and_a_miss_have_their_documented_form(serve):
    """A renamed and an unknown repository answer as described."""
    api = serve(WorldBuilder().repository("octo/new", former_names=["octo/old"]))
    check(api.get("/repos/octo/old").json(), REPOSITORY, 301)
    check(api.get("/repos/octo/unknown").json(), REPOSITORY, 404)


@pytest.mark.parametrize(
    ("event", "action"),
    [
        ("workflow-run", "requested"),
        ("workflow-run", "in_progress"),
        ("workflow-run", "completed"),
        ("workflow-job", "queued"),
        ("workflow-job", "in_progress"),
        ("workflow-job", "completed"),
        ("workflow-job", "waiting"),
    ],
)
def test_webhooks_have_their_documented_form(serve, event, action):
    """A webhook's payload holds every required key."""
    builder = (
        WorldBuilder()
        .repository("octo/api")
        .hook("http://127.0.0.1:9/")
        .run(created=100)
        .job("test")
        .run(created=100, starts_after=60)
        .job("deploy", waits=30)
    )
    api = serve(builder, at=0)
    api.server.advance(500)
    hooks = api.get("/repos/octo/api/hooks").json()
    path = f"/repos/octo/api/hooks/{hooks[0]['id']}/deliveries"
    listed = api.get(f"{path}?per_page=100").json()
    wanted = (event.replace("-", "_"), action)
    found = next(item for item in listed if (item["event"], item["action"]) == wanted)
    payload = api.get(f"{path}/{found['id']}").json()["request"]["payload"]
    check_webhook(payload, f"{event}-{action}".replace("_", "-"))
