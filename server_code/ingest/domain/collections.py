"""Collections that end: the record of one, and when it last changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

#: GitHub's secondary limits begin with a minute.
SHORTEST_PAUSE = timedelta(seconds=30)


class CollectionPhase(str, Enum):
    """What a manual collection does; stored by its value."""

    STARTING = "starting"
    SEARCHING = "looking for runs"
    COLLECTING = "collecting"
    FETCHING = "fetching logs"
    DONE = "done"
    FAILED = "failed"


#: The phases in which nothing more happens.
ENDED_PHASES = (CollectionPhase.DONE, CollectionPhase.FAILED)


@dataclass(frozen=True, slots=True)
class LastChange:
    """The last change of an awaited state."""

    what: str
    at: datetime

    def observed(self, what: str, now: datetime) -> LastChange:
        """Return it after another observation; a change begins it anew."""
        return self if what == self.what else LastChange(what, max(now, self.at))

    def until(self, moment: datetime) -> LastChange:
        """Return it after a wait that lasts until a moment, and is no lack of progress."""
        return replace(self, at=max(self.at, moment))

    def after_pause(self, begin: datetime, end: datetime) -> LastChange:
        """Return it after a wait or a download; a short one counts as a lack of progress.

        A server that limits one thing for ever names a short time with every refusal.
        """
        return self.until(end) if end - begin >= SHORTEST_PAUSE else self


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionRecord:
    """A collection that ends, and its progress; ``only`` names its repository, None means all.

    ``remaining``: the repositories that the next round continues with; None before the first round
    has ended. The last changes are those of its runs and of its logs. ``exit_code`` is that of the
    command which collected everything once, and None where agents work as well.
    """

    collection_id: str
    started_at: datetime
    updated_at: datetime
    only: str | None = None
    phase: str = CollectionPhase.STARTING.value
    rounds: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    remaining: tuple[str, ...] | None = None
    last_run_change: LastChange | None = None
    last_log_change: LastChange | None = None
    note: str | None = None
    exit_code: int | None = None
    unknown_fields: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)

    @property
    def has_ended(self) -> bool:
        """Return whether nothing more happens."""
        return self.phase in ENDED_PHASES
