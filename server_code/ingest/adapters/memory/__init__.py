"""Ports kept in memory: for tests, for the sandbox, and for one process that may forget.

``state`` puts the store together from ``repositories``, ``ledger``, ``logs`` and ``view``, which
share the ``tables``; ``log_cache`` keeps the newest logs. ``clock`` is a
clock that moves only when it is told to.
"""

from .clock import ManualClock
from .log_cache import MemoryLogCache
from .state import MemoryState

__all__ = ["ManualClock", "MemoryLogCache", "MemoryState"]
