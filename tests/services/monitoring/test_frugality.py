"""What collecting costs: counted by the sandbox and the queues, never timed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from ingest.domain.timestamps import parse_timestamp
from ingest.services.monitoring.poll_runs import poll_due_repository
from support.world import GENEROUS, REPOSITORY, Stage, assert_all_published, assert_nothing_twice
from support.world_builder import WorldBuilder

from standalone.sandbox.settings import Limits, Settings, TokenSpec

RUNS = 100
HOUR = 3600


def ended_runs(runs: int, jobs: int) -> WorldBuilder:
    world = WorldBuilder()
    for number in range(runs):
        world.run("failure", created=number * 60, seconds=120)
        world.jobs(jobs)
    return world


def charged(here: Stage) -> int:
    """Count what the hour's REST requests paid for; GraphQL has a budget of its own.

    Annotations are one request a failed job, which `test_read_details` counts.
    """
    apart = ("graphql", "list_annotations", "list_check_runs")
    return here.requests(column="charged") - sum(here.requests(kind, "charged") for kind in apart)


def a_long_past() -> WorldBuilder:
    """Make a repository whose list has several pages."""
    world = WorldBuilder()
    for number in range(15):
        world.run(created=(number - 45) * HOUR, sha="a" * 40)
    return world


@pytest.mark.parametrize(("runs", "jobs"), [(8, 1), (8, 5), (2, 100)])
def test_economy_costs_two_requests_a_run_and_its_share_of_the_list(stage, runs, jobs):
    """A page of jobs holds a hundred, and an archive any number of logs."""
    here = stage(ended_runs(runs, jobs), at=2 * HOUR, log_mode="economy")
    assert here.poll() is None
    here.ingest()
    assert charged(here) == 2 * runs + here.requests("list_runs")
    assert here.requests("list_runs") == 1
    assert len(here.logs()) == runs * jobs


def test_economy_costs_two_requests_a_run_whose_only_log_has_expired(stage):
    """It is not looked for in the archive first."""
    here = stage(ended_runs(20, 1), at=91 * 24 * HOUR, days=100, log_mode="economy")
    assert here.poll() is None
    here.ingest()
    assert {each["data"]["reason"] for each in here.logs()} == {"expired"}
    assert here.requests("get_job_log") == 20
    assert here.requests("get_attempt_log") == 0


@pytest.mark.parametrize("jobs", [1, 5, 20])
def test_live_costs_a_request_a_log_and_one_for_the_jobs(stage, jobs):
    """No more than jobs + 1.1 a run, the run list included."""
    here = stage(ended_runs(10, jobs), at=2 * HOUR, log_mode="live")
    assert here.poll() is None
    here.ingest()
    assert charged(here) <= 10 * (jobs + 1.1)


def test_logs_of_jobs_that_never_started_cost_nothing(stage):
    """An attempt none of whose jobs started has no archive to ask for."""
    world = WorldBuilder()
    for _ in range(10):
        world.run("skipped", seconds=5).job("a", "skipped").job("b", "skipped")
    here = stage(world, at=HOUR, log_mode="economy")
    here.poll()
    here.ingest()
    assert charged(here) == 10 + 1
    assert {each["data"]["reason"] for each in here.logs()} == {"never_existed"}


@pytest.mark.usefixtures("ten_a_page")
def test_watching_a_run_in_economy_costs_three_looks_at_the_list_and_its_end(stage):
    """Queued, in progress, completed: each changes the list once; jobs and logs are asked once."""
    world = a_long_past()
    world.run("failure", created=0, starts_after=100, seconds=300)
    world.job("fast", "success", seconds=40).job("slow", "failure")
    here = stage(world, at=-600, days=0.001, log_mode="economy")
    here.poll_for(580)
    before = charged(here)
    here.poll_for(900)
    here.ingest()
    assert charged(here) - before == 3 + 1 + 1
    assert here.attempt(run=16).settled
    assert_nothing_twice(here)


@pytest.mark.usefixtures("ten_a_page")
@pytest.mark.parametrize("log_mode", ["economy", "live"])
def test_changes_that_follow_one_another_share_an_answer_and_none_is_later_than_two_polls(
    stage, log_mode
):
    """The list is charged for each answer that differs, so after one the next changes gather."""
    world = a_long_past()
    for number in range(4):
        world.run(created=20 * number, starts_after=45, seconds=300, sha="a" * 40)
        for place in range(5):
            world.job(f"test ({place})", seconds=60 + 57 * place)
    here = stage(world, at=-600, days=0.001, log_mode=log_mode)
    here.poll_for(590)
    lists, known = here.requests("list_runs", "charged"), len(here.metrics())
    late = []
    for _ in range(480 // 5):
        poll_due_repository(here.context, should_continue=lambda: True)
        now, new = here.clock.now(), here.metrics()[known:]
        late += [now - happened_at(each) for each in new if is_live(each, log_mode)]
        known += len(new)
        here.advance(5)
    assert here.requests("list_runs", "charged") - lists <= 4 * 2
    assert max(late) <= timedelta(seconds=2 * 30)
    assert here.kinds().count("workflow_run_completed") == 4
    assert_nothing_twice(here)


def is_live(message: dict[str, Any], log_mode: str) -> bool:
    """Return whether a message is to be published within two polls: in economy, jobs are not."""
    return log_mode == "live" or message["event_type"].startswith("workflow_run")


def happened_at(message: dict[str, Any]) -> datetime:
    """Return when what a message reports happened."""
    data = message["data"]
    if message["event_type"].startswith("workflow_run"):
        return parse_timestamp(data["updated_at"])
    return parse_timestamp(data["completed_at"] or data["started_at"] or data["created_at"])


@pytest.mark.usefixtures("ten_a_page")
def test_a_run_that_is_watched_live_has_its_jobs_read_once_in_two_polls(stage):
    """From its start: the list shows that, and no event before is missed."""
    world = a_long_past()
    world.run(created=0, starts_after=45, seconds=300)
    world.job("a", seconds=100).job("b", seconds=270).job("c", seconds=290)
    here = stage(world, at=-600, days=0.001, log_mode="live")
    here.poll_for(580)
    before = here.requests("list_attempt_jobs", "charged")
    here.poll_for(900)
    assert here.requests("list_attempt_jobs", "charged") - before == 5
    assert [each for each in here.kinds() if each.startswith("workflow_job")] == [
        *["workflow_job_in_progress"] * 3,
        *["workflow_job_completed"] * 3,
    ]


@pytest.mark.usefixtures("ten_a_page")
def test_watching_a_single_job_live_reads_it_when_it_starts_and_ends(stage):
    """The end of a run's last job shows in the run list, so nothing is read in between."""
    world = a_long_past()
    for number in range(2):
        world.run(created=number * 900, starts_after=45, seconds=300).job("test", seconds=280)
    here = stage(world, at=-600, days=0.001, log_mode="live")
    here.poll_for(600 + 900 - 10)
    here.ingest()
    before, lists = (
        here.requests("list_attempt_jobs", "charged"),
        here.requests("list_runs", "charged"),
    )
    here.poll_for(900)
    here.ingest()
    assert here.requests("list_attempt_jobs", "charged") - before == 2
    assert here.requests("list_runs", "charged") - lists == 3
    assert_nothing_twice(here)


