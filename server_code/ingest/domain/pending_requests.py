"""Requests whose answers have not begun, and since when a host or queue has been silent."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass

#: A request that ends without an answer belongs to the silence of those sent within this time.
SAME_SILENCE_SECONDS = 600.0

#: The longest usual pause between two tries, during which a host still counts as silent.
BETWEEN_TRIES_SECONDS = 90.0


@dataclass(slots=True)
class _Silence:
    """The time since the first request that had no answer; ``ended_at``: of the last of these."""

    since: float
    ended_at: float


class PendingRequests:
    """The pending requests of one process, by host or queue. Safe for many threads.

    Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._pending: dict[str, set[int]] = {}
        self._silences: dict[str, _Silence] = {}
        self._answered: dict[str, float] = {}

    def begin(self, asked: str, *, at: float) -> int:
        """Note that a request was sent, or when its answer is due; return its number."""
        with self._lock:
            pending = self._pending.setdefault(asked, set())
            silence = self._silences.get(asked)
            if silence is None or (not pending and at - silence.ended_at > SAME_SILENCE_SECONDS):
                self._silences[asked] = _Silence(at, at)
            number = next(self._numbers)
            pending.add(number)
            return number

    def answer(self, asked: str, number: int, *, at: float) -> None:
        """Note that the answer to a request began, which ends the silence."""
        with self._lock:
            self._remove(asked, number)
            self._answered[asked] = at
            if asked in self._pending:
                self._silences[asked] = _Silence(at, at)
            else:
                self._silences.pop(asked, None)

    def end(self, asked: str, number: int, *, at: float) -> None:
        """Note that a request is pending no more; does nothing for one that was answered."""
        with self._lock:
            if number in self._pending.get(asked, ()):
                self._remove(asked, number)
                self._silences[asked].ended_at = at

    def resume(self, silences: Mapping[str, float], *, ended_at: float) -> None:
        """Continue the silences of an earlier process: since when, and when it ended.

        Also of those that were asked meanwhile, until they answer.
        """
        with self._lock:
            for asked, since in silences.items():
                if asked in self._answered:
                    continue
                own = self._silences.setdefault(asked, _Silence(since, ended_at))
                if own.since - ended_at <= SAME_SILENCE_SECONDS:
                    own.since = min(own.since, since)

    def unanswered(self, *, at: float, longer_than: float) -> dict[str, float]:
        """Return the hosts and queues that have been silent for longer than that, with the seconds.

        A host that was silent until the last try stays so until the next one.
        """

        def is_silent(asked: str, silence: _Silence) -> bool:
            if asked in self._pending:
                return at - silence.since > longer_than
            lasted = silence.ended_at - silence.since
            return lasted > longer_than and at - silence.ended_at <= BETWEEN_TRIES_SECONDS

        with self._lock:
            return {
                asked: at - silence.since
                for asked, silence in self._silences.items()
                if is_silent(asked, silence)
            }

    def answered(self, *, at: float) -> dict[str, float]:
        """Return the hosts and queues that have answered lately, with the seconds since."""
        with self._lock:
            ages = {asked: at - answered for asked, answered in self._answered.items()}
        return {asked: age for asked, age in ages.items() if age <= SAME_SILENCE_SECONDS}

    def _remove(self, asked: str, number: int) -> None:
        self._pending[asked].discard(number)
        if not self._pending[asked]:
            del self._pending[asked]
