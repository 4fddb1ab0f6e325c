"""What is expected of jobs in progress, from how long they took lately."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from ingest.domain.job_durations import MAX_JOBS, MAX_SAMPLES, add_durations, earliest_end
from support.builders import a_job, a_run

MOMENT = datetime(2026, 1, 1, tzinfo=timezone.utc)
RUN = a_run()


def ended(seconds, name="test"):
    end = MOMENT + timedelta(seconds=seconds)
    return replace(a_job(), name=name, status="completed", started_at=MOMENT, completed_at=end)


def in_progress(name="test"):
    return replace(ended(0, name), status="in_progress", conclusion=None, completed_at=None)


def learned(*seconds, name="test"):
    known = {}
    for each in seconds:
        known = add_durations(known, RUN, [ended(each, name)])
    return known


def test_the_first_end_is_expected_after_the_shortest_duration():
    known = {**learned(300, 280, 320), **learned(100, 90, 95, name="lint")}
    jobs = [in_progress(), in_progress("lint")]
    assert earliest_end(known, RUN, jobs) == MOMENT + timedelta(seconds=90)


def test_nothing_is_expected_of_what_is_little_known_or_not_started():
    known = learned(300, 280)
    assert earliest_end(known, RUN, [in_progress()]) is None
    known = learned(300, 280, 290)
    assert earliest_end(known, RUN, [in_progress(), in_progress("new")]) is None
    assert earliest_end(known, RUN, [replace(in_progress(), status="queued")]) is None
    assert earliest_end(known, RUN, [ended(5)]) is None


def test_jobs_of_another_workflow_say_nothing():
    other = replace(RUN, workflow_id=(RUN.workflow_id or 0) + 1)
    assert earliest_end(learned(300, 280, 290), other, [in_progress()]) is None


def test_what_is_kept_is_bounded():
    known = learned(*range(1, 20))
    assert [len(samples) for samples in known.values()] == [MAX_SAMPLES]
    for number in range(2 * MAX_JOBS):
        known = add_durations(known, RUN, [ended(9, f"job {number}")])
    assert len(known) == MAX_JOBS
    assert all("job" in key for key in known)
