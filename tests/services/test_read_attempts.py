"""What one look at an attempt brings, and what it never takes away."""

from __future__ import annotations

from ingest.services.read_attempts import merge_jobs, read_attempt
from ingest.services.read_commits import CommitReads
from ingest.services.read_details import DetailReads
from ingest.services.slice_reads import SliceReads
from support.builders import a_job
from support.world import REPOSITORY

from standalone.sandbox.builder import WorldBuilder
from standalone.sandbox.faults import Fault


def test_an_older_sights_steps_stay_where_a_newer_one_has_none():
    """Steps vanish with age; a short page takes no job away."""
    old, other = a_job(), a_job(job_id=2)
    merged = merge_jobs([old, other], [a_job(steps=(), conclusion="failure")])
    assert [job.job_id for job in merged] == [old.job_id, 2]
    assert merged[0].conclusion == "failure"
    assert merged[0].steps == old.steps


def read(here, **wanted):
    source = here.context.source
    commits = CommitReads(source, REPOSITORY, {})
    details = DetailReads(source, REPOSITORY, with_artifacts=False)
    return read_attempt(source, here.attempt(), SliceReads(commits, details), **wanted)


def a_stage_in_flight(stage):
    here = stage(WorldBuilder().run(seconds=600).job("a").rerun(at=900).job("b"), at=60)
    here.poll()
    return here


def test_a_run_that_is_fresh_is_not_asked_for(stage):
    """The list has just shown it, so only its jobs are read."""
    here = a_stage_in_flight(stage)
    before = here.requests("get_run")
    snapshot = read(here, is_current=True, wants_jobs=True)
    assert here.requests("get_run") == before
    assert snapshot.error is None


def test_a_look_that_meets_a_later_attempt_brings_both(stage):
    """The attempt's own end is read by its number, and the later one is handed on."""
    here = a_stage_in_flight(stage)
    here.move_to(950)
    snapshot = read(here, is_current=False, wants_jobs=False)
    assert snapshot.newest.run_attempt == 2
    assert (snapshot.record.run.run_attempt, snapshot.record.run.status) == (1, "completed")
    assert snapshot.record.jobs[0].is_completed


def test_an_error_is_part_of_the_reading(stage):
    """The other attempts of a slice are kept."""
    here = a_stage_in_flight(stage)
    here.fail(Fault(path=f"/repos/{REPOSITORY}/actions/runs/", do="error", status=500))
    snapshot = read(here, is_current=True, wants_jobs=True)
    assert snapshot.error is not None
    assert snapshot.record == here.attempt()
