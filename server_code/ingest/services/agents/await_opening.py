"""Heartbeats while a task opens its collector, which sends requests to the queues and the bucket.

A queue that accepts connections and answers nothing delays a task for half of its minute. Without
heartbeats, the pages would not show why.
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
    """Return what ``open_it`` opens in another thread; it must not use Anvil's tables."""
    with ThreadPoolExecutor(1, thread_name_prefix="opening") as worker:
        opening = worker.submit(open_it)
        return await_result(opening, lambda: heartbeat.save_when_due(AgentState.RUNNING))
