"""A tick: an agent's work in a bounded time, for hosts that run tasks and not processes.

The next tick begins where this one ended, also where that was in the middle: a task can be killed
at any moment. Polls and logs are shared out by leases and by the queue, so ticks of several hosts
never do the same work twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from ..domain.agent_states import AgentState
from ..domain.ledger import WISH_PAUSED, ErrorRecord
from ..errors import IngestError, RateLimited
from ..ports import AgentStore, StateStore
from .context import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT, CollectorContext
from .heartbeat import Heartbeat, is_alive, plain_heartbeat
from .ingest_logs import ingest_due_logs
from .poll_runs import poll_due_repositories

#: How often a waiting tick looks for due work, and how long it waits for logs at once.
IDLE_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 5

#: An error that lasts is reported again after this time.
TELL_AGAIN_AFTER = timedelta(hours=1)
_NEWEST_ERRORS = 50

#: Reports a value of a running task, by name.
Tell = Callable[[str, object], None]


def monitoring_tick(context: CollectorContext, *, seconds: float, place: str, tell: Tell) -> int:
    """Poll what is due and what becomes due within ``seconds``; return how many polls it was.

    Ends early where nothing will be due in time. Raises StateUnavailable.
    """
    tick = _Tick(context, PIPELINE_MONITORING_AGENT, seconds=seconds, place=place, tell=tell)
    polls = 0
    while tick.should_continue():
        polled = poll_due_repositories(context, should_continue=tick.should_continue)
        polls += polled
        tell("polls", polls)
        if polled == 0:
            due_at = _next_due(context)
            if due_at is None or due_at >= tick.ends_at:
                break
            context.clock.sleep(IDLE_SECONDS)
    tick.end()
    return polls


def log_tick(context: CollectorContext, *, seconds: float, place: str, tell: Tell) -> int:
    """Ingest logs for ``seconds``; return how much work was received. Raises what SQS raises."""
    tick = _Tick(context, LOG_INGESTION_AGENT, seconds=seconds, place=place, tell=tell)
    received = 0
    # SQS waits whole seconds; asked without waiting, it would be asked without end.
    while tick.should_continue() and tick.seconds_left() >= 1:
        wait = min(LONGEST_WAIT_SECONDS, int(tick.seconds_left()))
        try:
            received += ingest_due_logs(context, wait_seconds=wait, max_seconds=tick.seconds_left())
        except RateLimited as limit:
            tick.give(AgentState.LIMITED, str(limit))
            if limit.retry_at >= tick.ends_at:
                return received
            while context.clock.now() < limit.retry_at and tick.should_continue(
                AgentState.LIMITED, str(limit)
            ):
                context.clock.sleep(IDLE_SECONDS)
        tell("received", received)
    tick.end()
    return received


class _Tick:
    """One agent's tick: its end, its heartbeats, and whether the agent is paused."""

    def __init__(
        self, context: CollectorContext, agent: str, *, seconds: float, place: str, tell: Tell
    ) -> None:
        self._context = context
        self._agent = agent
        self._tell = tell
        self._sign = Heartbeat(context, agent, place=place)
        self._is_paused = False
        self._asked_at: datetime | None = None
        self.ends_at = context.clock.now() + timedelta(seconds=seconds)

    def should_continue(
        self, state: AgentState = AgentState.RUNNING, note: str | None = None
    ) -> bool:
        """Return whether there is time left and the agent is not paused; saves heartbeats."""
        now = self._context.clock.now()
        if self._asked_at is None or now - self._asked_at >= timedelta(seconds=2):
            self._asked_at = now
            self._is_paused = is_paused(self._context.store, self._agent)
        if self._is_paused or now >= self.ends_at:
            return False
        self._tell("heartbeat_at", now.isoformat())
        self._sign.give_when_due(state, note)
        return True

    def seconds_left(self) -> float:
        """Measure what is left of the tick's time."""
        return (self.ends_at - self._context.clock.now()).total_seconds()

    def give(self, state: AgentState, note: str) -> None:
        """Report an error that keeps the agent from its work."""
        self._sign.give(state, note)

    def end(self) -> None:
        """Report that the tick is over; the next one comes within a minute."""
        self._sign.give(AgentState.PAUSED if self._is_paused else AgentState.IDLE)


def is_paused(store: AgentStore, agent: str) -> bool:
    """Return whether an agent is paused."""
    return store.load_desired_states().get(agent) == WISH_PAUSED


def is_done_elsewhere(store: AgentStore, agent: str, *, place: str, now: datetime) -> bool:
    """Return whether another host runs an agent, such as a daemon on the Uplink."""
    return any(
        each.name == agent and each.holder != place and is_alive(each, now)
        for each in store.list_agents()
    )


def report_rest(store: AgentStore, agent: str, *, place: str, now: datetime) -> None:
    """Report that an agent is idle."""
    store.save_agent(plain_heartbeat(store, agent, place=place, now=now))


def report_trouble(
    store: StateStore, agent: str, error: IngestError, *, place: str, now: datetime
) -> None:
    """Report what stops an agent; in the errors list once, however often it is tried."""
    what = str(error)
    if not _is_told(store, agent, what, place=place, now=now):
        store.add_error(
            ErrorRecord(
                occurred_at=now,
                agent=agent,
                repository=None,
                what=what,
                remedy="It is tried again every minute; the checks under Settings say more.",
            )
        )
    sign = plain_heartbeat(store, agent, place=place, now=now)
    store.save_agent(replace(sign, state=AgentState.ERROR.value, note=what))


def _is_told(store: StateStore, agent: str, what: str, *, place: str, now: datetime) -> bool:
    """Return whether the error was reported recently; a new try first reports running."""
    return any(
        (each.name, each.holder, each.note) == (agent, place, what) for each in store.list_agents()
    ) or any(
        (each.agent, each.repository, each.what) == (agent, None, what)
        and abs(now - each.occurred_at) < TELL_AGAIN_AFTER
        for each in store.list_errors(limit=_NEWEST_ERRORS)
    )


def _next_due(context: CollectorContext) -> datetime | None:
    """Find when the next repository is due; one that is leased is at the lease's end."""
    moments = [
        each.next_poll_at or each.lease_until
        for each in context.store.list_repositories()
        if not each.paused
    ]
    return min((moment for moment in moments if moment is not None), default=None)
