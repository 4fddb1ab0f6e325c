"""What one look at an attempt brings, and what it never takes away."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from ingest.domain.filters import FilterChain
from ingest.ports import Answer, JobList
from ingest.services.monitoring.commit_and_detail_readers import CommitAndDetailReaders
from ingest.services.monitoring.read_attempts import (
    FINAL_INCOMPLETE_JOB_READS,
    MAX_INCOMPLETE_JOB_READS,
    MAX_OPEN_JOB_READS,
    merge_jobs,
    read_attempt,
)
from ingest.services.monitoring.read_commits import CommitReader
from ingest.services.monitoring.read_details import DetailReader
from support.builders import a_job
from support.world import REPOSITORY, assert_all_published
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault


def test_an_older_sights_steps_stay_where_a_newer_one_has_none():
    """Steps vanish with age; a short page takes no job away."""
    old, other = a_job(), a_job(job_id=2)
    merged = merge_jobs([old, other], [a_job(steps=(), conclusion="failure")])
    assert [job.job_id for job in merged] == [old.job_id, 2]
    assert merged[0].conclusion == "failure"
    assert merged[0].steps == old.steps


def read(here, **wanted):
    github = here.context.github
    commits = CommitReader(github, REPOSITORY, {}, clock=here.clock)
    details = DetailReader(github, REPOSITORY, clock=here.clock, with_artifacts=False)
    readers = CommitAndDetailReaders(commits, details, FilterChain())
    return read_attempt(github, here.attempt(), readers, **wanted)


def a_stage_in_flight(stage):
    here = stage(WorldBuilder().run(seconds=600).job("a").rerun(at=900).job("b"), at=60)
    here.poll()
    return here


def test_a_run_that_is_fresh_is_not_asked_for(stage):
    """The list has just shown it, so only its jobs are read."""
    here = a_stage_in_flight(stage)
    before = here.requests("get_run")
    snapshot = read(here, is_run_current=True, wants_jobs=True)
    assert here.requests("get_run") == before
    assert snapshot.error is None


def test_a_look_that_meets_a_later_attempt_brings_both(stage):
    """The attempt's own end is read by its number, and the later one is handed on."""
    here = a_stage_in_flight(stage)
    here.move_to(950)
    snapshot = read(here, is_run_current=False, wants_jobs=False)
    assert snapshot.newer_attempt.run_attempt == 2
    assert (snapshot.record.run.run_attempt, snapshot.record.run.status) == (1, "completed")
    assert snapshot.record.jobs[0].is_completed


def test_a_later_attempt_is_kept_where_the_earlier_one_cannot_be_read(stage):
    """What was read before an error is part of the result."""
    here = a_stage_in_flight(stage)
    here.move_to(950)
    here.fail(Fault(path="/attempts/1$", do="error", status=500))
    snapshot = read(here, is_run_current=False, wants_jobs=False)
    assert snapshot.error is not None
    assert snapshot.newer_attempt.run_attempt == 2


def test_an_attempt_has_the_number_by_which_it_was_requested(stage):
    """Servers may give the number of the newest attempt, or none."""
    here = a_stage_in_flight(stage)
    here.move_to(950)
    fetch = here.context.github.fetch_attempt
    here.context.github.fetch_attempt = lambda key: replace(fetch(key), run_attempt=2)
    snapshot = read(here, is_run_current=False, wants_jobs=False)
    assert (snapshot.record.run.run_attempt, snapshot.record.run.status) == (1, "completed")


def test_an_error_is_part_of_the_reading(stage):
    """The other attempts of a batch are kept."""
    here = a_stage_in_flight(stage)
    here.fail(Fault(path=f"/repos/{REPOSITORY}/actions/runs/", do="error", status=500))
    snapshot = read(here, is_run_current=True, wants_jobs=True)
    assert snapshot.error is not None
    assert snapshot.record == here.attempt()


def with_jobs(here, answers):
    """Answer the first requests for jobs from `answers`, the others as GitHub does."""
    fetch, left = here.context.github.fetch_jobs, list(answers)

    def fetch_jobs(key, validator=None):
        return Answer(left.pop(0), '"etag"') if left else fetch(key, validator)

    here.context.github.fetch_jobs = fetch_jobs


@pytest.mark.parametrize("is_counted", [False, True])
def test_an_ended_run_whose_list_of_jobs_is_empty_for_a_while_loses_none(stage, is_counted):
    """Whether GitHub counts the jobs that it does not list, or none."""
    here = stage(WorldBuilder().run(seconds=60).job("a").job("b"), at=3600)
    with_jobs(here, [JobList(jobs=(), matches_total_count=not is_counted)] * 4)
    here.poll_for(90, every=10)
    assert {each["data"]["job_name"] for each in here.jobs()} == {"a", "b"}
    assert here.attempt().settled


def test_an_unchanged_list_that_was_incomplete_is_not_complete(stage):
    """What GitHub calls unchanged lacks what it lacked before."""
    here = stage(WorldBuilder().run(seconds=60).job("a").job("b"), at=3600)
    fetch = here.context.github.fetch_jobs

    def fetch_half(key, validator=None):
        answer = fetch(key, validator)
        jobs = answer.value
        half = jobs and JobList(jobs=jobs.jobs[:1], matches_total_count=False)
        return replace(answer, value=half)

    here.context.github.fetch_jobs = fetch_half
    here.poll()
    assert not here.attempt().settled
    here.context.github.fetch_jobs = fetch
    here.poll_for(60)
    assert {each["data"]["job_name"] for each in here.jobs()} == {"a", "b"}


