"""Which jobs of attempts in flight one batch reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from ingest.domain.runs import AttemptKey
from ingest.services.monitoring.job_read_policy import LONGEST_SKIP, JobReadPolicy
from ingest.services.monitoring.poll_session import PollSession
from support.world import REPOSITORY, OpenStage
from support.world_builder import WorldBuilder


class LongList(dict[AttemptKey, datetime | None]):
    """The changes of a list of tens of thousands of runs, of which each batch has a hundred."""

    def __iter__(self) -> Iterator[AttemptKey]:
        raise AssertionError("a batch went through every change of the poll")


def test_a_batch_does_not_go_through_everything_that_the_list_has_shown(stage: OpenStage) -> None:
    """The time of a backfill would grow with the square of its runs."""
    here = stage(WorldBuilder().run(seconds=900).job("test"), at=300)
    assert here.poll() is None
    repository = here.state.load_repository(REPOSITORY)
    assert repository is not None
    now, key = here.clock.now(), here.attempt().key
    changed = LongList({key: now})
    poll_session = PollSession(repository=repository, leased_at=now, change_times=changed)
    assert key in JobReadPolicy(here.context, poll_session).changed_in_poll


@pytest.mark.parametrize(
    ("read", "is_wanted"),
    [(LONGEST_SKIP / 2, False), (LONGEST_SKIP, True), (timedelta(days=-1), True)],
    ids=["just now", "long ago", "before the clock was set back"],
)
def test_jobs_that_no_change_is_expected_of_are_read_now_and_then(
    stage: OpenStage, read: timedelta, is_wanted: object
) -> None:
    """As many jobs as the workflow's last runs had, of which the last one runs."""
    here = stage(WorldBuilder().run(seconds=900).job("test"), at=300)
    assert here.poll() is None
    now, repository = here.clock.now(), here.state.load_repository(REPOSITORY)
    record = replace(here.attempt(), jobs_read_at=here.clock.now() - read)
    assert repository is not None
    assert record.run is not None
    counts = {str(record.run.workflow_id): (1,)}
    repository = replace(repository, recent_job_counts=counts)
    policy = JobReadPolicy(here.context, PollSession(repository=repository, leased_at=now))
    assert policy.wants_jobs(record) is is_wanted
