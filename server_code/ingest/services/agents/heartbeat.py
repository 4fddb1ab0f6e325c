"""Heartbeats: the state of an agent, stored for people and other processes.

A task saves them itself, because only its thread can use the store. A process with many threads
saves those of all its agents from one more thread, because the others may be busy for long.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from ...domain.agent_states import AgentState
from ...domain.counters import Counters
from ...domain.due import is_still_ahead
from ...domain.ledger import AgentRecord
from ...domain.pending_requests import PendingRequests
from ...domain.timestamps import format_timestamp, parse_timestamp
from ...errors import IngestError
from ...ports import Clock, CoordinationStore, RateLimitStatus, StateStore
from ...ports.github import MIN_REPORTED_INTERVAL_FACTOR
from ..context import AGENTS, LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT, CollectorContext
from ..time_limits import await_result
from .agent_loop import AgentLoop

_Value = TypeVar("_Value")

#: How often a working agent reports; without a report for HEARTBEAT_TIMEOUT it is not alive.
HEARTBEAT_INTERVAL = timedelta(seconds=5)
HEARTBEAT_TIMEOUT = timedelta(seconds=60)

#: A loop that has not checked whether to continue for this time hangs: its agent reports nothing.
HANGING_SECONDS = 900.0

#: A host or queue that has answered nothing for this time is reported as silent.
SILENCE_SECONDS = 10.0


class Heartbeat:
    """The heartbeat of one agent, and the counts that its process adds.

    ``host``: the worker id of a process, or the one name that all of Anvil's tasks report by.
    ``read_rate_limit_status`` is omitted as long as the agent has not opened its collector.
    """

    def __init__(  # noqa: PLR0913 - what there is before a collector is open
        self,
        agent: str,
        *,
        host: str,
        store: StateStore,
        clock: Clock,
        counters: Counters,
        read_rate_limit_status: Callable[[], RateLimitStatus] = RateLimitStatus,
    ) -> None:
        self.agent = agent
        self._host = host
        self._store = store
        self._clock = clock
        self._counters = counters
        self._read_rate_limit_status = read_rate_limit_status
        self._started_at = clock.now()
        self._next_at = self._started_at
        self._rate_limit: Mapping[str, int | str | None] = {}
        self._published_logs = 0
        self._last_log_at: datetime | None = None
        self._has_resumed = False

    @classmethod
    def of(cls, context: CollectorContext, agent: str, *, host: str) -> Heartbeat:
        """Return the heartbeat of an agent that works with a context."""
        return cls(
            agent,
            host=host,
            store=context.store,
            clock=context.clock,
            counters=context.counters,
            read_rate_limit_status=context.github.rate_limit_status,
        )

    def save(self, state: AgentState, note: str | None = None) -> None:
        """Save a heartbeat now. Raises StateUnavailable."""
        now, at = self._clock.now(), time.monotonic()
        pending, rate_limit = self._counters.pending_requests, self._read_rate_limit_status()
        self._counters.save_increments(partial(self._store.add_to_saved_counters, now=now))
        self._resume(now)
        if rate_limit.remaining is not None:
            self._rate_limit = rate_limit_fields(rate_limit)
        self._store.save_agent(
            AgentRecord(
                name=self.agent,
                host=self._host,
                state=state.value,
                heartbeat_at=now,
                started_at=self._started_at,
                counts=self._counters.snapshot(),
                last_log_at=self._find_last_log(now),
                rate_limit=self._rate_limit,
                note=note or slowdown_note(self.agent, rate_limit),
                unanswered_since=unanswered_since(pending, now=now, at=at),
                answered_at=_times(pending.seconds_since_answer(at=at), now),
            )
        )
        self._next_at = now + HEARTBEAT_INTERVAL

    def _resume(self, now: datetime) -> None:
        """Load what the last process on this host reported, before the first heartbeat is saved.

        Two tasks of an app may run at once, so the last log is loaded until one is known.
        """
        is_log_unknown = self.agent == LOG_INGESTION_AGENT and self._last_log_at is None
        if self._has_resumed and not is_log_unknown:
            return
        last = _find_heartbeat(self._store, self.agent, self._host)
        if last is not None and is_log_unknown:
            self._last_log_at = last.last_log_at
        if last is not None and not self._has_resumed:
            self._rate_limit = last.rate_limit
            _resume_silences(self._counters.pending_requests, last, now)
        self._has_resumed = True

    def _find_last_log(self, now: datetime) -> datetime | None:
        """Return when a log was last published, to the precision of HEARTBEAT_INTERVAL."""
        logs = self._counters.read("logs")
        if logs > self._published_logs:
            self._published_logs, self._last_log_at = logs, now
        return self._last_log_at

    def save_when_due(self, state: AgentState, note: str | None = None) -> None:
        """Save a heartbeat if the last one is HEARTBEAT_INTERVAL old; ignore an error of the store.

        The agent's work uses the store as well, and reports the error.
        """
        if is_still_ahead(self._next_at, self._clock.now(), max_plausible=HEARTBEAT_INTERVAL):
            return
        try:
            self.save(state, note)
        except IngestError:
            self._next_at = self._clock.now() + HEARTBEAT_INTERVAL

    def save_during(self, function: Callable[[], _Value]) -> _Value:
        """Call a function in another thread, and save heartbeats until it returns.

        The function must not use Anvil's tables. A task opens its collector in this way, because a
        queue that accepts connections and answers nothing delays it for half of its minute.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="opening") as worker:
            result = worker.submit(function)
            return await_result(result, lambda: self.save_when_due(AgentState.RUNNING))


