"""Which jobs of attempts in flight one batch reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ingest.domain.runs import AttemptKey
from ingest.services.monitoring.job_read_policy import JobReadPolicy
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
