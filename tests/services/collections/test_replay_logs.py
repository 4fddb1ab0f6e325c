"""A replayed log says of its steps what its first message said, wherever it comes from."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ingest.ports import BlobReference
from ingest.services.collections.replay import ReplayProgress, replay
from ingest.services.collections.replay_span import ReplaySpan
from support.log_caches import open_log_cache
from support.world import REPOSITORY, Stage
from support.world_builder import FIRST_RUN, WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.specs import LogSpec

#: The second step begins with a line that is not its kind's, so that its place is uncertain.
STEPS = ("Set up job", "Initialize containers", "Run tests", "Complete job")

#: What may differ between a message and its repeat.
CHANGES = {"fetched_at", "replayed"}


def collected(stage: Any, *names: str, cached: bool = False, **options: Any) -> Stage:
    """Collect the logs of one run, whose steps the archive of the run proves."""
    world = WorldBuilder().run(seconds=60).job("skipped", "skipped")
    for name in names:
        world.job(name, log=LogSpec(seed=name, lines_per_step=60), steps=STEPS)
    here: Stage = stage(world, at=100, log_mode="economy", **options)
    if cached:
        here.context = replace(here.context, log_cache=open_log_cache())
    assert here.poll() is None
    here.ingest()
    return here


def replayed(here: Stage) -> ReplayProgress:
    now = here.clock.now()
    span = ReplaySpan(repository=REPOSITORY, since=now, until=now, run_id=FIRST_RUN + 1)
    [progress] = replay(here.context, span, should_continue=lambda: True)
    return progress


def sent_logs(here: Stage, *, after: int = 0) -> dict[str, dict[str, Any]]:
    """Return the messages behind some, each whole and without what may differ, by id."""
    found = {}
    for message in here.queues.logs.accepted()[after:]:
        body = json.loads(message.body)
        if isinstance(body, list):
            with here.blobs.open(
                BlobReference(body[1]["s3BucketName"], body[1]["s3Key"])
            ) as chunks:
                body = json.loads(b"".join(chunks))
        found[body["event_id"]] = {
            name: value for name, value in body["data"].items() if name not in CHANGES
        }
    return found


def requests(here: Stage) -> tuple[int, int]:
    """Count the requests for archives and for single logs."""
    return here.requests("get_attempt_log"), here.requests("get_job_log")


@pytest.mark.parametrize("is_purged", [False, True])
@pytest.mark.parametrize("names", [["build"], ["build", "test"]])
def test_logs_that_are_not_stored_come_from_the_archive(stage, names, is_purged):
    """In one request, with every step: an only log, and several."""
    here = collected(stage, *names)
    first = sent_logs(here)
    if is_purged:
        assert here.state.remove_settled_attempts(created_before=here.clock.now(), limit=9)
    assert requests(here) == (1, 0)
    assert replayed(here).logs == len(names) + 1
    assert requests(here) == (2, 0)
    again = sent_logs(here, after=len(first))
    assert again == first
    found = [data["steps"] for data in again.values() if "steps" in data]
    assert [[step["step_name"] for step in steps] for steps in found] == [list(STEPS)] * len(names)


@pytest.mark.parametrize("options", [{"cached": True}, {"with_bucket": True}])
def test_a_stored_log_keeps_the_steps_that_its_archive_proved(stage, options):
    """Without a request: the log alone does not show them."""
    here = collected(stage, "build", "test", max_message_bytes=8000, **options)
    first = sent_logs(here)
    asked = here.requests()
    assert replayed(here).logs == 3
    assert here.requests() == asked
    assert sent_logs(here, after=len(first)) == first


@pytest.mark.parametrize("is_purged", [False, True])
def test_an_empty_log_is_replayed_as_one(stage, is_purged):
    """It was requested several times before it was believed."""
    world = WorldBuilder().run(seconds=60).job("build", log=b"").job("test", log=b"one")
    here = stage(world, at=100, log_mode="economy")
    assert here.poll() is None
    here.ingest()
    first = sent_logs(here)
    assert sorted(data["log_bytes"] for data in first.values()) == [0, 3]
    if is_purged:
        assert here.state.remove_settled_attempts(created_before=here.clock.now(), limit=9)
    assert replayed(here).logs == 2
    assert sent_logs(here, after=len(first)) == first


def test_a_log_that_its_archive_holds_otherwise_is_fetched_alone(stage):
    """As it was published: its id stands for its bytes."""
    world = WorldBuilder().run(seconds=60)
    for name in ("build", "test"):
        world.job(name, log=LogSpec(seed=name))
    here = stage(world, at=100, log_mode="live")
    here.fail(Fault(path=r"(/attempts/1/logs|logs\.zip)$", do="missing"))
    assert here.poll() is None
    here.ingest()
    first = sent_logs(here)
    archives, singles = requests(here)
    here.fail(Fault(path=r"logs\.zip$", do="archive_differs"))
    assert replayed(here).logs == 2
    assert requests(here) == (archives + 1, singles + 1)
    assert sent_logs(here, after=len(here.logs()) // 2) == first


def test_a_log_that_github_has_no_more_is_lost(stage):
    """Its reader knows it, so that no message says that there is none."""
    here = collected(stage, "build", "test")
    sent = len(here.logs())
    here.fail(Fault(path="/logs", do="gone"))
    progress = replayed(here)
    assert (progress.logs, progress.lost_logs) == (1, 2)
    assert [each["event_type"] for each in here.logs()[sent:]] == ["job_log_unavailable"]
