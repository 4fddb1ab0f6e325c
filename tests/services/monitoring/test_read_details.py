"""Why a job failed is published with it, at one request a failure, and holds no message."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.services.monitoring.read_details import MAX_LIMITED_READS
from support.world import GENEROUS, REPOSITORY, assert_all_published, assert_nothing_twice
from support.world_builder import FIRST_JOB, WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.settings import GraphqlFaults, TokenSpec
from standalone.sandbox.specs import AnnotationSpec

ANNOTATIONS = "/check-runs/[0-9]+/annotations"
LINTER = AnnotationSpec(message="Undefined name", path="src/a.py", line=12, title="F821")
RUNNER = AnnotationSpec(message="Process completed with exit code 1.", line=7)


def a_failed_run() -> WorldBuilder:
    """Build a run of which one job failed and one succeeded."""
    world = WorldBuilder().run("failure")
    return world.job("test", "failure").annotated(LINTER, RUNNER).job("lint", "success")


def job_of(here, name):
    [data] = [
        each["data"]
        for each in here.jobs()
        if (each["data"]["job_name"], each["data"]["status"]) == (name, "completed")
    ]
    return data


def asked(here):
    return here.requests("list_annotations")


@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_a_failed_job_reports_why(stage, log_mode):
    """Alone and within its run, for one request; the job that succeeded costs none."""
    here = stage(a_failed_run(), at=600, log_mode=log_mode)
    assert here.poll() is None
    data = job_of(here, "test")
    assert [(each["path"], each["start_line"]) for each in data["annotations"]] == [
        ("src/a.py", 12),
        (".github", 7),
    ]
    assert data["annotations"][0] == {
        "path": "src/a.py",
        "start_line": 12,
        "end_line": 12,
        "start_column": None,
        "end_column": None,
        "level": "failure",
        "title": "F821",
        "message": "Undefined name",
        "raw_details": None,
    }
    assert data["annotations_total"] == 2
    assert job_of(here, "lint")["annotations"] is None
    [run] = [each["data"] for each in here.runs() if each["data"]["status"] == "completed"]
    nested = {job["job_name"]: job["annotations"] for job in run["jobs"]}
    assert nested == {"test": data["annotations"], "lint": None}
    assert run["annotations"] is None
    assert asked(here) == 1


def test_annotations_that_fail_in_large_pages_are_asked_in_smaller_ones(stage):
    """As every other list."""
    here = stage(a_failed_run(), at=600)
    here.fail(Fault(path=ANNOTATIONS, do="error", above_page_size=25))
    assert here.poll() is None
    assert job_of(here, "test")["annotations_total"] == 2
    assert asked(here) == 3


@pytest.mark.parametrize(
    ("conclusion", "requests"),
    [
        ("failure", 1),
        ("cancelled", 1),
        ("timed_out", 1),
        ("success", 0),
        ("skipped", 0),
        ("neutral", 0),
    ],
)
def test_only_jobs_that_did_not_succeed_are_asked_about(stage, conclusion, requests):
    """One request each, however often the repository is polled."""
    here = stage(WorldBuilder().run(conclusion).job("test", conclusion), at=600)
    here.poll_for(300)
    assert asked(here) == requests
    assert_all_published(here)
    assert_nothing_twice(here)


def test_everything_that_the_sandbox_annotates_is_published(stage):
    """The truth of a day with failures of every kind, watched as it happens."""
    world = WorldBuilder()
    for number, conclusion in enumerate(["failure", "success", "cancelled", "timed_out"]):
        world.run(conclusion, created=60 * number).jobs(3)
    world.run("startup_failure", created=300, starts_after=None, seconds=1)
    here = stage(world, at=5, log_mode="live")
    here.poll_for(900)
    published = {
        each["data"]["job_id"]: [one["message"] for one in each["data"]["annotations"] or ()]
        for each in here.jobs()
        if each["data"]["status"] == "completed"
    }
    truth = here.server.truth()
    assert published == {
        job["job_id"]: job["annotations"] for each in truth for job in each["jobs"]
    }
    runs = {
        each["data"]["run_id"]: [one["message"] for one in each["data"]["annotations"] or ()]
        for each in here.runs()
        if each["data"]["status"] == "completed"
    }
    assert runs == {each["run_id"]: each["annotations"] for each in truth}
    assert asked(here) == 9


def test_an_attempt_that_failed_to_start_reports_why(stage):
    """It has no job; its one check run is found by its check suite."""
    world = WorldBuilder().run("startup_failure", starts_after=None, seconds=1)
    here = stage(world.annotated(replace(LINTER, message="Unexpected value 'runs_on'")), at=600)
    assert here.poll() is None
    [run] = here.runs()
    [annotation] = run["data"]["annotations"]
    assert annotation["message"] == "Unexpected value 'runs_on'"
    assert (run["data"]["annotations_total"], run["data"]["jobs"]) == (1, [])
    asked_by_rest = here.requests("list_check_runs") + asked(here)
    assert (here.requests("graphql"), asked_by_rest) == (2, 0)


def test_without_graphql_a_start_failure_costs_two_requests(stage):
    """The suite's check runs name the one whose annotations say why."""
    world = WorldBuilder().run("startup_failure", starts_after=None, seconds=1)
    world.run("startup_failure", starts_after=None, seconds=1)
    graphql = GraphqlFaults(absent=True)
    here = stage(world, at=600, settings=replace(GENEROUS, graphql=graphql))
    assert here.poll() is None
    assert [run["data"]["annotations_total"] for run in here.runs()] == [1, 1]
    assert (here.requests("list_check_runs"), asked(here)) == (2, 2)


