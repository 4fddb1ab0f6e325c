"""The states of an agent: what it reports of itself, and what others conclude from its silence."""

from __future__ import annotations

from enum import Enum


class AgentState(str, Enum):
    """What an agent does; stored by its value. Never stored: STALLED and NEVER_STARTED."""

    RUNNING = "running"
    IDLE = "idle"
    PAUSED = "paused"
    LIMITED = "limited"
    ERROR = "error"
    STOPPED = "stopped"
    STALLED = "stalled"
    NEVER_STARTED = "never started"
