"""The pauses of single paths, during which other requests of the credential continue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..domain.due import ended_pause_times
from ..errors import RequestPaused

MAX_PATHS = 1000

#: If a path is limited again after this many answers of other paths, the limit is one of the path.
#: Its pause doubles each time, because each try also pauses the whole credential.
MIN_OTHER_ANSWERS = 10
MAX_FACTOR = 20
MAX_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Pause:
    """A pause, its length in multiples of what GitHub asked, and the count of answers before it."""

    until: datetime
    factor: int
    answers: int


class PathPauses:
    """The paths of one credential that must wait. The caller must hold a lock."""

    def __init__(self) -> None:
        self._pauses: dict[str, _Pause] = {}
        self._answers = 0

    def check(self, path: str, now: datetime) -> None:
        """Raise RequestPaused for a path that must wait."""
        known = self._pauses.get(path)
        if known is not None and not ended_pause_times(now).includes(known.until):
            raise RequestPaused(f"GitHub asked to wait before {path}.", retry_at=known.until)

    def note_answer(self, path: str, *, wait: timedelta | None, now: datetime) -> None:
        """Note an answer that is no limit; ``wait``: its Retry-After, for the next request."""
        self._answers += 1
        self._pauses.pop(path, None)
        if wait is not None:
            self._keep(path, now + wait, factor=1)

    def note_limit(self, path: str, *, until: datetime, now: datetime) -> None:
        """Note a limit; the path waits longer if other paths were answered since the last limit."""
        known, factor = self._pauses.get(path), 1
        if known is not None:
            is_alone = self._answers - known.answers >= MIN_OTHER_ANSWERS
            # At least 2, so that other paths are requested before it, even if it is always the
            # first.
            factor = min(known.factor * 2, MAX_FACTOR) if is_alone else max(known.factor // 2, 2)
        wait = until - now
        self._keep(path, now + max(min(factor * wait, MAX_PAUSE), wait), factor=factor)

    def _keep(self, path: str, until: datetime, *, factor: int) -> None:
        """Keep a pause; if there are too many, remove the oldest."""
        if not path:
            return
        self._pauses.pop(path, None)
        self._pauses[path] = _Pause(until, factor, self._answers)
        if len(self._pauses) > MAX_PATHS:
            del self._pauses[next(iter(self._pauses))]
