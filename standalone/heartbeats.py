"""Background work of a headless collector: heartbeats, stale logs, retention."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from ingest.domain.agent_states import AgentState
from ingest.domain.ledger import AgentRecord
from ingest.errors import IngestError
from ingest.services.context import AGENTS, CollectorContext
from ingest.services.heartbeat import CounterFlush, rate_limit_of, slowdown_note
from ingest.services.requeue_logs import requeue_stale_logs
from ingest.services.retention import purge_expired

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
ORDER_LOST_LOGS_SECONDS = 600.0
FORGET_SECONDS = 3600.0

#: A loop that has not come round for so long hangs, and no heartbeat is reported for it.
HANGING_SECONDS = 900.0

IDLE_SECONDS = 0.5


class AgentLoop(Protocol):
    """One thread of an agent; ``turned_at`` is when it last came round (monotonic)."""

    agent: str
    state: AgentState
    note: str | None
    turned_at: float


class Heartbeats:
    """The heartbeats of both agents of this process, and the counts they add."""

    def __init__(self, context: CollectorContext, loops: Sequence[AgentLoop]) -> None:
        self._context = context
        self._loops = loops
        self._started_at: datetime = context.clock.now()
        self._counter_flush = CounterFlush(context)

    def give(self) -> None:
        """Save a heartbeat of each agent that does not hang. Raises StateUnavailable."""
        for agent in AGENTS:
            own = [loop for loop in self._loops if loop.agent == agent]
            if not any(time.monotonic() - loop.turned_at > HANGING_SECONDS for loop in own):
                worst = next((loop for loop in own if loop.note), own[0])
                self._save(agent, worst.state, worst.note)
        self._counter_flush.tell()

    def give_last(self) -> None:
        """Report that both agents have stopped. Raises StateUnavailable."""
        for agent in AGENTS:
            self._save(agent, AgentState.STOPPED, None)
        self._counter_flush.tell()

    def _save(self, agent: str, state: AgentState, note: str | None) -> None:
        context, budget = self._context, self._context.source.budget()
        record = AgentRecord(
            name=agent,
            holder=context.holder,
            state=state.value,
            heartbeat_at=context.clock.now(),
            started_at=self._started_at,
            counts=context.counters.snapshot(),
            rate_limit=rate_limit_of(budget),
            note=note or slowdown_note(agent, budget),
        )
        context.store.save_agent(record)


def keep_alive(
    context: CollectorContext,
    loops: Sequence[AgentLoop],
    *,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    should_continue: Callable[[], bool],
) -> None:
    """Report heartbeats, requeue stale logs, and purge what has expired."""
    signs = Heartbeats(context, loops)
    chores = (
        _Chore(signs.give, heartbeat_seconds),
        _Chore(lambda: requeue_stale_logs(context), ORDER_LOST_LOGS_SECONDS),
        _Chore(lambda: purge_expired(context), FORGET_SECONDS),
    )
    while should_continue():
        for chore in chores:
            chore.do_if_due()
        context.clock.sleep(IDLE_SECONDS)
    _log_trouble(signs.give_last)


class _Chore:
    """Work that is repeated after a pause; at once where it returns that there is more."""

    def __init__(self, work: Callable[[], object], every_seconds: float) -> None:
        self._work = work
        self._every_seconds = every_seconds
        self._next_at = 0.0

    def do_if_due(self) -> None:
        """Do the work if it is due."""
        if time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + self._every_seconds
            if _log_trouble(self._work) is True:
                self._next_at = 0.0


def _log_trouble(work: Callable[[], object]) -> object:
    """Do work that may fail now and is repeated later."""
    try:
        return work()
    except IngestError as error:
        logger.warning("background work failed", extra={"reason": str(error)})
        return None