def test_more_annotations_than_are_published_are_counted(stage):
    """A hundred take one request."""
    world = WorldBuilder().run("failure")
    world.job("many", "failure").annotated(*[LINTER] * 100)
    world.job("more", "failure").annotated(*[LINTER] * 120)
    here = stage(world, at=600)
    assert here.poll() is None
    found = {name: job_of(here, name) for name in ("many", "more")}
    assert [len(each["annotations"]) for each in found.values()] == [50, 50]
    assert [each["annotations_total"] for each in found.values()] == [100, 120]
    assert asked(here) == 1 + 2


@pytest.mark.parametrize(
    ("fault", "requests"),
    [
        (Fault(path=ANNOTATIONS, do="missing"), 1),
        (Fault(path=ANNOTATIONS, do="sso"), 1),
        (Fault(path=ANNOTATIONS, do="blocked"), 1),
        (Fault(path=ANNOTATIONS, do="error", status=503, html=True), 5),
        (Fault(path=ANNOTATIONS, do="cut"), 5),
        (Fault(path=ANNOTATIONS, do="reset"), 5),
    ],
    ids=lambda value: getattr(value, "do", value),
)
def test_no_failure_of_the_annotations_holds_a_message(stage, fault, requests):
    """The job is published at the same poll; null says that they are not known.

    A server's failure is met with smaller pages first, and then once more in one size.
    """
    here = stage(a_failed_run(), at=600)
    here.fail(fault)
    assert here.poll() is None
    data = job_of(here, "test")
    assert (data["annotations"], data["annotations_total"]) == (None, None)
    assert asked(here) == requests
    assert_all_published(here)


def test_annotations_that_are_missing_are_asked_for_once(stage):
    """However long the run goes on after the job has been published without them."""
    world = WorldBuilder().run("failure", seconds=900).job("test", "failure", seconds=30)
    here = stage(world.job("slow", seconds=800), at=10)
    here.fail(Fault(path=ANNOTATIONS, do="missing"))
    here.poll_for(600)
    assert job_of(here, "test")["annotations"] is None
    assert asked(here) == 1


def test_a_failure_that_passes_at_once_costs_no_annotation(stage):
    """The request is sent once more."""
    here = stage(a_failed_run(), at=600)
    here.fail(Fault(path=ANNOTATIONS, do="error", status=502, count=1))
    assert here.poll() is None
    assert len(job_of(here, "test")["annotations"]) == 2


def test_a_missing_permission_is_reported_once_with_its_remedy(stage):
    """Nothing else of the attempt is missing, and no further job is asked about."""
    lacking = frozenset({"actions", "contents", "pull_requests", "metadata"})
    token = TokenSpec(limit=10**6, graphql_limit=10**6, permissions=lacking)
    world = WorldBuilder().run("failure")
    for number in range(20):
        world.job(f"test {number}", "failure")
    here = stage(world, at=600, settings=replace(GENEROUS, tokens=(token,)))
    assert here.poll() is None
    assert_all_published(here)
    assert asked(here) < 20
    [error] = [each for each in here.state.list_errors(limit=9) if "annotations" in each.message]
    assert "checks" in error.remedy


def test_a_refusal_keeps_githubs_own_remedy_and_is_logged(stage, caplog):
    """The link that authorizes the token, beside the permission that is needed."""
    here = stage(a_failed_run(), at=600)
    here.fail(Fault(path=ANNOTATIONS, do="sso"))
    assert here.poll() is None
    [error] = here.state.list_errors(limit=10)
    for words in ("/sso?authorization_request=", "read access to checks"):
        assert words in error.remedy
    [logged] = [each for each in caplog.records if each.getMessage() == error.message]
    assert (logged.repository, logged.remedy) == (REPOSITORY, error.remedy)


