"""A tick: an agent's work in a bounded time, for Anvil, which runs tasks and not processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from ...domain.agent_states import AgentState
from ...domain.ledger import ErrorRecord, RepositoryRecord
from ...domain.pending_requests import PendingRequests
from ...errors import IngestError
from ...ports import CoordinationStore, StateStore
from ..context import (
    LOG_INGESTION_AGENT,
    PIPELINE_MONITORING_AGENT,
    REPORT_AGAIN_AFTER,
    CollectorContext,
)
from ..intercepted_ports import requests_in_other_thread
from ..log_ingestion.ingest_logs import ingest_due_logs
from ..monitoring.poll_runs import poll_due_repository
from ..sources.record_credentials import record_refusals_and_limits
from .agent_loop import AgentLoop, ShouldContinue
from .heartbeat import Heartbeat, idle_heartbeat, is_alive, unanswered_since

#: The pause of a tick without due polls, and the longest single wait for messages.
TICK_PAUSE_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 5

#: If a repository is due within this time, the next tick starts at once, not by the schedule.
SOON = timedelta(seconds=10)

_NEWEST_ERRORS = 50

#: Sets a value of the running Anvil task's state, by name.
SetTaskState = Callable[[str, object], None]


@dataclass(frozen=True, slots=True)
class TickResult:
    """How many polls or work items a tick completed, and whether it leaves due work."""

    count: int
    has_more: bool


def monitoring_tick(
    context: CollectorContext, *, seconds: float, host: str, set_task_state: SetTaskState
) -> TickResult:
    """Poll what is due and what becomes due within ``seconds``, and count the polls.

    Ends early if nothing will be due in time. ``host``: the name that all of Anvil's tasks report
    by. Raises StateUnavailable.
    """
    ends_at = context.clock.now() + timedelta(seconds=seconds)
    polls = 0

    def poll(context: CollectorContext, should_continue: ShouldContinue) -> bool:
        nonlocal polls
        polled = poll_due_repository(context, should_continue=should_continue)
        polls += polled
        set_task_state("polls", polls)
        if not polled:
            context.probe_github_if_silent()
            due_at = _next_due(context.store.list_repositories())
            if due_at is None or due_at >= ends_at:
                return False
            context.clock.sleep(TICK_PAUSE_SECONDS)
        return True

    heartbeat = Heartbeat.of(context, PIPELINE_MONITORING_AGENT, host=host)
    loop = _run_slice(context, heartbeat, poll, seconds=seconds, set_task_state=set_task_state)
    repositories, now = context.store.list_repositories(), context.clock.now()
    due_at = _next_due(repositories)
    has_more = loop.state is AgentState.IDLE and due_at is not None and due_at <= now + SOON
    is_polled_elsewhere = any(each.is_leased(now) for each in repositories)
    _report_end(loop, heartbeat, is_working=has_more or is_polled_elsewhere)
    return TickResult(polls, has_more)


def log_tick(
    context: CollectorContext, *, seconds: float, host: str, set_task_state: SetTaskState
) -> TickResult:
    """Ingest logs for ``seconds``, and count the work items. Raises what the queue raises."""
    ends_at = context.clock.now() + timedelta(seconds=seconds)
    received = newly_received = 0

    def ingest(context: CollectorContext, should_continue: ShouldContinue) -> bool:
        nonlocal received, newly_received
        seconds_left = (ends_at - context.clock.now()).total_seconds()
        # Queues wait for whole seconds; with a wait of 0 this loop would never pause.
        if seconds_left < 1:
            return False
        wait = min(LONGEST_WAIT_SECONDS, int(seconds_left))
        newly_received = ingest_due_logs(
            context,
            wait_seconds=wait,
            max_seconds=seconds_left,
            should_continue=should_continue,
        )
        received += newly_received
        record_refusals_and_limits(context)
        set_task_state("received", received)
        return True

    heartbeat = Heartbeat.of(context, LOG_INGESTION_AGENT, host=host)
    loop = _run_slice(context, heartbeat, ingest, seconds=seconds, set_task_state=set_task_state)
    has_more = loop.state is AgentState.IDLE and newly_received > 0
    _report_end(loop, heartbeat, is_working=has_more)
    return TickResult(received, has_more)


def _run_slice(
    context: CollectorContext,
    heartbeat: Heartbeat,
    work: Callable[[CollectorContext, ShouldContinue], bool],
    *,
    seconds: float,
    set_task_state: SetTaskState,
) -> AgentLoop:
    """Run an agent's work for a tick, with its heartbeats; return the loop that has ended."""

    def on_turn(now: datetime) -> None:
        set_task_state("heartbeat_at", now.isoformat())
        heartbeat.save_when_due(loop.state, loop.note)

    with requests_in_other_thread(context, lambda: on_turn(context.clock.now())) as intercepted:
        loop = AgentLoop(heartbeat.agent, intercepted, partial(work, intercepted))
        loop.run_slice(seconds=seconds, on_turn=on_turn)
    return loop


def _report_end(loop: AgentLoop, heartbeat: Heartbeat, *, is_working: bool) -> None:
    """Save a tick's last heartbeat: running, if another tick works now or follows at once."""
    is_running = loop.state is AgentState.IDLE and is_working
    heartbeat.save(AgentState.RUNNING if is_running else loop.state, loop.note)


def runs_elsewhere(store: CoordinationStore, agent: str, *, host: str, now: datetime) -> bool:
    """Return whether another host runs an agent, such as a daemon on the Uplink."""
    return any(
        each.name == agent and each.host != host and is_alive(each, now)
        for each in store.list_agents()
    )


def report_error(  # noqa: PLR0913 - what a heartbeat says
    store: StateStore,
    agent: str,
    error: IngestError,
    *,
    host: str,
    now: datetime,
    pending: PendingRequests,
) -> None:
    """Report in the heartbeat what stops an agent, and once in the errors list.

    The heartbeat also keeps which hosts and queues did not answer.
    """
    message = str(error)
    default_remedy = "It is tried again every minute; the checks under Settings show details."
    if not _is_reported(store, agent, message, host=host, now=now):
        store.add_error(
            ErrorRecord(
                occurred_at=now,
                agent=agent,
                repository=None,
                message=message,
                remedy=error.remedy or default_remedy,
            )
        )
    heartbeat = idle_heartbeat(store, agent, host=host, now=now)
    unanswered = unanswered_since(pending, now=now, at=time.monotonic())
    store.save_agent(
        replace(heartbeat, state=AgentState.ERROR.value, note=message, unanswered_since=unanswered)
    )


def _is_reported(store: StateStore, agent: str, message: str, *, host: str, now: datetime) -> bool:
    """Return whether the error is that of the last heartbeat, or recent in the errors list."""
    return any(
        (each.name, each.host, each.note) == (agent, host, message) for each in store.list_agents()
    ) or any(
        (each.agent, each.repository, each.message) == (agent, None, message)
        and abs(now - each.occurred_at) < REPORT_AGAIN_AFTER
        for each in store.list_errors(limit=_NEWEST_ERRORS)
    )


def _next_due(repositories: Sequence[RepositoryRecord]) -> datetime | None:
    """Return when the next repository is due; a leased one is due when its lease ends."""
    moments = [each.next_poll_at or each.lease_until for each in repositories if not each.paused]
    return min((moment for moment in moments if moment is not None), default=None)
