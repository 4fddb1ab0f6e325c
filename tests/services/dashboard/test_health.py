"""Health is computed from facts with their times: what is wrong, and since when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.domain.ledger import LedgerCounts
from ingest.domain.timestamps import format_timestamp
from ingest.services.dashboard.health import HealthFacts, HealthState, judge_health
from support.state_records import NOW, a_log, a_repository, an_error, at

NAMES = ("Pipeline Monitoring Agent", "Log Ingestion Agent")


def agents(*states: str, note: str | None = None):
    return [
        {"name": name, "state": state, "note": note, "heartbeat_at": format_timestamp(at(-300))}
        for name, state in zip(NAMES, states, strict=True)
    ]


FACTS = HealthFacts(
    agents=agents("running", "idle"),
    repositories=[a_repository("octo/api"), a_repository("octo/web")],
    counts=LedgerCounts(attempts=10),
    seconds_left=None,
    errors=[],
    oldest_pending=None,
    recent_logs=0,
)


def judged(**changes):
    return judge_health(replace(FACTS, **changes), now=NOW)


def test_all_is_well_when_it_is():
    health = judged()
    assert health.state is HealthState.HEALTHY
    assert health.tone == "ok"
    assert health.sentence == "Collecting from 2 repositories. Everything works."
    assert health.as_json()["problems"] == []


def test_nothing_watched_is_no_problem():
    health = judged(repositories=[], agents=agents("never started", "never started"))
    assert (health.state, health.tone) == (HealthState.EMPTY, "quiet")


def test_all_paused_is_stopped():
    paused = [a_repository("octo/api", paused=True)]
    health = judged(repositories=paused)
    assert (health.state, health.tone) == (HealthState.STOPPED, "warn")
    assert health.sentence == "Every repository is paused."


@pytest.mark.parametrize(
    ("states", "state", "tone", "sentence"),
    [
        (("running", "stalled"), "degraded", "bad", "The Log Ingestion Agent has stalled."),
        (("error", "idle"), "degraded", "bad", "The Pipeline Monitoring Agent reports an error."),
        (("paused", "idle"), "degraded", "warn", "The Pipeline Monitoring Agent is paused."),
        (("paused", "error"), "degraded", "bad", "The Log Ingestion Agent reports an error."),
        (("paused", "paused"), "stopped", "warn", "The Pipeline Monitoring Agent is paused."),
        (("stalled", "stalled"), "stopped", "bad", "The Pipeline Monitoring Agent has stalled."),
        (
            ("never started", "never started"),
            "stopped",
            "warn",
            "The Pipeline Monitoring Agent has not started yet.",
        ),
        (
            ("running", "limited"),
            "degraded",
            "warn",
            "The Log Ingestion Agent waits for the GitHub rate limit.",
        ),
    ],
)
def test_agents_that_do_not_work_are_reported_the_gravest_first(states, state, tone, sentence):
    health = judged(agents=agents(*states))
    assert (health.state.value, health.tone, health.sentence) == (state, tone, sentence)


def test_a_stalled_agent_has_a_time_and_its_note():
    shown = judged(agents=agents("running", "stalled", note="SQS did not respond.")).as_json()
    assert shown["since"] == format_timestamp(at(-300))
    assert shown["problems"][0]["detail"] == "SQS did not respond."
    assert shown["problems"][0]["is_headline"]


def test_a_failing_repository_is_named_with_its_error_and_the_time_of_the_first():
    failing = a_repository(
        "octo/api", failures=3, last_error="GitHub answered 404.", last_polled_at=at(-8000)
    )
    errors = [
        an_error(-9000, repository="octo/api", what="An error before it worked again."),
        an_error(-7200, repository="octo/api", what="GitHub answered 404."),
        an_error(-3600, repository="octo/api", what="GitHub answered 404."),
    ]
    health = judged(repositories=[failing, a_repository("octo/web")], errors=errors)
    assert health.sentence == "octo/api cannot be collected."
    assert health.as_json()["since"] == format_timestamp(at(-7200))
    assert health.problems[0].detail == "GitHub answered 404."


def test_several_failing_repositories_are_counted():
    failing = [a_repository(f"octo/{n}", failures=1, last_error="no") for n in range(3)]
    assert judged(repositories=failing).sentence == "3 repositories cannot be collected."


def test_a_failing_repository_that_is_paused_is_no_problem():
    paused = a_repository("octo/api", failures=3, last_error="no", paused=True)
    assert judged(repositories=[paused, a_repository("octo/web")]).state is HealthState.HEALTHY


def test_pending_logs_that_do_not_move_are_reported():
    """While some are published, a long wait is no standstill."""
    counts, old = LedgerCounts(attempts=10, logs_pending=300), a_log(updated_at=at(-3600))
    health = judged(counts=counts, oldest_pending=old)
    assert health.state is HealthState.DEGRADED
    assert health.sentence == "300 logs are pending, and none has been published for a while."
    assert health.problems[0].since == at(-3600)
    assert judged(counts=counts, oldest_pending=old, recent_logs=1).state is HealthState.CATCHING_UP
    young = a_log(updated_at=at(-60))
    assert judged(counts=counts, oldest_pending=young).state is HealthState.CATCHING_UP


def test_a_recent_error_never_stands_beside_everything_works():
    health = judged(errors=[an_error(-60, what="AWS refused a message.")])
    assert (health.state, health.tone) == (HealthState.DEGRADED, "warn")
    assert health.sentence == "1 error was recorded in the last 15 minutes."
    assert health.problems[0].detail == "AWS refused a message."
    assert judged(errors=[an_error(-3600)]).state is HealthState.HEALTHY
    assert judged(errors=[an_error(86_400)]).state is HealthState.HEALTHY  # by a wrong clock
    assert judged(errors=[an_error(-60, repository="octo/api")]).state is HealthState.DEGRADED
    assert judged(errors=[an_error(-60, repository="octo/removed")]).state is HealthState.HEALTHY


def test_a_backfill_is_catching_up_with_an_estimate():
    counts = LedgerCounts(attempts=900, open_attempts=300, unread_attempts=300)
    health = judged(counts=counts, seconds_left=240.0)
    assert (health.state, health.tone) == (HealthState.CATCHING_UP, "ok")
    assert health.sentence == "Catching up: 300 run attempts to backfill, about 4 minutes."
    assert judged(counts=counts).sentence == "Catching up: 300 run attempts to backfill."
    logs = judged(counts=LedgerCounts(attempts=10, logs_pending=2082), recent_logs=5)
    assert logs.sentence == "Catching up: 2,082 logs pending."
    hours = judged(counts=counts, seconds_left=3 * 3600.0).sentence
    assert hours.endswith("about 3 hours.")
