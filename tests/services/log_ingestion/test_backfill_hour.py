"""A backfill that uses up its part of a token's limits does not hold back the logs of live runs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from ingest.domain.ledger import LOG_PENDING, JobLogRecord
from ingest.domain.log_pages import LogLines
from ingest.domain.runs import AttemptKey
from ingest.errors import BackfillLimited
from ingest.messaging.log_work import WorkItemJob, job_work_message
from ingest.services.log_ingestion.ingest_logs import ingest_due_logs
from ingest.wire.rate_limiter import BULK_MINUTE_SHARE
from support.world import GENEROUS, REPOSITORY, OpenStage, Stage, log_reader
from support.world_builder import FIRST_JOB, FIRST_RUN, WorldBuilder

from standalone.sandbox.settings import TokenSpec

OLD_RUNS = 20
LIVE_AT = 8000
SMALL_HOUR = replace(GENEROUS, tokens=(TokenSpec(limit=120, graphql_limit=10**6),))


def use_up_hour(
    stage: OpenStage, *, conclusion: str = "success", log_mode: str = "economy"
) -> Stage:
    """Fetch logs of a backfill until none is left of its part of the hour; old ones still wait."""
    world = WorldBuilder()
    for number in range(OLD_RUNS):
        world.run(conclusion, created=number, seconds=30).job("old", conclusion, log=b"old\n")
    world.run(conclusion, created=LIVE_AT, seconds=30)
    world.job("live", conclusion, log=b"live\n").job("too", log=b"too\n")
    here = stage(world, at=LIVE_AT - 100, settings=SMALL_HOUR, log_mode=log_mode)
    assert here.poll() is None
    ingest_due_logs(here.context, wait_seconds=0)
    fetch_old_logs(here)
    ingest_all(here)
    assert 0 < len(here.logs()) < OLD_RUNS
    return here


def fetch_old_logs(here: Stage) -> None:
    with suppress(BackfillLimited):
        while True:
            here.context.github.fetch_job_log(
                REPOSITORY, FIRST_JOB + 1, BytesIO(), is_backfill=True
            )


def ingest_all(here: Stage) -> None:
    while ingest_due_logs(here.context, wait_seconds=0):
        pass


@pytest.mark.parametrize("log_mode", ["live", "economy"])
@pytest.mark.parametrize("conclusion", ["success", "failure"])
def test_a_live_log_comes_in_the_hour_that_a_backfill_has_used_up(
    stage: OpenStage, log_mode: str, conclusion: str
) -> None:
    """The backfill's come when the hour is over, and none is asked for beyond the limit."""
    here = use_up_hour(stage, log_mode=log_mode, conclusion=conclusion)
    before = len(here.logs())
    here.move_to(LIVE_AT + 60)
    assert here.poll() is None
    ingest_all(here)
    assert sorted(each["data"]["job_name"] for each in here.logs()[before:]) == ["live", "too"]
    here.ingest(rounds=120)
    assert len(here.logs()) == OLD_RUNS + 2
    assert here.server.stats()["violations"] == 0


def test_a_live_log_whose_attempt_is_not_recorded_yet_is_known_by_its_work(
    stage: OpenStage,
) -> None:
    """Its work is sent first; that of a long ended job waits."""
    here = use_up_hour(stage)
    here.move_to(LIVE_AT + 60)
    fetch_old_logs(here)
    before, now = len(here.logs()), here.clock.now()
    first = FIRST_JOB + OLD_RUNS
    key = AttemptKey(REPOSITORY, FIRST_RUN + OLD_RUNS + 1, 1)
    for number, age in ((1, timedelta(hours=2)), (2, timedelta(seconds=30))):
        due = WorkItemJob(
            job_id=first + number,
            job_name="known later",
            conclusion="success",
            completed_at=now - age,
            never_started=False,
        )
        log = JobLogRecord(
            key=key, job_id=due.job_id, job_name="x", state=LOG_PENDING, updated_at=now
        )
        here.state.save_job_logs([log])
        here.queues.job_events.send([job_work_message(key, due, now=now)])
    ingest_all(here)
    assert [each["data"]["job_id"] for each in here.logs()[before:]] == [first + 2]


def test_a_live_log_comes_in_the_minute_that_a_backfill_has_used_up(stage: OpenStage) -> None:
    """A fifth of the minute is left for it; the backfill's come a minute later."""
    world = WorldBuilder().run(created=0, seconds=30).job("old", log=b"old\n")
    world.run(created=LIVE_AT, seconds=30).job("live", log=b"live\n")
    here = stage(world, at=LIVE_AT + 60)
    assert here.poll() is None
    here.use_up_minute(BULK_MINUTE_SHARE)
    ingest_all(here)
    assert [each["data"]["job_name"] for each in here.logs()] == ["live"]
    here.ingest(rounds=70)
    assert [each["data"]["job_name"] for each in here.logs()] == ["live", "old"]


def test_a_person_reads_a_log_in_the_hour_that_a_backfill_has_used_up(stage: OpenStage) -> None:
    here = use_up_hour(stage)
    data = here.logs()[0]["data"]
    key = AttemptKey(data["repo"], data["run_id"], data["run_attempt"])
    assert isinstance(log_reader(here.context).read(key, data["job_id"], 1, 10), LogLines)


def test_a_collection_that_ends_pauses_for_its_backfill(stage: OpenStage) -> None:
    """It has nothing else to wait for."""
    here = use_up_hour(stage)
    here.advance(901)
    with pytest.raises(BackfillLimited):
        ingest_due_logs(here.context, wait_seconds=0, raises_backfill_limited=True)
