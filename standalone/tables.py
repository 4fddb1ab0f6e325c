"""Tables for people, drawn by rich. What GitHub wrote is shown as text, never as markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ingest.domain.ledger import AgentRecord, ErrorRecord, backlog_seconds
from ingest.services.context import LOG_INGESTION_AGENT
from ingest.services.heartbeat import is_alive
from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from .overview import Overview, RepositoryLine

_STATE_STYLES = {"running": "green", "limited": "yellow", "in trouble": "red"}


def agents_table(agents: Sequence[AgentRecord], now: datetime) -> Table:
    """Draw the agents: what each is doing, and has done since it started."""
    table = _table("Agent", "State", "Sign of life", "Since its start", "Note")
    for agent in agents:
        state = agent.state if is_alive(agent, now) or agent.state == "stopped" else "silent"
        table.add_row(
            Text(agent.name),
            Text(state, style=_STATE_STYLES.get(state, "dim")),
            ago(agent.heartbeat_at, now),
            _done(agent),
            Text(agent.note or "", style="yellow"),
        )
    return table


def repositories_table(overview: Overview) -> Table:
    """Draw the repositories: when each was asked, and how much of it is in and still out."""
    table = _table(
        "Repository", "Polled", "Next", "In flight", "Collected", "Backlog", "Logs", "Trouble"
    )
    table.columns[0].no_wrap = True
    for column in table.columns[3:7]:
        column.justify = "right"
    for line in overview.repositories:
        table.add_row(*_cells(line, overview.taken_at))
    if overview.left_out:
        table.add_row(Text(f"and {overview.left_out:,} more", style="dim"))
    return table


def queues_table(depths: Mapping[str, str]) -> Table:
    """Draw the queues and what waits in each."""
    table = _table("Queue", "Messages")
    for name, depth in depths.items():
        table.add_row(Text(name), Text(depth))
    return table


def errors_table(errors: Sequence[ErrorRecord], now: datetime) -> RenderableType:
    """Draw the errors, each with what to do."""
    if not errors:
        return Text("No errors.", style="dim")
    table = _table("Error", "Where", "What", "What to do")
    for error in errors:
        table.add_row(
            ago(error.occurred_at, now),
            Text(error.repository or error.agent),
            Text(error.what, style="red"),
            Text(error.remedy),
        )
    return table


def ago(moment: datetime | None, now: datetime) -> str:
    """Say how long ago something was."""
    return "never" if moment is None else f"{_span((now - moment).total_seconds())} ago"


def _cells(line: RepositoryLine, now: datetime) -> list[RenderableType]:
    record, counts = line.record, line.counts
    pending = f" (+{counts.logs_pending:,})" if counts.logs_pending else ""
    return [
        Text(record.full_name, style="bold"),
        ago(record.last_polled_at, now),
        _next(line, now),
        f"{line.counts.in_flight:,}",
        f"{line.counts.collected:,}",
        _backlog(line, now),
        f"{counts.logs_fetched:,}{pending}",
        Text(f"failed {record.failures} times" if record.failures else "", style="red"),
    ]


def _backlog(line: RepositoryLine, now: datetime) -> str:
    """Say how many of the known attempts are unread, and when they will be read."""
    counts = line.counts
    if not counts.unread_attempts:
        return "0"
    seconds = backlog_seconds(line.record, counts, now)
    until = "" if seconds is None else f", {_span(seconds)} left"
    return f"{counts.unread_attempts:,} of {counts.attempts:,}{until}"


def _next(line: RepositoryLine, now: datetime) -> str:
    record = line.record
    if record.paused:
        return "paused"
    if record.next_poll_at is None or record.next_poll_at <= now:
        return "now"
    return f"in {_span((record.next_poll_at - now).total_seconds())}"


def _done(agent: AgentRecord) -> str:
    read = agent.counts.get
    if agent.name == LOG_INGESTION_AGENT:
        return f"{read('logs', 0):,} logs, {read('logs_unavailable', 0):,} without"
    return f"{read('attempts', 0):,} attempts, {read('jobs', 0):,} jobs"


def _span(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False)
    for column in columns:
        table.add_column(column)
    return table
