"""Runs and jobs as GitHub lists them, whatever the repository is called by now."""

from __future__ import annotations

import pytest
from ingest.domain.runs import AttemptKey
from ingest.ports import RunQuery
from support.world import FIRST_RUN, assert_all_published
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault

KEY = AttemptKey("octo/api", FIRST_RUN + 1, 1)


def a_world(jobs: int, runs: int = 1) -> WorldBuilder:
    world = WorldBuilder().repository("octo/api", former_names=["octo/old"])
    for number in range(runs):
        world.run(created=number, seconds=60)
    world._repositories[0].runs[0].attempts[0].jobs.clear()
    first = world._repositories[0].runs[0]
    world._repositories[0].runs.remove(first)
    world._repositories[0].runs.append(first)
    world.jobs(jobs)
    return world


@pytest.fixture
def source(stage):
    def open_github(world, **options):
        here = stage(world, at=1000, **options)
        return here, here.context.github

    return open_github


def test_pages_follow_each_other_to_the_end(source):
    """Each says whether another follows."""
    _, actions = source(a_world(0, runs=250))
    pages = [actions.fetch_runs("octo/api", RunQuery(page=page)).value for page in (1, 2, 3)]
    assert [len(page.runs) for page in pages] == [100, 100, 50]
    assert [page.has_next for page in pages] == [True, True, False]
    assert len({run.run_id for page in pages for run in page.runs}) == 250


@pytest.mark.parametrize("count", [0, 1, 100, 101, 230])
def test_all_jobs_are_read_and_unchanged_ones_are_free(source, count):
    """The validator speaks for every page."""
    here, actions = source(a_world(count))
    answer = actions.fetch_jobs(KEY)
    assert len(answer.value.jobs) == count
    assert answer.value.matches_total_count
    charged = here.requests("list_attempt_jobs", "charged")
    assert actions.fetch_jobs(KEY, answer.validator).value is None
    assert here.requests("list_attempt_jobs", "charged") == charged


def test_a_run_is_read_with_a_validator(source):
    """A second request is free."""
    here, actions = source(a_world(1))
    first = actions.fetch_run("octo/api", KEY.run_id)
    assert first.value == actions.fetch_attempt(KEY)
    assert first.value.key == KEY
    assert actions.fetch_run("octo/api", KEY.run_id, first.validator).value is None
    assert here.requests(column="free") == 1


def test_a_renamed_repository_is_read_to_its_last_page(source):
    """The new name is used from the first answer on."""
    _, actions = source(a_world(0, runs=150))
    first = actions.fetch_runs("octo/old", RunQuery()).value
    assert len(first.runs) == 100
    assert {run.repository for run in first.runs} == {"octo/old"}
    assert len(actions.fetch_runs("octo/old", RunQuery(page=2)).value.runs) == 50


@pytest.mark.parametrize("count", [31, 130])
def test_a_renamed_repositorys_jobs_are_all_read_by_a_new_process(source, count):
    """It learns the new name from the jobs where the run list said nothing."""
    here, actions = source(a_world(count))
    answer = actions.fetch_jobs(AttemptKey("octo/old", KEY.run_id, 1))
    assert len(answer.value.jobs) == count
    assert here.requests("list_attempt_jobs") <= 5


def test_a_renamed_repository_is_collected_whole(stage):
    """Runs, jobs, commits and logs, under the name by which it is watched."""
    here = stage(a_world(40, runs=130), at=1000)
    here.watch("octo/old")
    here.state.set_paused("octo/api", paused=True)
    here.poll_for(60, name="octo/old")
    assert {each["data"]["repo"] for each in here.metrics()} == {"octo/old"}
    assert_all_published(here)
    here.ingest()
    assert len(here.logs()) == 40


def test_a_repository_is_looked_up(source):
    """Its present name, and whether it is private."""
    _, actions = source(a_world(0))
    facts = actions.fetch_repository("octo/old")
    assert (facts.full_name, facts.is_private, facts.is_archived) == ("octo/api", False, False)


def test_what_is_left_is_known_without_asking(source):
    """From the last answers."""
    here, actions = source(a_world(1))
    assert actions.rate_limit_status().remaining is None
    actions.fetch_runs("octo/api", RunQuery())
    asked = here.requests()
    assert actions.rate_limit_status().remaining == 10**6 - 1
    assert actions.has_hour_headroom("octo/api")
    assert actions.hour_interval_factor("octo/api") == 1
    assert here.requests() == asked


def test_a_slow_answer_is_waited_for(source):
    """It is no error."""
    here, actions = source(a_world(1))
    here.fail(Fault(path="/jobs", do="slow", seconds=0.3))
    assert len(actions.fetch_jobs(KEY).value.jobs) == 1
