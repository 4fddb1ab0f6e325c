"""The opening of a task's collector, which asks queues and bucket, with heartbeats meanwhile.

A task has a minute, and a queue that accepts connections and answers nothing holds it for half of
it: without heartbeats the pages would show nothing of that.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ...domain.agent_states import AgentState
from ..time_limits import await_result
from .heartbeat import Heartbeat

_Opened = TypeVar("_Opened")


def await_opening(open_it: Callable[[], _Opened], heartbeat: Heartbeat) -> _Opened:
    """Return what ``open_it`` opens in a thread of its own; it must not use the state."""
    with ThreadPoolExecutor(1, thread_name_prefix="opening") as worker:
        opening = worker.submit(open_it)
        return await_result(opening, lambda: heartbeat.save_when_due(AgentState.RUNNING))
