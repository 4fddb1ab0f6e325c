"""The states of an agent, which is one of the collector's two loops.

The Pipeline Monitoring Agent publishes runs, and the Log Ingestion Agent publishes logs.
"""

from __future__ import annotations

from enum import Enum


class AgentState(str, Enum):
    """What an agent does; stored by its value.

    STALLED and NEVER_STARTED are never stored: readers conclude them from missing heartbeats.
    """

    RUNNING = "running"
    IDLE = "idle"
    PAUSED = "paused"
    LIMITED = "limited"
    ERROR = "error"
    STOPPED = "stopped"
    STALLED = "stalled"
    NEVER_STARTED = "never started"
