"""Whether an open run's next change shows in the run list, from how many jobs it had lately."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.domain.job_counts import MAX_SAMPLES, MAX_WORKFLOWS, add_job_count, next_change_ends_run
from support.builders import a_job, a_run

RUN = a_run()


def jobs(*statuses):
    return [
        replace(a_job(), job_id=number, status=status) for number, status in enumerate(statuses)
    ]


@pytest.mark.parametrize(
    ("statuses", "is_last"),
    [
        (("completed", "in_progress"), True),
        (("in_progress",), False),
        (("in_progress", "in_progress"), False),
        (("completed", "queued"), False),
        (("completed", "completed"), True),
        (("completed",), False),
        (("completed", "completed", "in_progress"), True),
    ],
)
def test_the_last_open_job_of_as_many_as_usual_ends_with_its_run(statuses, is_last):
    known = add_job_count(
        add_job_count({}, RUN, jobs("completed")), RUN, jobs("completed", "completed")
    )
    assert next_change_ends_run(known, RUN, jobs(*statuses)) is is_last


def test_jobs_of_another_workflow_say_nothing():
    other = replace(RUN, workflow_id=(RUN.workflow_id or 0) + 1)
    known = add_job_count({}, other, jobs("completed"))
    assert not next_change_ends_run(known, RUN, jobs("in_progress"))


def test_what_is_kept_is_bounded():
    known = {}
    for number in range(2 * MAX_WORKFLOWS):
        workflow = replace(RUN, workflow_id=number)
        for _ in range(2 * MAX_SAMPLES):
            known = add_job_count(known, workflow, jobs("completed"))
    assert len(known) == MAX_WORKFLOWS
    assert {len(samples) for samples in known.values()} == {MAX_SAMPLES}
    assert str(2 * MAX_WORKFLOWS - 1) in known
