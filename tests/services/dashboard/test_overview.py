"""The overview: its numbers are those of the state, and every gap is filled."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from ingest.adapters.sql import SqlState, open_sql_state
from ingest.adapters.sql.database import Database
from ingest.adapters.sql.sqlite import sqlite_dialect
from ingest.domain.collection_records import CollectionPhase
from ingest.domain.counters import sent_messages_counter
from ingest.domain.saved_counters import SavedCounters
from ingest.domain.timestamps import format_timestamp
from ingest.services.context import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from ingest.services.dashboard.health import load_health
from ingest.services.dashboard.overview import SHOWN_REPOSITORIES, build_overview
from ingest.services.dashboard.repository_list import RepositoryQuery, list_repository_page
from ingest.settings import AwsSettings, GithubSettings, Secret, Settings
from support.state_records import (
    NOW,
    REPOSITORY,
    a_collection,
    a_log,
    a_repository,
    a_run,
    a_summary,
    an_agent,
    an_attempt,
    an_error,
    at,
)

from standalone.terminal.snapshot import load_snapshot

SETTINGS = Settings(
    github=GithubSettings(tokens=(Secret("t"),)),
    aws=AwsSettings(region="r", access_key_id=Secret("k"), secret_access_key=Secret("s")),
)
HOUR = NOW.replace(minute=0, second=0, microsecond=0)
METRICS, LOGS = map(sent_messages_counter, ("ci_cd_metrics_queue", "ci_cd_logs_queue"))


@pytest.fixture
def state() -> SqlState:
    return open_sql_state("sqlite://")


def taken(state: SqlState, settings: Settings = SETTINGS):
    return build_overview(state, settings, now=NOW)


def ended(run_id: int, conclusion: str | None, hours: float = 0, **values):
    ended_at = None if conclusion is None else HOUR - timedelta(hours=hours)
    return a_summary(
        run_id, conclusion=conclusion, status="completed", completed_at=ended_at, **values
    )


def test_an_empty_state_is_an_overview(state):
    """With every key, so that the page needs no care."""
    shown = taken(state, Settings())
    assert [step["is_done"] for step in shown["setup"]] == [False, False, False]
    assert all(step["remedy"] for step in shown["setup"])
    assert not shown["is_set_up"]
    assert [agent["state"] for agent in shown["agents"]] == ["never started", "never started"]
    assert shown["failures"] == shown["recent"] == []
    assert shown["message_intervals"] == {"metrics": [], "logs": []}
    assert set(shown["windows"]) == {"1h", "24h", "7d"}
    assert shown["oldest_pending"] is None
    assert shown["github"]["remaining"] is None
    assert shown["errors"] == {"count": 0, "newest": None}
    assert shown["collection"] is None
    assert shown["now"] == format_timestamp(NOW)


def test_the_command_line_reports_the_same_health(state):
    """One rule set, from the same inputs."""
    state.add_repository(a_repository())
    state.save_agent(an_agent("a", heartbeat_at=at(-5)))
    assert load_health(state, Settings(), [], now=NOW).as_json() == taken(state)["health"]


@pytest.mark.parametrize("is_removed", [False, True])
def test_nothing_is_caught_up_with_of_repositories_that_are_not_polled(state, is_removed):
    """What a paused or removed repository has left to backfill would be so for ever."""
    polled = {"last_polled_at": at(-30), "next_poll_at": at(30), "cursor": at(-60)}
    for name in ("octo/api", "octo/web"):
        state.add_repository(a_repository(name, **polled))
    for agent in (PIPELINE_MONITORING_AGENT, LOG_INGESTION_AGENT):
        state.save_agent(an_agent(agent, heartbeat_at=at(-5)))
    open_attempt, settled = an_attempt(1, 1, "octo/web"), an_attempt(2, 1, "octo/web", settled=True)
    state.save_attempts([open_attempt, settled])
    assert taken(state)["health"]["state"] == "catching up"

    if is_removed:
        state.remove_repository("octo/web")
    else:
        state.set_paused("octo/web", paused=True)

    shown = taken(state)
    assert shown["health"]["sentence"] == "Collecting from 1 repository. Everything works."
    counted = {name: shown["repositories"][name] for name in ("collected", "in_flight", "backlog")}
    assert counted == {"collected": 1, "in_flight": 0, "backlog": 0}


def test_who_asks_for_health_leaves_nothing_behind(tmp_path):
    """A monitor may ask every few seconds, for days."""
    path = tmp_path / "state.db"
    with closing(open_sql_state(str(path))) as state:
        load_health(state, Settings(), [], now=NOW)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM deliveries").fetchone() == (0,)


def test_a_state_that_cannot_be_written_is_the_first_problem(tmp_path):
    """A collector that meets it can record no error, so whoever asks tries to write."""
    path = tmp_path / "state.db"
    with closing(open_sql_state(str(path))) as state:
        state.add_repository(a_repository())
        state.save_agent(an_agent("a", heartbeat_at=at(-5)))

    def connect_read_only():
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA query_only = 1")
        return connection

    dialect = replace(sqlite_dialect(str(path)), connect=connect_read_only)
    with closing(SqlState(Database(dialect))) as state:
        health = load_health(state, Settings(), [], now=NOW).as_json()
        assert taken(state)["health"] == health
    assert health["sentence"] == "The state cannot be written."
    assert "is not writable" in health["problems"][0]["detail"]


def test_the_log_that_waits_longest_is_named_with_the_reason(state):
    """Also where it was tried a moment ago, and others wait untouched."""
    tried = a_log(1, updated_at=at(-5), pending_since=at(-7200), tries=9, reason="No such bucket.")
    state.save_job_logs([tried, a_log(2, updated_at=at(-60), pending_since=at(-60))])
    shown = taken(state)["oldest_pending"]
    assert (shown["job_id"], shown["since"]) == (1, format_timestamp(at(-7200)))
    assert shown["reason"] == "No such bucket."


def test_all_steps_done_is_set_up(state):
    """A repository is the last."""
    assert not taken(state)["is_set_up"]
    state.add_repository(a_repository())
    assert taken(state)["is_set_up"]
    assert [step["remedy"] for step in taken(state)["setup"]] == [None, None, None]


def test_runs_are_counted_in_the_hour_of_their_end_by_conclusion(state):
    """What failed in any way is a failure; a day ago and open runs are left out."""
    state.save_run_summaries(
        [
            ended(1, "success"),
            ended(2, "success", 23),
            ended(3, "failure"),
            ended(4, "timed_out"),
            ended(5, "startup_failure"),
            ended(6, "cancelled", 1),
            ended(7, "skipped", 1),
            ended(8, "action_required", 1),
            ended(9, "a word of tomorrow", 1),
            ended(10, "success", 24),
            ended(11, None),
        ]
    )
    hours = taken(state)["windows"]["24h"]["runs"]
    none = {"success": 0, "failure": 0, "cancelled": 0, "skipped": 0, "other": 0}
    assert len(hours) == 24
    assert [each["at"] for each in hours] == sorted(each["at"] for each in hours)
    assert hours[-1] == {"at": format_timestamp(HOUR), **none, "success": 1, "failure": 3}
    assert hours[-2] == {
        "at": format_timestamp(HOUR - timedelta(hours=1)),
        **none,
        "cancelled": 1,
        "skipped": 1,
        "other": 2,
    }
    assert hours[0]["success"] == 1
    assert sum(sum(each[kind] for kind in none) for each in hours) == 9


def test_traffic_is_laid_out_without_gaps(state):
    """Spans without any count are zeros, up to now."""
    state.add_to_saved_counters({METRICS: 3, "github_requests.charged": 2}, now=at(-3600))
    state.add_to_saved_counters({LOGS: 4, "github_requests.free": 5, "runs": 9}, now=at(-600))
    assert taken(state)["message_intervals"] == {
        "metrics": [3, *[0] * 12],
        "logs": [*[0] * 10, 4, 0, 0],
    }


def test_traffic_is_a_day_at_most(state, monkeypatch):
    """However long nothing was counted since."""
    intervals = ((HOUR - timedelta(days=3), {METRICS: 1}),)
    monkeypatch.setattr(state, "load_saved_counters", lambda: SavedCounters(intervals=intervals))
    assert taken(state)["message_intervals"] == {"metrics": [0] * 288, "logs": [0] * 288}


def test_messages_are_counted_by_queue_in_all_and_of_the_last_hour(state):
    """By the names that are configured."""
    state.add_to_saved_counters({METRICS: 100, LOGS: 10}, now=at(-2 * 3600))
    state.add_to_saved_counters({METRICS: 7, sent_messages_counter("another"): 1}, now=at(-60))
    assert taken(state)["messages"] == [
        {"queue": "ci_cd_metrics_queue", "purpose": "metrics", "total": 107, "last_hour": 7},
        {"queue": "ci_cd_logs_queue", "purpose": "logs", "total": 10, "last_hour": 0},
    ]


def test_logs_that_are_published_are_no_stall(state):
    """However long the oldest pending one waits; the count is the one that adapters write."""
    state.add_repository(a_repository())
    state.save_job_logs([a_log(updated_at=at(-3600))])
    assert "none has been published" in taken(state)["health"]["sentence"]

    state.add_to_saved_counters({LOGS: 1}, now=NOW)
    assert "none has been published" not in taken(state)["health"]["sentence"]


def test_the_budget_is_what_the_newest_agent_was_reported(state):
    """One that knows none yet does not hide it."""
    limit = {"limit": 5000, "remaining": 4000, "reset_at": "2026-11-24T12:30:00Z"}
    state.save_agent(an_agent("a", heartbeat_at=at(-9), rate_limit={**limit, "remaining": 1}))
    state.save_agent(an_agent("b", heartbeat_at=at(-5), rate_limit=limit))
    state.save_agent(an_agent("c", heartbeat_at=at(-1), rate_limit={"remaining": None}))
    state.add_to_saved_counters({"github_requests.charged": 2, "github_requests.free": 40}, now=NOW)
    shown = taken(state)["github"]
    assert shown == {**limit, "credentials": [], "charged": 2, "free": 40}


def test_repositories_are_counted_and_those_that_need_a_look_come_first(state):
    """Failing, then the most lively, paused ones last."""
    state.add_repository(a_repository("o/quiet"))
    state.add_repository(a_repository("o/lively", last_changed_at=at(-5)))
    state.add_repository(a_repository("o/failing", failed_polls=2, last_error="No."))
    state.add_repository(a_repository("o/resting", paused=True, failed_polls=1))
    shown = taken(state)["repositories"]
    assert [each["full_name"] for each in shown["shown"]] == [
        "o/failing",
        "o/lively",
        "o/quiet",
        "o/resting",
    ]
    assert (shown["watched"], shown["paused"], shown["failing"]) == (4, 1, 1)


def test_few_of_many_repositories_are_shown(state):
    """The others have a page of their own."""
    for number in range(SHOWN_REPOSITORIES + 5):
        state.add_repository(a_repository(f"o/r{number}"))
    shown = taken(state)["repositories"]
    assert len(shown["shown"]) == SHOWN_REPOSITORIES
    assert shown["watched"] == SHOWN_REPOSITORIES + 5


def test_attempts_and_logs_are_counted(state):
    """In flight is what was read and has not ended; the backlog was never read."""
    state.add_repository(a_repository())
    state.save_attempts(
        [
            an_attempt(1, run=a_run(1), settled=True, next_check_at=None),
            an_attempt(2, run=a_run(2, status="in_progress"), published_statuses=("in_progress",)),
            an_attempt(3),
        ]
    )
    state.save_job_logs([a_log(1, "fetched"), a_log(2), a_log(3, "unavailable"), a_log(4)])
    shown = taken(state)["repositories"]
    counts = state.count_ledger()
    assert (shown["attempts"], shown["backlog"]) == (3, counts.unread_attempts)
    assert shown["in_flight"] + shown["backlog"] == 2
    assert (shown["logs_fetched"], shown["logs_pending"], shown["logs_unavailable"]) == (1, 2, 1)
    [row] = shown["shown"]
    assert row["full_name"] == REPOSITORY
    assert row["known"] == row["collected"] + row["in_flight"] + row["backlog"] == 3


def test_the_newest_runs_and_failures_are_shown(state):
    """Eight of all, five of those that failed."""
    state.save_run_summaries(
        [
            ended(n, "failure" if n % 2 else "success", created_at=at(n), title=f"t{n}")
            for n in range(20)
        ]
    )
    shown = taken(state)
    assert [each["run_id"] for each in shown["recent"]] == list(range(19, 11, -1))
    assert [each["run_id"] for each in shown["failures"]] == [19, 17, 15, 13, 11]
    assert shown["recent"][0]["title"] == "t19"


def test_of_two_failures_the_newest_is_the_one_that_ended_last(state):
    """A long run that started first may fail last."""
    short = ended(2, "failure", hours=1, created_at=at(20))
    long = ended(1, "failure", created_at=at(0))
    state.save_run_summaries([short, long])
    assert [each["run_id"] for each in taken(state)["failures"]] == [1, 2]


def test_the_newest_error_is_shown_and_equal_ones_count_once(state):
    """As on their own page."""
    for seconds, what in ((1, "a"), (2, "b"), (3, "a")):
        state.add_error(an_error(seconds, message=what))
    errors = taken(state)["errors"]
    assert errors["count"] == 2
    assert (errors["newest"]["what"], errors["newest"]["times"]) == ("a", 2)


def test_the_newest_collection_is_shown_while_it_is_news(state):
    """Who pressed the button, comes back, and wants to know how it ended."""
    for collection_id, seconds in (("old", -400), ("new", -60)):
        state.save_collection(
            a_collection(
                collection_id,
                phase=CollectionPhase.DONE.value,
                started_at=at(seconds),
                updated_at=at(seconds + 30),
            )
        )
    assert taken(state)["collection"]["collection_id"] == "new"
    later = build_overview(state, SETTINGS, now=NOW + timedelta(minutes=11))
    assert later["collection"] is None


def test_agents_are_shown_as_they_are(state):
    """Their own module says how."""
    state.save_agent(an_agent(PIPELINE_MONITORING_AGENT))
    assert [each["state"] for each in taken(state)["agents"]] == ["running", "never started"]


@pytest.mark.parametrize(("answered", "is_silent"), [(-50, True), (-5, False)])
def test_who_answers_one_agent_is_silent_for_none(state, answered, is_silent):
    """After an outage the other one only learns it with its next try."""
    host = "https://api.github.com"
    state.add_repository(a_repository(last_polled_at=NOW))
    silence, answer = ({host: format_timestamp(at(seconds))} for seconds in (-40, answered))
    state.save_agent(
        an_agent(PIPELINE_MONITORING_AGENT, heartbeat_at=at(-1), unanswered_since=silence)
    )
    state.save_agent(an_agent(LOG_INGESTION_AGENT, heartbeat_at=at(-1), answered_at=answer))
    problems = taken(state)["health"]["problems"]
    assert (f"{host} does not answer." in [each["sentence"] for each in problems]) == is_silent


def test_a_backfill_waits_for_an_hour_that_is_used_up(state):
    """The overview, the list of repositories and `status` estimate the same."""
    state.add_repository(a_repository(added_at=at(-60)))
    state.save_attempts(
        [
            *[an_attempt(n, run=a_run(n), settled=True, next_check_at=None) for n in range(9)],
            an_attempt(10),
        ]
    )
    reset_at = format_timestamp(at(1800))
    state.save_agent(
        an_agent(
            counts={"attempts": 9, "github_requests.charged": 18},
            rate_limit={"limit": 5000, "remaining": 0, "reset_at": reset_at},
        )
    )
    page = list_repository_page(state, Settings(), RepositoryQuery(), now=NOW)
    snapshot = load_snapshot(state, now=NOW, max_errors=1)
    rows = (*taken(state)["repositories"]["shown"], *page["repositories"], *snapshot.repositories)
    assert [round(row["backlog_seconds"]) for row in rows] == [1807] * 3