class Heartbeats:
    """The heartbeats of this process's agents, whose loops run in threads."""

    def __init__(self, context: CollectorContext, loops: Sequence[AgentLoop]) -> None:
        self._heartbeats = {
            agent: Heartbeat.of(context, agent, host=context.worker_id)
            for agent in AGENTS
            if any(loop.agent == agent for loop in loops)
        }
        self._loops = loops

    def save(self) -> None:
        """Save a heartbeat of each agent that does not hang. Raises StateUnavailable."""
        for agent, heartbeat in self._heartbeats.items():
            own = [loop for loop in self._loops if loop.agent == agent]
            if not any(time.monotonic() - loop.last_turn_at > HANGING_SECONDS for loop in own):
                shown = next((loop for loop in own if loop.note), own[0])
                heartbeat.save(shown.state, shown.note)

    def save_stopped(self) -> None:
        """Save heartbeats that say that the agents have stopped. Raises StateUnavailable."""
        for heartbeat in self._heartbeats.values():
            heartbeat.save(AgentState.STOPPED)


def idle_heartbeat(
    store: CoordinationStore, agent: str, *, host: str, now: datetime
) -> AgentRecord:
    """Build the heartbeat of an agent that does nothing, with the rate limit it last reported."""
    last = _find_heartbeat(store, agent, host)
    return AgentRecord(
        name=agent,
        host=host,
        state=AgentState.IDLE.value,
        heartbeat_at=now,
        started_at=now,
        rate_limit={} if last is None else last.rate_limit,
        last_log_at=None if last is None else last.last_log_at,
    )


def _find_heartbeat(store: CoordinationStore, agent: str, host: str) -> AgentRecord | None:
    """Return the last heartbeat of an agent from a host; None if there is none."""
    own = (each for each in store.list_agents() if (each.name, each.host) == (agent, host))
    return next(own, None)


def _resume_silences(pending: PendingRequests, last: AgentRecord, now: datetime) -> None:
    """Continue the silences of an earlier heartbeat, on this process's monotonic clock."""
    offset = time.monotonic() - now.timestamp()
    times = {target: parse_timestamp(since) for target, since in last.unanswered_since.items()}
    pending.resume(
        {target: since.timestamp() + offset for target, since in times.items() if since},
        ended_at=last.heartbeat_at.timestamp() + offset,
    )


def unanswered_since(pending: PendingRequests, *, now: datetime, at: float) -> dict[str, str]:
    """Return since when hosts and queues have answered nothing; ``at``: monotonic time now."""
    return _times(pending.unanswered_seconds(at=at, longer_than=SILENCE_SECONDS), now)


def _times(ages: Mapping[str, float], now: datetime) -> dict[str, str]:
    """Return the time that lies each number of seconds before now."""
    return {
        target: str(format_timestamp(now - timedelta(seconds=age))) for target, age in ages.items()
    }


def rate_limit_fields(rate_limit: RateLimitStatus) -> dict[str, int | str | None]:
    """Return a rate limit as heartbeats store it."""
    return {
        "limit": rate_limit.limit,
        "remaining": rate_limit.remaining,
        "reset_at": format_timestamp(rate_limit.reset_at),
    }


def slowdown_note(agent: str, rate_limit: RateLimitStatus) -> str | None:
    """Return the note that polls are slower because of GitHub's limits; None if they are not."""
    if agent != PIPELINE_MONITORING_AGENT:
        return None
    notes = []
    if rate_limit.hour_interval_factor >= MIN_REPORTED_INTERVAL_FACTOR:
        notes.append(
            "GitHub's hourly rate limit is used up too fast, as during a backfill: the time "
            f"between polls is {rate_limit.hour_interval_factor:.1f} times as long. If this lasts, "
            "add a token or watch fewer repositories."
        )
    if rate_limit.minute_interval_factor >= MIN_REPORTED_INTERVAL_FACTOR:
        notes.append(
            "More repositories are watched than GitHub's limit per minute has requests for: the "
            f"time between polls is up to {rate_limit.minute_interval_factor:.1f} times as long. "
            "Add a token or watch fewer repositories."
        )
    return " ".join(notes) or None


def is_alive(agent: AgentRecord, now: datetime, *, timeout: timedelta = HEARTBEAT_TIMEOUT) -> bool:
    """Return whether an agent has reported within ``timeout``, and not that it stopped.

    A heartbeat that is further in the future comes from a wrong clock, and is ignored.
    """
    return agent.state != AgentState.STOPPED and abs(now - agent.heartbeat_at) < timeout
