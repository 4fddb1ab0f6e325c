"""Heartbeats: what an agent reports, how often, and how long it counts."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from ingest.domain.agent_states import AgentState
from ingest.domain.counters import Counters
from ingest.domain.ledger import AgentRecord
from ingest.domain.timestamps import parse_timestamp
from ingest.errors import StateUnavailable
from ingest.ports import RateLimitStatus
from ingest.services.agents.heartbeat import (
    HEARTBEAT_INTERVAL,
    HEARTBEAT_TIMEOUT,
    SILENCE_SECONDS,
    Heartbeat,
    is_alive,
    rate_limit_fields,
    slowdown_note,
)
from ingest.services.context import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from support.changed_ports import Changed, raising
from support.state_records import NOW, an_agent
from support.world import Stage
from support.world_builder import WorldBuilder

HOST = "a host"


@pytest.fixture
def here(stage) -> Stage:
    return stage(WorldBuilder().run(seconds=60).job("a"), at=100)


def a_heartbeat(here: Stage, **changes) -> Heartbeat:
    context = replace(here.context, counters=Counters(), **changes)
    return Heartbeat.of(context, PIPELINE_MONITORING_AGENT, host=HOST)


def reported(here: Stage) -> AgentRecord:
    [record] = here.state.list_agents()
    return record


def test_a_heartbeat_reports_who_works_where_since_when(here):
    """And what was found on the way."""
    heartbeat = a_heartbeat(here)
    began = here.clock.now()
    here.advance(7)
    heartbeat.save(AgentState.LIMITED, "GitHub wants a pause.")
    record = reported(here)
    assert (record.name, record.host) == (PIPELINE_MONITORING_AGENT, HOST)
    assert (record.state, record.note) == ("limited", "GitHub wants a pause.")
    assert (record.started_at, record.heartbeat_at) == (began, began + timedelta(seconds=7))


def test_only_what_was_counted_since_is_added(here):
    """Two heartbeats count nothing twice, and one without changes adds nothing."""
    heartbeat = a_heartbeat(here)
    heartbeat._counters.add("runs", 2)
    heartbeat.save(AgentState.RUNNING)
    heartbeat.save(AgentState.RUNNING)
    heartbeat._counters.add("runs")
    heartbeat.save(AgentState.IDLE)
    assert here.state.load_saved_counters().totals == {"runs": 3}
    assert reported(here).counts == {"runs": 3}


def test_who_does_not_answer_is_reported_until_there_is_an_answer(here):
    """With the moment since when, by the clock of people."""
    heartbeat = a_heartbeat(here)
    pending, asked = heartbeat._counters.pending_requests, "https://api.github.com"
    began = time.monotonic() - SILENCE_SECONDS - 20
    number = pending.begin(asked, at=began)
    pending.begin("Queue logs", at=time.monotonic())
    heartbeat.save(AgentState.RUNNING)
    [(name, since)] = reported(here).unanswered_since.items()
    assert name == asked
    assert here.clock.now() - parse_timestamp(since) > timedelta(seconds=SILENCE_SECONDS)
    assert reported(here).answered_at == {}
    pending.note_answer(asked, number, at=time.monotonic())
    heartbeat.save(AgentState.RUNNING)
    assert reported(here).unanswered_since == {}
    assert here.clock.now() - parse_timestamp(reported(here).answered_at[asked]) < timedelta(
        seconds=9
    )


def test_a_silence_is_reported_since_its_begin_by_the_next_process(here):
    """Tasks are processes of a minute, and an outage lasts longer."""
    asked, first = "https://api.github.com", a_heartbeat(here)
    counters = first._counters
    counters.pending_requests.begin(asked, at=time.monotonic() - 3 * SILENCE_SECONDS)
    first.save(AgentState.RUNNING)
    since = reported(here).unanswered_since[asked]
    a_heartbeat(here).save(AgentState.RUNNING)  # with counters of its own, as a new process
    [(name, continued)] = reported(here).unanswered_since.items()
    assert name == asked
    assert abs(parse_timestamp(continued) - parse_timestamp(since)) <= timedelta(seconds=1)


def test_signs_are_given_when_they_are_due(here):
    """The first at once."""
    heartbeat, given = a_heartbeat(here), []
    for _ in range(20):
        heartbeat.save_when_due(AgentState.RUNNING)
        given.append(reported(here).heartbeat_at)
        here.advance(1)
    assert len(set(given)) == 20 / HEARTBEAT_INTERVAL.total_seconds()


def test_a_store_that_is_away_keeps_no_agent_from_its_work(here):
    """Unless the heartbeat was requested: then it says so."""
    away = StateUnavailable("The tables are away.")
    heartbeat = a_heartbeat(here, store=Changed(here.state, save_agent=raising(away)))
    heartbeat.save_when_due(AgentState.RUNNING)
    assert here.state.list_agents() == []
    with pytest.raises(StateUnavailable):
        heartbeat.save(AgentState.IDLE)


def test_the_limit_of_the_process_before_is_reported_until_there_is_a_newer_one(here):
    """A process knows no limit before GitHub's first answer."""
    known = {"limit": 5000, "remaining": 17, "reset_at": None}
    here.state.save_agent(
        an_agent(PIPELINE_MONITORING_AGENT, HOST, heartbeat_at=here.clock.now(), rate_limit=known)
    )
    heartbeat = a_heartbeat(here)
    heartbeat.save(AgentState.RUNNING)
    assert reported(here).rate_limit == known
    here.poll()
    heartbeat.save(AgentState.RUNNING)
    assert reported(here).rate_limit == rate_limit_fields(here.context.github.rate_limit_status())
    assert reported(here).rate_limit["remaining"] != 17


