"""The record of a one-time collection ("Collect now", `collect --once`), and when it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from .codec import KeepsUnknownFields, stored_as

#: GitHub's secondary limits last a minute or longer.
SHORTEST_PAUSE = timedelta(seconds=30)


class CollectionPhase(str, Enum):
    """What a one-time collection does; stored by its value."""

    STARTING = "starting"
    SEARCHING = "looking for runs"
    COLLECTING = "collecting"
    FETCHING = "fetching logs"
    DONE = "done"
    FAILED = "failed"


ENDED_PHASES = (CollectionPhase.DONE, CollectionPhase.FAILED)


@dataclass(frozen=True, slots=True)
class LastChange:
    """The last change of an observed state: ``what`` it is, and since when."""

    what: str
    at: datetime

    def after_observation(self, what: str, now: datetime) -> LastChange:
        """Return the last change after another observation; ``what`` was observed ``now``."""
        return self if what == self.what else LastChange(what, max(now, self.at))

    def after_pause(self, begin: datetime, end: datetime) -> LastChange:
        """Return the last change, moved to the end of a pause for a rate limit.

        So the pause does not count as a lack of progress. A short pause does: a server that never
        stops limiting a request asks for a short pause each time.
        """
        return replace(self, at=max(self.at, end)) if end - begin >= SHORTEST_PAUSE else self


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionRecord(KeepsUnknownFields):
    """A one-time collection and its progress; without a ``repository`` it collects all.

    ``remaining_repositories``: those that the next round continues with; None before the first
    round has ended. ``rounds``: how many have. ``counts``: of repositories and of what was sent.
    ``last_run_change``, ``last_log_change``: when the state of its runs and of its logs last
    changed. ``note``: what failed or is left. ``exit_code``: that of the command that collected
    everything once; None if agents are running as well.
    """

    collection_id: str
    started_at: datetime
    updated_at: datetime
    repository: str | None = field(default=None, metadata=stored_as("only"))
    phase: str = CollectionPhase.STARTING.value
    rounds: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    remaining_repositories: tuple[str, ...] | None = field(
        default=None, metadata=stored_as("remaining")
    )
    last_run_change: LastChange | None = None
    last_log_change: LastChange | None = None
    note: str | None = None
    exit_code: int | None = None

    @property
    def has_ended(self) -> bool:
        """Return whether the collection is done or has failed."""
        return self.phase in ENDED_PHASES