@pytest.mark.parametrize(
    ("age", "reads"),
    [(3600, FINAL_INCOMPLETE_JOB_READS + 1), (100_000, MAX_INCOMPLETE_JOB_READS + 1)],
)
def test_a_run_that_lists_no_job_for_good_is_published_at_once_and_settled_later(stage, age, reads):
    """It is read a bounded number of times, less often if it ended long ago."""
    here = stage(WorldBuilder().run(seconds=60).job("a"), at=age, days=3)
    with_jobs(here, [JobList(jobs=(), matches_total_count=True)] * 100)
    here.poll()
    assert here.kinds() == ["workflow_run_completed"]
    here.poll_for(100, every=10)
    assert here.attempt().settled == (age > 3600)
    here.poll_for(2 * 3600, every=60)
    assert here.attempt().settled
    assert here.attempt().incomplete_job_reads == reads


@pytest.mark.parametrize("listed", ["none", "half"])
def test_jobs_that_appear_minutes_after_the_end_are_published(stage, listed):
    """The end is published again with them, and unchanged lists cost nothing meanwhile."""
    here = stage(WorldBuilder().run(seconds=60).job("a").job("b"), at=3600)
    fetch = here.context.github.fetch_jobs

    def fetch_early(key, validator=None):
        if validator is not None:
            return Answer(None, validator)
        jobs = fetch(key).value.jobs[: 1 if listed == "half" else 0]
        return Answer(JobList(jobs=jobs, matches_total_count=listed == "none"), '"early"')

    here.context.github.fetch_jobs = fetch_early
    here.poll_for(600, every=10)
    assert here.attempt().incomplete_job_reads > MAX_INCOMPLETE_JOB_READS
    here.context.github.fetch_jobs = lambda key, _validator=None: fetch(key)
    here.poll_for(1800, every=60)
    assert {each["data"]["job_name"] for each in here.jobs()} == {"a", "b"}
    assert len(here.runs()[-1]["data"]["jobs"]) == 2
    assert here.attempt().settled


@pytest.mark.parametrize("then", ["late_jobs", "unchanged"])
def test_jobs_that_are_open_in_an_ended_run_are_read_again_within_seconds(stage, then):
    """Whether the list lags behind the run, or a cache between says that it is unchanged."""
    here = stage(WorldBuilder().run(seconds=600).job("a", seconds=590), at=3600)
    lag = {"path": "/jobs$", "seconds": 3500}
    here.fail(Fault(do="late_jobs", count=2, **lag), Fault(do=then, count=1, **lag))
    here.poll_for(20, every=1)
    assert here.attempt().settled
    assert_all_published(here)


def test_jobs_that_never_end_are_read_often_for_half_a_minute_only(stage):
    """Their run has ended, and their runner may be lost."""
    here = stage(WorldBuilder().run(seconds=600).job("a", seconds=590), at=3600)
    here.fail(Fault(path="/jobs$", do="late_jobs", seconds=3500))
    here.poll_for(40, every=1)
    assert here.attempt().open_job_reads == MAX_OPEN_JOB_READS
    read = here.requests("list_attempt_jobs")
    here.poll_for(25, every=1)
    assert here.requests("list_attempt_jobs") - read <= 1


def test_a_short_list_is_doubted_after_jobs_that_stayed_open(stage):
    """How often the list held open jobs does not show whether it is whole."""
    here = stage(WorldBuilder().run(seconds=600).job("a").job("b"), at=3600)
    fetch, reads = here.context.github.fetch_jobs, itertools.count()

    def fetch_in_parts(key, validator=None):
        answer, number = fetch(key), next(reads)
        [first, *_] = answer.value.jobs
        if number < MAX_OPEN_JOB_READS:
            still_open = replace(first, status="in_progress", conclusion=None, completed_at=None)
            return replace(answer, value=JobList(jobs=(still_open,), matches_total_count=True))
        if number == MAX_OPEN_JOB_READS:
            return replace(answer, value=JobList(jobs=(first,), matches_total_count=False))
        return answer

    here.context.github.fetch_jobs = fetch_in_parts
    here.poll_for(300, every=1)
    assert here.attempt().settled
    assert {each["data"]["job_name"] for each in here.jobs()} == {"a", "b"}


def test_the_delivered_end_of_a_job_stays_while_lists_lag_behind_it(stage):
    """A list that changes for another reason takes it back neither at once nor later."""
    here = a_stage_in_flight(stage)
    record = here.attempt()
    [listed] = here.context.github.fetch_jobs(record.key).value.jobs
    ended = replace(listed, status="completed", conclusion="success")
    here.state.save_attempts([replace(record, jobs=(ended,), has_delivered_jobs=True)])
    for number in (2, 3):
        jobs = (listed, replace(listed, job_id=number))
        with_jobs(here, [JobList(jobs=jobs, matches_total_count=True)])
        snapshot = read(here, is_run_current=True, wants_jobs=True)
        assert snapshot.record.jobs[0].is_completed
        here.state.save_attempts([snapshot.record])


def test_a_malformed_job_is_reported_once_and_holds_none_of_the_others(stage):
    """GitHub may send it whole later, so its list is read again for a while."""
    here = stage(WorldBuilder().run(seconds=60).job("a").job("b"), at=3600)
    here.fail(Fault(path="/jobs$", do="malformed", count=2))
    here.poll_for(60)
    assert {each["data"]["job_name"] for each in here.jobs()} == {"a", "b"}
    assert ["without a usable 'id'" in each for each in here.errors()] == [True]
