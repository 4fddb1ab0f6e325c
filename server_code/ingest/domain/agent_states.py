"""The states that an agent reports of itself."""

from __future__ import annotations

from enum import Enum


class AgentState(str, Enum):
    """What an agent does; stored by its value."""

    RUNNING = "running"
    IDLE = "idle"
    PAUSED = "paused"
    LIMITED = "limited"
    ERROR = "error"
    STOPPED = "stopped"
