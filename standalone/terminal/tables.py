"""Tables for people, drawn by rich. What GitHub wrote is shown as text, never as markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ingest.domain.agent_states import AgentState
from ingest.domain.counted_nouns import join_first, plural
from ingest.domain.ledger import AgentRecord, ErrorRecord
from ingest.domain.source_records import RUNS_FILTERED_OUT
from ingest.domain.timestamps import parse_timestamp
from ingest.services.agents.heartbeat import is_alive
from ingest.services.context import LOG_INGESTION_AGENT
from ingest.services.dashboard.health import Health
from ingest.services.dashboard.repository_problems import Problem
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .snapshot import CollectorSnapshot

_TONE_STYLES = {"ok": "bold green", "warn": "bold yellow", "bad": "bold red"}
#: How many names a line lists; the others are counted.
NAMES_SHOWN = 10

#: A name with more characters takes two lines, so that the table fits 80 columns.
_LONG_NAME = 28

_STATE_STYLES = {"running": "green", "limited": "yellow", "error": "red"}


def health_lines(health: Health, now: datetime) -> RenderableType:
    """Return the health and its problems, each in a line with its details."""
    style = _TONE_STYLES.get(health.tone, "")
    lines = []
    if all(problem.sentence != health.sentence for problem in health.problems):
        lines.append(Text(health.sentence, style=style))
    for problem in health.problems:
        details = " ".join(filter(None, (problem.detail, _problem_time(problem, now))))
        lines.append(Text.assemble((problem.sentence, style), f" {details}".rstrip()))
    return Group(*lines)


def _problem_time(problem: Problem, now: datetime) -> str | None:
    if problem.since is not None:
        return f"Since {ago(problem.since, now)}."
    return None if problem.last_at is None else f"Last {ago(problem.last_at, now)}."


def agents_table(agents: Sequence[AgentRecord], now: datetime) -> RenderableType:
    """Return the table of agents with their states and counts since the start, and their notes."""
    table = _table("Agent", "State", "Heartbeat", "Since start")
    for agent in agents:
        state = (
            agent.state if is_alive(agent, now) or agent.state == AgentState.STOPPED else "silent"
        )
        table.add_row(
            Text(agent.name),
            Text(state, style=_STATE_STYLES.get(state, "dim")),
            ago(agent.heartbeat_at, now),
            _work_done(agent),
        )
    notes = dict.fromkeys(f"{each.name}: {each.note}" for each in agents if each.note)
    return Group(table, *(Text(note, style="yellow") for note in notes))


def repositories_table(snapshot: CollectorSnapshot) -> Table:
    """Return the table of repositories: polls, and what is collected and pending."""
    table = _table("Repository", "Polled", "Attempts", "Backlog", "Logs", "Pending")
    for column in table.columns[2:]:
        column.justify = "right"
    for row in snapshot.repositories:
        table.add_row(*_cells(row, snapshot.taken_at))
    if snapshot.left_out:
        table.add_row(Text(f"and {snapshot.left_out:,} more", style="dim"))
    return table


def unpolled_lines(snapshot: CollectorSnapshot) -> RenderableType:
    """Return lines on why repositories are not polled, and on those that were renamed on GitHub."""
    suspended: dict[str, list[str]] = {}
    for row in snapshot.repositories:
        if row["suspension_reason"]:
            suspended.setdefault(row["suspension_reason"], []).append(row["full_name"])
    lines = [
        f"Not polled: {join_first(names, NAMES_SHOWN)}. {why}" for why, names in suspended.items()
    ]
    renamed = [
        f"{row['full_name']} is {row['new_name']}"
        for row in snapshot.repositories
        if row["new_name"]
    ]
    if renamed:
        lines.append(f"Renamed on GitHub: {join_first(renamed, NAMES_SHOWN)}.")
    return Group(*map(Text, lines))


def queues_table(depths: Mapping[str, str]) -> Table:
    """Return the table of queues and their depth."""
    table = _table("Queue", "Messages")
    for name, depth in depths.items():
        table.add_row(Text(name), Text(depth))
    return table


def errors_table(errors: Sequence[ErrorRecord], now: datetime) -> RenderableType:
    """Return the errors, each with its remedy, in lines that wrap at any width."""
    if not errors:
        return Text("No errors.", style="dim")
    lines = []
    for error in errors:
        where = error.repository or error.agent
        lines.append(Text(f"{ago(error.occurred_at, now)}, {where}", style="bold"))
        lines.append(Text(f"  {error.message}", style="red"))
        lines.append(Text(f"  {error.remedy}"))
    return Group(*lines)


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago a moment was."""
    return "never" if moment is None else f"{_duration((now - moment).total_seconds())} ago"


def _cells(row: Mapping[str, Any], now: datetime) -> list[RenderableType]:
    name = row["full_name"]
    return [
        Text(name if len(name) <= _LONG_NAME else name.replace("/", "/\n"), style="bold"),
        _polled(row, now),
        f"{row['collected']:,}",
        _backlog(row),
        f"{row['logs_fetched']:,}",
        f"{row['logs_pending']:,}",
    ]


def _polled(row: Mapping[str, Any], now: datetime) -> Text:
    if row["paused"]:
        return Text("not polled" if row["suspension_reason"] else "paused")
    if row["failures"]:
        return Text(f"failed {plural(row['failures'], 'time')}", style="red")
    return Text(ago(parse_timestamp(row["last_polled_at"]), now))


def _backlog(row: Mapping[str, Any]) -> str:
    """Return how many of the known attempts are unread, and how long reading them takes."""
    if not row["backlog"]:
        return "0"
    seconds = row["backlog_seconds"]
    return f"{row['backlog']:,}" + ("" if seconds is None else f", {_duration(seconds)} left")


def _work_done(agent: AgentRecord) -> str:
    count = agent.counts.get
    if agent.name == LOG_INGESTION_AGENT:
        return f"{count('logs', 0):,} logs, {count('logs_unavailable', 0):,} unavailable"
    done = f"{count('attempts', 0):,} attempts, {count('jobs', 0):,} jobs"
    filtered = count(RUNS_FILTERED_OUT, 0)
    return f"{done}; {filtered:,} runs left out by filters" if filtered else done


def _duration(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False)
    for column in columns:
        table.add_column(column)
    return table
