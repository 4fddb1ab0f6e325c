"""A tick: bounded work of an agent that goes on where the one before ended, or was killed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from ingest.domain.counters import Counters
from ingest.domain.ledger import DESIRED_PAUSED
from ingest.errors import BadCredentials, IngestError, QueueMissing
from ingest.services.agents.heartbeat import idle_heartbeat
from ingest.services.agents.tick import (
    log_tick,
    monitoring_tick,
    report_error,
    runs_elsewhere,
)
from ingest.services.context import (
    LOG_INGESTION_AGENT,
    PIPELINE_MONITORING_AGENT,
    REPORT_AGAIN_AFTER,
)
from ingest.services.monitoring.poll_session import LEASE_SECONDS
from support.state_records import NOW, an_agent
from support.world import GENEROUS, REPOSITORY, Stage, assert_all_published, assert_nothing_twice
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault

HOST = "tasks of the app"
SECONDS = 25


def an_open_run() -> WorldBuilder:
    return WorldBuilder().run(seconds=3600).job("build")


def ended_runs(count: int = 1) -> WorldBuilder:
    world = WorldBuilder()
    for number in range(count):
        world.run(created=number, seconds=60).job("build", log=b"hello\n")
    return world


def monitor(here: Stage, *, context=None, seconds: float = SECONDS, report=lambda *_: None) -> int:
    context = context or here.context
    return monitoring_tick(context, seconds=seconds, host=HOST, set_task_state=report).count


def ingest(here: Stage, *, context=None, seconds: float = SECONDS, report=lambda *_: None) -> int:
    context = context or here.context
    return log_tick(context, seconds=seconds, host=HOST, set_task_state=report).count


def fail(here: Stage, agent: str, error: IngestError, *, now: datetime | None = None) -> None:
    now, pending = now or here.clock.now(), here.counters.pending_requests
    report_error(here.state, agent, error, host=HOST, now=now, pending=pending)


def heartbeat_of(here: Stage, name: str):
    [record] = [each for each in here.state.list_agents() if each.name == name]
    return record


def since(here: Stage, began) -> float:
    return (here.clock.now() - began).total_seconds()


def pauses_after(here: Stage, seconds: float, agent: str):
    """Make something that pauses an agent once so many seconds have passed."""
    began = here.clock.now()

    def report(name: str, value: object) -> None:
        if since(here, began) >= seconds:
            here.state.save_desired_state(agent, DESIRED_PAUSED)

    return report


def test_a_tick_polls_again_and_again_in_its_slice_and_ends_with_it(stage):
    """A repository whose runs move is polled at least every other POLL_SECONDS, not once a tick."""
    here = stage(an_open_run(), at=60, poll_seconds=5)
    began = here.clock.now()
    reported = {}
    polls = monitor(here, report=reported.__setitem__)
    assert polls == reported["polls"]
    assert polls >= SECONDS // (2 * 5)
    assert since(here, began) <= SECONDS
    assert heartbeat_of(here, PIPELINE_MONITORING_AGENT).state == "running"  # the next tick follows


def test_a_tick_ends_early_where_nothing_will_be_due(stage):
    """A task that only waits is paid for like one that works."""
    here = stage(ended_runs(), at=600, poll_seconds=60)
    began = here.clock.now()
    assert monitor(here) == 1
    assert since(here, began) < 5
    assert_all_published(here)


def test_nothing_watched_is_nothing_to_wait_for(stage):
    """Nor is a paused repository."""
    here = stage(ended_runs(), at=600)
    here.state.set_paused(REPOSITORY, paused=True)
    began = here.clock.now()
    assert monitor(here) == 0
    assert since(here, began) == 0


@pytest.mark.parametrize("after", [0, 7])
def test_a_paused_agent_stops_polling_within_seconds(stage, after):
    """Also in the middle of its slice."""
    here = stage(an_open_run(), at=60, poll_seconds=1)
    began = here.clock.now()
    monitor(here, seconds=600, report=pauses_after(here, after, PIPELINE_MONITORING_AGENT))
    assert since(here, began) <= after + 3
    assert heartbeat_of(here, PIPELINE_MONITORING_AGENT).state == "paused"


def test_a_paused_agent_stops_waiting_for_logs_within_seconds(stage):
    """As long as one call to the queue takes."""
    here = stage(ended_runs(), at=600)
    began = here.clock.now()
    ingest(here, seconds=600, report=pauses_after(here, 7, LOG_INGESTION_AGENT))
    assert since(here, began) <= 7 + 2 * 5
    assert heartbeat_of(here, LOG_INGESTION_AGENT).state == "paused"


def test_a_lease_of_a_killed_holder_is_taken_over_as_soon_as_it_is_over(stage):
    """In the tick that its end falls into; before that, nobody waits for it."""
    here = stage(ended_runs(), at=600)
    here.state.claim_repository(holder="killed", now=here.clock.now(), lease_seconds=LEASE_SECONDS)
    began = here.clock.now()
    assert monitor(here) == 0
    assert since(here, began) < 1
    assert heartbeat_of(here, PIPELINE_MONITORING_AGENT).state == "running"
    here.advance(LEASE_SECONDS - 10)
    assert monitor(here) == 1
    assert_all_published(here)
    assert here.record().lease_holder is None


def test_what_a_killed_tick_had_begun_is_not_reported_twice(stage):
    """It is killed between two messages; the next holder sends what is left."""
    here = stage(ended_runs(5), at=600)

    def killed(name: str, value: object) -> None:
        if len(here.metrics()):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        monitor(here, report=killed)
    here.advance(LEASE_SECONDS + 1)
    monitor(here, context=here.join(holder="next"))
    assert_all_published(here)
    assert_nothing_twice(here)


def test_logs_are_ingested_until_the_slice_ends(stage):
    """What comes meanwhile is taken, too."""
    here = stage(ended_runs(3), at=600)
    here.poll()
    began, reported = here.clock.now(), {}
    assert ingest(here, report=reported.__setitem__) == reported["received"] == 3
    assert len(here.logs()) == 3
    assert SECONDS - 1 <= since(here, began) <= SECONDS
    assert heartbeat_of(here, LOG_INGESTION_AGENT).state == "idle"


def test_a_tick_that_leaves_logs_says_so_and_stays_running(stage):
    """The page must not show an idle agent while its logs wait for the next tick."""
    here = stage(ended_runs(12), at=600)
    here.poll()

    def take_long(name: str, value: object) -> None:
        here.advance(SECONDS if name == "received" else 0)

    first = log_tick(here.context, seconds=SECONDS, host=HOST, set_task_state=take_long)
    assert (first.count, first.has_more) == (10, True)
    assert heartbeat_of(here, LOG_INGESTION_AGENT).state == "running"
    last = log_tick(here.context, seconds=SECONDS, host=HOST, set_task_state=lambda *_: None)
    assert (last.count, last.has_more) == (2, False)
    assert heartbeat_of(here, LOG_INGESTION_AGENT).state == "idle"


def test_a_tick_that_leaves_a_due_repository_says_so_and_stays_running(stage):
    """A backfill goes on with the next tick at once."""
    here = stage(ended_runs(), at=600)
    result = monitoring_tick(here.context, seconds=0, host=HOST, set_task_state=lambda *_: None)
    assert (result.count, result.has_more) == (0, True)
    assert heartbeat_of(here, PIPELINE_MONITORING_AGENT).state == "running"


def test_the_last_fraction_of_a_slice_asks_no_queue_again_and_again(stage):
    """Without a second to wait, each answer comes at once, and each is paid for."""
    here = stage(ended_runs(), at=600)
    ingest(here, seconds=0.9)
    assert here.counters.read("queue_requests") <= 1


def a_limited_stage(stage, seconds: int, count: int | None = None) -> Stage:
    """Collect a job whose log GitHub refuses for a while."""
    settings = replace(GENEROUS, limits=replace(GENEROUS.limits, grace=1))
    here = stage(ended_runs(), at=600, settings=settings)
    assert here.poll() is None
    here.fail(Fault(path="/logs$", do="secondary", seconds=seconds, count=count))
    return here


def test_a_limited_tick_reports_it_and_leaves_the_rest_to_the_next(stage):
    """Its last word stays, where the limit outlasts it."""
    here = a_limited_stage(stage, 300)
    began = here.clock.now()
    ingest(here)
    record = heartbeat_of(here, LOG_INGESTION_AGENT)
    assert record.state == "limited"
    assert record.note
    assert since(here, began) < SECONDS


def test_a_limit_that_ends_in_the_slice_is_waited_out(stage):
    """With heartbeats that still say what it waits for; then the log is fetched."""
    here = a_limited_stage(stage, 60, count=1)
    states: list[str] = []

    def report(name: str, value: object) -> None:
        states.extend(each.state for each in here.state.list_agents())

    ingest(here, seconds=200, report=report)
    assert states.count("limited") > 20
    assert len(here.logs()) == 1
    assert heartbeat_of(here, LOG_INGESTION_AGENT).state == "idle"
    assert here.server.stats()["violations"] == 0


def test_a_limited_tick_stops_within_seconds_when_paused(stage):
    """A limit may last an hour, and a slice too."""
    here = a_limited_stage(stage, 600)
    began = here.clock.now()
    ingest(here, seconds=3600, report=pauses_after(here, 7, LOG_INGESTION_AGENT))
    assert since(here, began) <= 7 + 3
    assert heartbeat_of(here, LOG_INGESTION_AGENT).state == "paused"


def test_a_tick_gives_heartbeats_while_it_works(stage):
    """At its start, and every few seconds then."""
    here = stage(an_open_run(), at=60, poll_seconds=1)
    beats = set()

    def report(name: str, value: object) -> None:
        beats.update(each.heartbeat_at for each in here.state.list_agents())

    monitor(here, report=report)
    assert len(beats) >= SECONDS // 5


def test_traffic_is_counted_once_over_ticks(stage):
    """Each tick is a process of its own, which counts from zero."""
    here = stage(an_open_run(), at=60, poll_seconds=5)
    for _ in range(3):
        counters = Counters()
        counters.add("runs", 2)
        monitor(here, context=replace(here.context, counters=counters))
        here.advance(35)
    assert here.state.load_saved_counters().totals["runs"] == 6 + 1


def test_the_last_known_limit_survives_until_github_reports_a_new_one(stage):
    """The page shows it also while a tick that knows none yet begins, rests or fails."""
    here = stage(ended_runs(), at=600)
    monitor(here)
    known = heartbeat_of(here, PIPELINE_MONITORING_AGENT).rate_limit
    assert known["remaining"] is not None
    now = here.clock.now()
    here.state.save_agent(idle_heartbeat(here.state, PIPELINE_MONITORING_AGENT, host=HOST, now=now))
    fail(here, PIPELINE_MONITORING_AGENT, BadCredentials("No."))
    monitor(here, context=here.join(holder="next"), seconds=1)
    assert heartbeat_of(here, PIPELINE_MONITORING_AGENT).rate_limit == known


def test_the_same_trouble_is_reported_once_however_often_it_is_tried(stage):
    """Also where each try begins with a heartbeat."""
    here = stage(ended_runs(), at=600)
    error = QueueMissing("There is no queue.")

    def try_again() -> None:
        fail(here, LOG_INGESTION_AGENT, error)
        assert heartbeat_of(here, LOG_INGESTION_AGENT).state == "error"
        assert heartbeat_of(here, LOG_INGESTION_AGENT).note == "There is no queue."

    for _ in range(3):
        try_again()
        ingest(here, seconds=1)
        here.advance(60)
    assert here.errors() == ["There is no queue."]
    here.advance(REPORT_AGAIN_AFTER.total_seconds())
    try_again()
    assert here.errors() == ["There is no queue."] * 2


def test_trouble_that_a_wrong_clock_reported_is_reported_again(stage):
    """The clock was a day ahead; the error would be hidden until then."""
    here = stage(ended_runs(), at=600)
    for ahead in (timedelta(days=1), timedelta(0)):
        now = here.clock.now() + ahead
        error = QueueMissing("There is no queue.")
        fail(here, LOG_INGESTION_AGENT, error, now=now)
        ingest(here, seconds=1)
    assert here.errors() == ["There is no queue."] * 2


def test_other_trouble_is_reported_as_well(stage):
    """Each its own line."""
    here = stage(ended_runs(), at=600)
    for what in ("a", "b"):
        fail(here, LOG_INGESTION_AGENT, QueueMissing(what))
    assert here.errors() == ["b", "a"]


@pytest.mark.parametrize(
    ("record", "is_done"),
    [
        (an_agent("monitor", "a daemon"), True),
        (an_agent("monitor", HOST), False),
        (an_agent("another", "a daemon"), False),
        (an_agent("monitor", "a daemon", state="stopped"), False),
        (an_agent("monitor", "a daemon", heartbeat_at=NOW - timedelta(seconds=61)), False),
    ],
)
def test_work_is_done_elsewhere_where_another_host_reported_of_late(stage, record, is_done):
    """A host that stopped, or fell silent, does nothing any more."""
    here = stage(WorldBuilder().run())
    here.state.save_agent(record)
    assert runs_elsewhere(here.state, "monitor", host=HOST, now=NOW) is is_done