@pytest.mark.usefixtures("ten_a_page")
def test_a_job_that_ends_earlier_than_ever_is_published_within_two_polls(stage):
    """Other jobs go on, and GitHub does not touch the run."""
    world = a_long_past()
    for number in range(5):
        world.run(created=number * 900, seconds=600)
        world.job("lint", seconds=400).job("test", seconds=590)
    world.run(created=4500, seconds=600)
    world.job("lint", "failure", seconds=90).job("test", seconds=590)
    here = stage(world, at=-600, days=0.001, log_mode="live")
    here.poll_for(600 + 4500 + 90 + 2 * 30)
    assert here.jobs()[-1]["data"]["conclusion"] == "failure"


@pytest.mark.usefixtures("ten_a_page")
def test_status_hints_of_a_repository_where_only_new_runs_move_are_free(stage):
    """They ask for runs below the first page, so what happens on it changes no answer."""
    world = a_long_past()
    for number in range(4):
        world.run(created=number * 900, starts_after=200, seconds=400, sha="a" * 40)
    here = stage(world, at=-600, days=0.001, log_mode="economy")
    here.poll_for(590)
    before, asked = charged(here), here.requests("list_runs")
    here.poll_for(HOUR)
    assert here.requests("list_runs") - asked > HOUR / 30 + 5 * HOUR / 300 - 10
    assert charged(here) - before <= 4 * (3 + 1 + 1)