def test_a_limit_is_waited_for_and_costs_no_annotation(stage):
    """What was read before it is not read again."""
    here = stage(a_failed_run().job("more", "failure").annotated(RUNNER), at=600)
    last = f"/check-runs/{FIRST_JOB + 3}/annotations"
    here.fail(Fault(path=last, do="secondary", seconds=60, count=1))
    assert here.poll() is not None
    assert "workflow_job_completed" not in here.kinds()
    here.advance(90)
    assert here.poll() is None
    assert [len(job_of(here, name)["annotations"]) for name in ("test", "more")] == [2, 1]
    assert here.requests("list_attempt_jobs") == 1
    assert asked(here) == 3


def test_a_limit_that_never_ends_holds_no_message_for_ever(stage):
    """After a few waits the job is published without annotations."""
    here = stage(a_failed_run(), at=600)
    here.fail(Fault(path=ANNOTATIONS, do="secondary", seconds=60))
    for _ in range(MAX_LIMITED_READS):
        here.poll()
        assert here.jobs() == []
        here.advance(90)
    here.poll()
    assert job_of(here, "test")["annotations"] is None
    assert_all_published(here)


def test_a_job_that_changes_after_its_end_is_asked_about_for_free(stage):
    """A conditional request; what GitHub has no more is kept."""
    here = stage(a_failed_run(), at=600)
    assert here.poll() is None
    record = here.attempt()
    job_id = FIRST_JOB + 1
    jobs = tuple(
        replace(job, conclusion="timed_out") if job.job_id == job_id else job for job in record.jobs
    )
    stale = replace(record, jobs=jobs, settled=False, next_check_at=here.clock.now())
    here.state.save_attempts([stale])
    assert here.poll() is None
    again = [each["data"] for each in here.jobs() if each["data"]["job_id"] == job_id]
    assert [data["conclusion"] for data in again] == ["failure", "timed_out"]
    assert again[0]["annotations"] == again[1]["annotations"]
    assert (asked(here), here.requests("list_annotations", "charged")) == (2, 1)


def test_artifacts_are_listed_where_they_are_wanted(stage):
    """One request for each attempt at its end; off by default."""
    world = WorldBuilder().run().job().artifact("report", 2048).artifact("wheel")
    without = stage(world, at=600)
    assert without.poll() is None
    assert without.runs()[-1]["data"]["artifacts"] is None
    assert without.requests("list_artifacts") == 0

    here = stage(world, at=600, artifacts=True)
    here.poll_for(120)
    first, second = here.runs()[-1]["data"]["artifacts"]
    assert (first["name"], first["size_in_bytes"]) == ("report", 2048)
    assert first["digest"].startswith("sha256:")
    assert first["expires_at"].endswith("Z")
    assert first["archive_download_url"].endswith(f"/artifacts/{first['id']}/zip")
    assert second["name"] == "wheel"
    assert here.requests("list_artifacts") == 1


def test_a_run_without_artifacts_has_an_empty_list(stage):
    """An empty list is an answer, null is none."""
    here = stage(WorldBuilder().run().job(), at=600, artifacts=True)
    assert here.poll() is None
    assert here.runs()[-1]["data"]["artifacts"] == []
    here = stage(WorldBuilder().run().job(), at=600, artifacts=True)
    here.fail(Fault(path="/artifacts", do="missing"))
    assert here.poll() is None
    assert here.runs()[-1]["data"]["artifacts"] is None


def test_a_waiting_run_names_its_environments(stage):
    """One request when it begins to wait; when it runs, it waits for none."""
    world = WorldBuilder().run(first_status="waiting", starts_after=300).job()
    here = stage(world, at=10)
    here.poll_for(600)
    named = {each["data"]["status"]: each["data"]["environments"] for each in here.runs()}
    assert named["waiting"] == ["production"]
    assert named["completed"] is None
    assert here.requests("list_pending_deployments") == 1


def test_a_waiting_run_without_its_environments_is_published(stage):
    """Null says that they are not known."""
    here = stage(WorldBuilder().run(first_status="waiting", starts_after=None).job(), at=10)
    here.fail(Fault(path="/pending_deployments", do="error", status=500))
    assert here.poll() is None
    [run] = here.runs()
    assert (run["event_type"], run["data"]["environments"]) == ("workflow_run_waiting", None)


def test_a_run_names_the_reusable_workflows_that_it_calls(stage):
    """They come with the run itself: no request is theirs."""
    called = "octo/ci/.github/workflows/build.yml@main"
    here = stage(WorldBuilder().run().calls(called).job(), at=600)
    assert here.poll() is None
    [named] = here.runs()[-1]["data"]["referenced_workflows"]
    assert (named["path"], named["ref"]) == (called, "refs/heads/main")
    assert len(named["sha"]) == 40
