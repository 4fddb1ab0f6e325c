"""What is published for the first time is counted once, whatever was known of it before."""

from __future__ import annotations

import pytest
from ingest.errors import QueueUnavailable
from ingest.ports import SendFailure
from support.changed_ports import raising
from support.world import OpenStage, Stage
from support.world_builder import WorldBuilder


def a_run(stage: OpenStage, *, at: float = 30, log_mode: str = "live") -> Stage:
    """Poll a repository for the first time while its only job runs (60 s), or after it."""
    world = WorldBuilder().run("success", seconds=60).job("a", seconds=40)
    here = stage(world, at=at, log_mode=log_mode)
    here.poll()
    return here


def counted(here: Stage) -> tuple[int, int]:
    """Return the number of lags, and of steps."""
    return here.counters.read("job_lag.count"), here.counters.read("steps")


@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_a_job_that_waits_for_its_queue_is_counted_with_all_of_its_lag(
    stage: OpenStage, log_mode: str
) -> None:
    """An outage is what a lag shows; what was read during it is no longer new."""
    here = a_run(stage, log_mode=log_mode)
    queue, send = here.queues.metrics, here.queues.metrics.send
    queue.send = raising(QueueUnavailable("no route to SQS"))  # type: ignore[method-assign]
    here.move_to(100)
    here.poll()
    assert counted(here) == (0, 0)
    queue.send = send  # type: ignore[method-assign]
    here.move_to(1000)
    here.poll()
    assert counted(here) == (1, 4)
    assert here.counters.read("job_lag.seconds") > 900


def test_a_job_whose_message_is_refused_is_counted_once_it_is_sent(stage: OpenStage) -> None:
    here = a_run(stage)
    queue, send = here.queues.metrics, here.queues.metrics.send
    queue.send = lambda batch: tuple(  # type: ignore[method-assign]
        SendFailure(event_id=each.event_id, reason="no", is_final=True) for each in batch
    )
    here.move_to(100)
    here.poll()
    assert counted(here) == (0, 0)
    queue.send = send  # type: ignore[method-assign]
    here.advance(60)
    here.poll()
    assert counted(here) == (1, 4)


def test_jobs_that_ended_before_their_repository_was_added_have_no_lag(stage: OpenStage) -> None:
    """A backfill would look like an outage."""
    assert counted(a_run(stage, at=600)) == (0, 4)