def test_webhooks_about_jobs_cost_no_request_for_their_run(stage):
    """The list has shown the run, so of a known one only the jobs are asked for."""
    world = WorldBuilder().run(seconds=600)
    for number in range(10):
        world.job(f"test ({number})", seconds=100 + 10 * number)
    here = stage(world, at=60, log_mode="economy")
    here.poll()
    run_id = here.runs()[0]["data"]["run_id"]
    before = charged(here)
    for _ in range(10):
        here.advance(15)
        here.state.save_run_hint(REPOSITORY, run_id, now=here.clock.now())
        here.poll()
    assert charged(here) == before
    assert here.state.load_run_hints(REPOSITORY) == {}


def test_a_webhook_about_a_job_has_it_reported_at_the_next_look(stage):
    """Live, the hint makes the attempt due though the list has not changed."""
    world = WorldBuilder().run(seconds=600).job("fast", seconds=100).job("slow")
    here = stage(world, at=60, log_mode="live")
    here.poll()
    here.move_to(110)
    here.state.save_run_hint(REPOSITORY, here.runs()[0]["data"]["run_id"], now=here.clock.now())
    here.poll()
    assert here.requests("get_run") == 0
    assert_all_published(here)


@pytest.mark.usefixtures("ten_a_page")
@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_an_idle_repository_costs_nothing(stage, log_mode):
    """An hour of polls, hints included, is answered by free 304s."""
    here = stage(a_long_past(), at=0, days=0.001, log_mode=log_mode)
    here.poll_for(600)
    before, published = here.requests(column="charged"), len(here.metrics())
    here.poll_for(HOUR)
    assert here.requests(column="charged") == before
    assert here.requests(column="free") > 100
    assert len(here.metrics()) == published


def test_a_hundred_runs_take_a_message_batch_of_ten_each_and_one_query_for_their_commits(stage):
    """A batch of attempts fills those of messages, and its commits one GraphQL query."""
    here = stage(ended_runs(RUNS, 1), at=3 * HOUR, log_mode="economy", settings=GENEROUS)
    sends, send = [], here.queues.metrics.send

    def counted(batch):
        sends.append(len(batch))
        return send(batch)

    here.queues.metrics.send = counted
    assert here.poll() is None
    assert sum(sends) == 2 * RUNS
    assert len(sends) / sum(sends) <= 0.11
    assert here.requests("graphql") == 1
    assert all(each["data"]["code_metrics"] for each in here.runs())


def test_collecting_again_costs_nothing(stage):
    """What is known is not asked for again, and nothing is said twice."""
    here = stage(ended_runs(20, 3), at=2 * HOUR, log_mode="economy")
    here.poll()
    here.ingest()
    before, published = here.requests(column="charged"), len(here.metrics()) + len(here.logs())
    here.poll()
    here.ingest()
    assert here.requests(column="charged") == before
    assert len(here.metrics()) + len(here.logs()) == published


@pytest.mark.usefixtures("ten_a_page")
def test_what_can_wait_waits_where_the_hour_is_used_up_quickly(stage):
    """First looks at open runs are few, and sweeps leave the hour to polls."""
    settings = Settings(tokens=(TokenSpec(limit=100),), limits=Limits(points_per_minute=0))
    world = a_long_past()
    for number in range(30):
        world.run(created=number, seconds=60)
    here = stage(world, at=600, days=0.1, log_mode="economy", settings=settings)
    assert here.poll() is None
    spent = here.requests("list_runs", "charged")
    here.poll_for(240)
    assert here.requests("list_runs", "charged") == spent


def test_a_log_is_not_asked_for_before_github_has_it(stage):
    """A webhook reports a job's end seconds before its log is there, and a refusal is paid for."""
    world = WorldBuilder().run(seconds=600).job("fast", seconds=112).job("slow")
    here = stage(world, at=60, log_mode="live")
    here.poll()
    here.move_to(119)
    here.poll()
    here.ingest(every=2)
    assert len(here.logs()) == 1
    assert here.requests("get_job_log", "charged") == 1
