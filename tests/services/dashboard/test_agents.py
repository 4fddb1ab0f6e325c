"""Agents: one word for how each is, whoever runs it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ingest.domain.due import urgent_due_at
from ingest.domain.ledger import DESIRED_PAUSED, DESIRED_RUNNING
from ingest.domain.timestamps import format_timestamp
from ingest.services.agents.heartbeat import HEARTBEAT_TIMEOUT
from ingest.services.context import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from ingest.services.dashboard.agents import STALLED_AFTER, agent_rows, heartbeat_rows
from support.state_records import NOW, a_repository, an_agent, at

SECOND = timedelta(seconds=1)


def row(*signs, desired_state: str | None = None, repositories=(), name: str = LOG_INGESTION_AGENT):
    desired_states = {} if desired_state is None else {name: desired_state}
    rows = agent_rows(signs, desired_states, repositories, now=NOW)
    return next(each for each in rows if each["name"] == name)


def a_sign(host: str = "h", *, silence: timedelta = timedelta(0), **values):
    return an_agent(LOG_INGESTION_AGENT, host, heartbeat_at=NOW - silence, **values)


@pytest.mark.parametrize(
    ("said", "silence", "shown"),
    [
        ("running", timedelta(0), "running"),
        ("running", HEARTBEAT_TIMEOUT - SECOND, "running"),
        ("running", HEARTBEAT_TIMEOUT, "idle"),
        ("idle", timedelta(0), "idle"),
        ("paused", timedelta(0), "idle"),
        ("limited", timedelta(0), "limited"),
        ("limited", STALLED_AFTER - SECOND, "limited"),
        ("error", timedelta(0), "error"),
        ("error", STALLED_AFTER, "stalled"),
        ("running", STALLED_AFTER, "stalled"),
        ("stopped", timedelta(0), "stopped"),
        ("stopped", 9 * STALLED_AFTER, "stopped"),
    ],
)
def test_a_state_is_what_an_agent_reported_and_how_long_ago(said, silence, shown):
    """Tasks come every minute, so a minute of silence is no harm."""
    assert row(a_sign(state=said, silence=silence))["state"] == shown


def test_an_agent_that_never_gave_a_sign_never_ran():
    """And has nothing to show."""
    shown = row()
    assert shown == {
        "name": LOG_INGESTION_AGENT,
        "state": "never started",
        "note": None,
        "heartbeat_at": None,
        "worked_at": None,
        "next_at": None,
        "started_at": None,
        "hosts": 0,
    }


@pytest.mark.parametrize("signs", [(), (a_sign(),), (a_sign(silence=2 * STALLED_AFTER),)])
def test_an_agent_that_people_paused_is_paused(signs):
    """Whatever it said; and one that they started is as it says."""
    assert row(*signs, desired_state=DESIRED_PAUSED)["state"] == "paused"
    assert row(*signs, desired_state=DESIRED_RUNNING)["state"] != "paused"


def test_the_worst_sign_speaks_and_every_live_host_counts():
    """Several hosts share the work; the page must not change with whoever reported last."""
    shown = row(
        a_sign("a", silence=9 * SECOND, state="running"),
        a_sign("b", silence=3 * SECOND, state="limited", note="Wait."),
        a_sign("c", silence=STALLED_AFTER),
    )
    assert (shown["state"], shown["note"], shown["hosts"]) == ("limited", "Wait.", 2)
    assert shown["heartbeat_at"] == format_timestamp(NOW - 3 * SECOND)
    hosts = [
        a_sign("a", silence=9 * SECOND, state="error", note="No such queue."),
        a_sign("b", silence=3 * SECOND, state="limited"),
        a_sign("c", silence=2 * SECOND, state="running"),
        a_sign("d", silence=SECOND, state="idle"),
    ]
    shown = [row(*hosts[place:])["state"] for place in range(len(hosts))]
    assert shown == ["error", "limited", "running", "idle"]


def test_a_host_that_stopped_hides_nobody_who_works():
    """Its good-bye may be the newest word, and it is no host any more."""
    shown = row(
        a_sign("tasks", silence=30 * SECOND, state="idle"),
        a_sign("daemon", silence=SECOND, state="stopped"),
    )
    assert (shown["state"], shown["hosts"]) == ("idle", 1)
    alone = row(
        a_sign("killed", silence=STALLED_AFTER), a_sign("daemon", state="stopped", silence=SECOND)
    )
    assert (alone["state"], alone["hosts"]) == ("stopped", 0)
    assert alone["heartbeat_at"] == format_timestamp(NOW - SECOND)


def test_the_monitor_worked_at_its_last_poll_and_works_at_the_next():
    """Paused repositories are not polled."""
    repositories = [
        a_repository("a/a", last_polled_at=at(-30), next_poll_at=at(40)),
        a_repository("b/b", last_polled_at=at(-20), next_poll_at=at(10)),
        a_repository("c/c", last_polled_at=at(-1), next_poll_at=at(1), paused=True),
        a_repository("d/d"),
    ]
    shown = row(
        an_agent(PIPELINE_MONITORING_AGENT),
        repositories=repositories,
        name=PIPELINE_MONITORING_AGENT,
    )
    assert shown["worked_at"] == format_timestamp(at(-20))
    assert shown["next_at"] == format_timestamp(at(10))


def test_a_poll_that_somebody_asked_for_is_due_since_then():
    """Its stored time lies weeks before that, so that it comes first."""
    repository = a_repository("a/a", next_poll_at=urgent_due_at(at(-5)))
    sign = an_agent(PIPELINE_MONITORING_AGENT)
    shown = row(sign, repositories=[repository], name=PIPELINE_MONITORING_AGENT)
    assert shown["next_at"] == format_timestamp(at(-5))


def test_the_other_agent_worked_when_a_host_published_the_last_log():
    """A heartbeat is no log, and nothing shows when the next log comes."""
    assert row(a_sign(silence=5 * SECOND))["worked_at"] is None
    earlier, later = at(-90), at(-40)
    shown = row(
        a_sign("one", silence=9 * SECOND, last_log_at=later),
        a_sign("two", silence=5 * SECOND, last_log_at=earlier),
    )
    assert shown["worked_at"] == format_timestamp(later)
    assert shown["heartbeat_at"] == format_timestamp(NOW - 5 * SECOND)
    assert shown["next_at"] is None


def test_hosts_are_listed_newest_first_and_only_those_of_agents():
    """Collections lie among the heartbeats, too."""
    rows = heartbeat_rows(
        [
            a_sign("old", silence=9 * SECOND, counts={"logs": 2}, note="n"),
            an_agent(PIPELINE_MONITORING_AGENT, "new"),
            an_agent("Manual collection", "c1"),
        ],
        now=NOW,
    )
    assert [each["host"] for each in rows] == ["new", "old"]
    assert rows[1] == {
        "name": LOG_INGESTION_AGENT,
        "host": "old",
        "state": "running",
        "is_alive": True,
        "heartbeat_at": format_timestamp(NOW - 9 * SECOND),
        "started_at": format_timestamp(at(-60)),
        "note": "n",
        "counts": {"logs": 2},
        "rate_limit": {},
    }
