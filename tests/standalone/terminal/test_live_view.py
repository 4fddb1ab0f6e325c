"""What people see while agents work, drawn from a state in memory."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import cast

import pytest
from ingest.adapters.sql import SqlState, open_sql_state
from ingest.bootstrap.collector import Collector
from ingest.domain.ledger import AgentRecord, ErrorRecord, LedgerCounts, RepositoryRecord
from ingest.errors import StateUnavailable
from ingest.ports import RateLimitStatus
from ingest.services.context import CollectorContext
from ingest.settings import Settings
from rich.console import Console, Group

from standalone.terminal.live_view import (
    SHOWN_REPOSITORIES,
    LiveTables,
    PlainLines,
    describe,
    open_view,
)
from standalone.terminal.progress import Progress, Summary


def a_summary(**changes: int) -> Summary:
    counts = dict.fromkeys(
        ("runs", "attempts", "jobs", "steps", "commits", "logs", "logs_unavailable"), 0
    )
    counts |= {"queue_requests": 0, "errors": 0}
    requests = {"charged": 0, "free": 0}
    return Summary(
        **{**counts, **changes}, messages={"q": 5}, github_requests=requests, seconds=1.5
    )


def a_progress(**changes: int) -> Progress:
    return Progress(
        summary=a_summary(**changes),
        ledger_counts=LedgerCounts(attempts=3, open_attempts=1, logs_pending=2),
        rate_limit_status=RateLimitStatus(limit=5000, remaining=4321, reset_at=None),
    )


@pytest.fixture
def store() -> SqlState:
    """Return a state with agents, a repository in trouble, and what GitHub says of it."""
    state, now = open_sql_state("sqlite://"), datetime.now(timezone.utc)
    for name, seconds in (("Pipeline Monitoring Agent", 1), ("Log Ingestion Agent", 3600)):
        state.save_agent(
            AgentRecord(
                name=name,
                host="here:1",
                state="running",
                heartbeat_at=now - timedelta(seconds=seconds),
                started_at=now - timedelta(hours=2),
                counts={"attempts": 1234, "jobs": 5, "runs_filtered": 1300},
            )
        )
    state.add_repository(
        RepositoryRecord(
            full_name="octo/api", added_at=now, watched_since=now, failed_polls=2, next_poll_at=now
        )
    )
    state.add_error(
        ErrorRecord(
            occurred_at=now,
            agent="Pipeline Monitoring Agent",
            repository="octo/api",
            message="GitHub said [red]no[/red]",
            remedy="Ask again",
        )
    )
    return state


def drawn(store: SqlState, progress: Progress) -> str:
    """Draw the tables once."""
    console = Console(file=io.StringIO(), width=160)
    LiveTables(store, lambda: progress, console.print).show()
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_one_line_reports_how_far_the_agents_are():
    """Counts and what is to come; errors if there are any. It fits a terminal."""
    counts = "1,000 runs, 2 jobs, 3 logs; pending: 1 attempt, 2 logs; 5 messages"
    assert describe(a_progress(runs=1000, jobs=2, logs=3)) == counts
    assert describe(a_progress(runs=1000, jobs=2, logs=3, errors=4)) == f"{counts}, 4 errors"


def test_tables_show_who_is_alive_and_what_is_in_trouble(store):
    """An agent that was silent for an hour is not shown as one that works."""
    text = drawn(store, a_progress())
    assert "Pipeline Monitoring Agent" in text
    assert "1,234 attempts, 5 jobs; 1,300 runs left out by filters" in text
    assert "Log Ingestion Agent" not in text
    assert "octo/api" in text
    assert "failed 2 times" in text
    assert "4,321 of 5,000" in text


def test_what_several_processes_note_is_shown_once(store):
    (agent,) = (each for each in store.list_agents() if each.name == "Pipeline Monitoring Agent")
    for host in ("here:2", "here:3"):
        store.save_agent(replace(agent, host=host, note="The limit is used up."))
    assert drawn(store, a_progress()).count("The limit is used up.") == 1


def test_what_github_wrote_is_never_markup(store):
    """Brackets are shown, not obeyed."""
    assert "GitHub said [red]no[/red]" in drawn(store, a_progress())


def test_of_many_repositories_those_in_trouble_are_shown(store):
    """A terminal has room for some; the rest is counted."""
    now = datetime.now(timezone.utc)
    for number in range(40):
        store.add_repository(
            RepositoryRecord(full_name=f"octo/a{number}", added_at=now, watched_since=now)
        )
    text = drawn(store, a_progress())
    assert "octo/api" in text
    assert f"and {41 - SHOWN_REPOSITORIES} more" in text


def test_tables_are_not_drawn_more_often_than_people_read(store):
    """Each look costs a query a repository."""
    seen: list[object] = []
    tables = LiveTables(store, a_progress, seen.append)
    tables.show()
    tables.show()
    assert len(seen) == 1


def test_the_last_picture_shows_what_the_agents_ended_with(store):
    """The tables stay on the screen after the end, above the summary."""
    seen: list[Group] = []
    tables = LiveTables(store, lambda: a_progress(runs=len(seen)), seen.append)
    tables.show_end()
    assert seen == []
    tables.show()
    (agent,) = (each for each in store.list_agents() if each.name == "Pipeline Monitoring Agent")
    store.save_agent(replace(agent, state="stopped", counts={"attempts": 7}))
    tables.show_end()
    console = Console(file=io.StringIO(), width=80)
    console.print(seen[-1])
    text = console.file.getvalue()
    assert "stopped" in text
    assert "7 attempts" in text
    assert "1 run," in text


def test_a_state_that_is_gone_at_the_end_is_no_failure(store):
    """What was collected is reported all the same, as where lines are written."""
    failures: list[Exception] = []

    def read() -> Progress:
        if failures:
            raise failures[0]
        return a_progress()

    seen: list[object] = []
    tables = LiveTables(store, read, seen.append)
    tables.show()
    failures.append(StateUnavailable("the database restarts"))
    tables.show_end()
    assert len(seen) == 1


def test_plain_lines_wait_for_the_first_seconds(capsys):
    """What fails at once has one sentence to say, not a line of zeros before it."""
    PlainLines(lambda: pytest.fail("the state was read")).show()
    assert capsys.readouterr().err == ""


def test_where_stderr_is_no_terminal_lines_are_written(store):
    """Neither colours nor cursor movements end in a file."""
    context = cast("CollectorContext", SimpleNamespace(store=store))
    with open_view(Collector(settings=Settings(), context=context, closers=())) as show:
        assert getattr(show, "__self__", None).__class__ is PlainLines