def test_nothing_is_known_of_a_limit_that_nobody_reported(here):
    """The page shows a dash then."""
    a_heartbeat(here).save(AgentState.RUNNING)
    assert reported(here).rate_limit == {}


@pytest.mark.parametrize(
    ("agent", "interval_factor", "is_said"),
    [
        (PIPELINE_MONITORING_AGENT, 2.5, True),
        (PIPELINE_MONITORING_AGENT, 1, False),
        (PIPELINE_MONITORING_AGENT, 1.04, False),
        (LOG_INGESTION_AGENT, 2.5, False),
    ],
)
def test_a_budget_that_does_not_last_is_reported_by_who_polls(agent, interval_factor, is_said):
    """With how much longer the time between polls is, and what to do."""
    note = slowdown_note(
        agent,
        RateLimitStatus(limit=1, remaining=1, reset_at=None, hour_interval_factor=interval_factor),
    )
    assert (note is not None) is is_said
    assert note is None or ("2.5 times as long. If this lasts, add a token" in note)


@pytest.mark.parametrize(("minute_interval_factor", "is_said"), [(2.5, True), (1.04, False)])
def test_polls_that_wait_for_the_limit_per_minute_are_reported(minute_interval_factor, is_said):
    """The hour may last all the same."""
    factors = {"a": 1.0, "b": minute_interval_factor}
    status = RateLimitStatus(limit=1, remaining=1, reset_at=None, minute_interval_factors=factors)
    note = slowdown_note(PIPELINE_MONITORING_AGENT, status)
    assert (note is not None) is is_said
    assert note is None or ("limit per minute" in note and "up to 2.5 times as long" in note)


@pytest.mark.parametrize(
    ("state", "silence", "is_there"),
    [
        ("running", timedelta(0), True),
        ("idle", HEARTBEAT_TIMEOUT - timedelta(seconds=1), True),
        ("error", HEARTBEAT_TIMEOUT, False),
        ("idle", -HEARTBEAT_TIMEOUT + timedelta(seconds=1), True),
        ("idle", -HEARTBEAT_TIMEOUT, False),
        ("stopped", timedelta(0), False),
    ],
)
def test_who_is_silent_or_reported_good_bye_is_gone(state, silence, is_there):
    """Whatever it said last."""
    record = an_agent(state=state, heartbeat_at=NOW - silence)
    assert is_alive(record, NOW) is is_there


def a_log_heartbeat(here: Stage) -> Heartbeat:
    context = replace(here.context, counters=Counters())
    return Heartbeat.of(context, LOG_INGESTION_AGENT, host=HOST)


def test_the_last_log_of_a_task_is_reported_by_one_that_runs_at_the_same_time(here):
    """Both report by one name, and after a repository was added, both run."""
    one, other = a_log_heartbeat(here), a_log_heartbeat(here)
    other.save(AgentState.RUNNING)
    one._counters.add("logs")
    one.save(AgentState.RUNNING)
    published_at = here.clock.now()
    here.advance(5)
    other.save(AgentState.RUNNING)
    assert reported(here).last_log_at == published_at


def test_the_last_log_is_reported_by_the_next_process_too(here):
    """It is the time of a log, not of a heartbeat."""
    heartbeat = a_log_heartbeat(here)
    heartbeat.save(AgentState.RUNNING)
    assert reported(here).last_log_at is None
    heartbeat._counters.add("logs")
    heartbeat.save(AgentState.RUNNING)
    published_at = here.clock.now()
    here.advance(30)
    heartbeat.save(AgentState.IDLE)
    a_log_heartbeat(here).save(AgentState.RUNNING)
    assert reported(here).last_log_at == published_at
    assert reported(here).heartbeat_at > published_at
