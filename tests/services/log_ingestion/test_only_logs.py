"""An attempt's only log, in economy mode: from its archive, with exact steps, for one request."""

from __future__ import annotations

import pytest
from ingest.messaging.log_work import job_work_message
from support.world import Stage
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.specs import LogSpec

#: The second step begins with a line that is not its kind's, so that its place is uncertain.
STEPS = ("Set up job", "Initialize containers", "Run tests", "Complete job")

FETCHED = ["job_log_fetched", "job_log_unavailable"]


def collected(stage, **options) -> Stage:
    world = WorldBuilder().run(seconds=60)
    world.job("build", log=LogSpec(seed="build"), steps=STEPS).job("deploy", "skipped")
    here = stage(world, at=100, **options)
    assert here.poll() is None
    return here


def steps_of(here: Stage) -> list[str]:
    """Return the names of the steps that were found in the log."""
    [log] = [log["data"] for log in here.logs() if log["event_type"] == "job_log_fetched"]
    return [step["step_name"] for step in log["steps"] or ()]


def requests(here: Stage) -> tuple[int, int]:
    """Count the requests for archives and for single logs."""
    return here.requests("get_attempt_log"), here.requests("get_job_log")


def test_every_step_of_an_only_log_is_found_for_the_same_request(stage):
    """The archive's directory proves the steps; the skipped job costs nothing."""
    here = collected(stage, log_mode="economy")
    here.ingest()
    assert steps_of(here) == list(STEPS)
    assert requests(here) == (1, 0)


def test_live_mode_fetches_an_only_log_alone(stage):
    """Nobody waits for an archive."""
    here = collected(stage, log_mode="live")
    here.ingest()
    assert len(steps_of(here)) < len(STEPS)
    assert requests(here) == (0, 1)


def test_an_only_log_that_was_ordered_alone_is_fetched_alone(stage):
    """A release before this one has left its work on the queue."""
    here = collected(stage, log_mode="economy")
    queue = here.queues.job_events
    queue.delete(queue.receive(max_messages=10, wait_seconds=0))
    attempt = here.attempt()
    queue.send([job_work_message(attempt.key, job, now=here.clock.now()) for job in attempt.jobs])
    here.ingest()
    assert len(here.logs()) == 2
    assert requests(here) == (0, 1)
    assert queue.dead_letters() == queue.messages() == []


@pytest.mark.parametrize(
    "do", ["missing", "gone", "error", "sso", "blocked", "reset", "archive_lacks", "archive_empty"]
)
def test_an_only_log_arrives_without_its_archive(stage, do):
    """It is fetched alone, whatever the archive's failure is, and the archive asked for once."""
    here = collected(stage, log_mode="economy")
    status = 502 if do == "error" else 403
    here.fail(Fault(path=r"(/attempts/1/logs|logs\.zip)$", do=do, status=status))
    here.ingest(rounds=8)
    assert sorted(log["event_type"] for log in here.logs()) == FETCHED
    assert requests(here) == (1, 1)


@pytest.mark.parametrize("do", ["missing", "gone", "error", "sso", "blocked", "reset"])
def test_an_only_log_arrives_where_single_logs_fail(stage, do):
    """Its archive holds it."""
    here = collected(stage, log_mode="economy")
    status = 502 if do == "error" else 403
    here.fail(Fault(path="/jobs/[0-9]+/logs$", do=do, status=status))
    here.ingest(rounds=8)
    assert steps_of(here) == list(STEPS)
    assert requests(here) == (1, 0)
