"""Requests without an answer yet, and since when each host or queue has answered nothing.

Heartbeats report the hosts and queues that an agent waits for.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass

#: A request that is sent within this time after the end of an unanswered one belongs to the same
#: silence.
SAME_SILENCE_SECONDS = 600.0

#: The longest usual pause between two tries, during which a host still counts as silent.
BETWEEN_TRIES_SECONDS = 90.0


@dataclass(slots=True)
class _Silence:
    """A time without answers, from the first request (``since``) to the end of the last one."""

    since: float
    ended_at: float


class PendingRequests:
    """The pending requests of one process, by their target: a network host or a queue.

    Safe for many threads. Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._pending: dict[str, set[int]] = {}
        self._silences: dict[str, _Silence] = {}
        self._answered: dict[str, float] = {}

    def begin(self, target: str, *, at: float) -> int:
        """Note a request; ``at``: when it is sent, or its answer is due. Return its number."""
        with self._lock:
            pending = self._pending.setdefault(target, set())
            silence = self._silences.get(target)
            if silence is None or (not pending and at - silence.ended_at > SAME_SILENCE_SECONDS):
                self._silences[target] = _Silence(at, at)
            number = next(self._numbers)
            pending.add(number)
            return number

    def note_answer(self, target: str, number: int, *, at: float) -> None:
        """Note that the answer to a request began, which ends the silence."""
        with self._lock:
            self._remove(target, number)
            self._answered[target] = at
            if target in self._pending:
                self._silences[target] = _Silence(at, at)
            else:
                self._silences.pop(target, None)

    def end(self, target: str, number: int, *, at: float) -> None:
        """Note that a request has ended, unless it was answered."""
        with self._lock:
            if number in self._pending.get(target, ()):
                self._remove(target, number)
                self._silences[target].ended_at = at

    def resume(self, silences: Mapping[str, float], *, ended_at: float) -> None:
        """Continue the silences of an earlier process; ``silences``: when each target's began.

        ``ended_at``: when that process ended. Targets that have answered since are left out.
        """
        with self._lock:
            for target, since in silences.items():
                if target in self._answered:
                    continue
                own = self._silences.setdefault(target, _Silence(since, ended_at))
                if own.since - ended_at <= SAME_SILENCE_SECONDS:
                    own.since = min(own.since, since)

    def unanswered_seconds(self, *, at: float, longer_than: float) -> dict[str, float]:
        """Return how many seconds each target has not answered, if more than ``longer_than``.

        A target also counts as not answering between two tries.
        """

        def is_silent(target: str, silence: _Silence) -> bool:
            if target in self._pending:
                return at - silence.since > longer_than
            lasted = silence.ended_at - silence.since
            return lasted > longer_than and at - silence.ended_at <= BETWEEN_TRIES_SECONDS

        with self._lock:
            return {
                target: at - silence.since
                for target, silence in self._silences.items()
                if is_silent(target, silence)
            }

    def seconds_since_answer(self, *, at: float) -> dict[str, float]:
        """Return how many seconds ago each target last answered; old answers are left out."""
        with self._lock:
            ages = {target: at - answered for target, answered in self._answered.items()}
        return {target: age for target, age in ages.items() if age <= SAME_SILENCE_SECONDS}

    def _remove(self, target: str, number: int) -> None:
        self._pending[target].discard(number)
        if not self._pending[target]:
            del self._pending[target]
