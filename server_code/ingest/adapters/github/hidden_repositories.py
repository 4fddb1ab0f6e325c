"""Repositories that GitHub shows to no credential: what is below them is not asked for meanwhile.

GitHub answers 404 for each run, job and log of a repository that was deleted or is hidden. Polls
and discoveries ask for the repository itself, at times of their own. Until one of them is answered,
requests for its items wait, and one of them is sent after each of growing pauses.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ...domain.due import is_still_ahead
from ...errors import NotFound, RepositoryUnavailable, RequestPaused
from ...ports import Clock
from .rejections import PROBE_TIME

#: The endpoints whose 404 is of the repository itself.
_OF_REPOSITORY = frozenset({"/repos/{}", "/repos/{}/actions/runs"})

#: The pause after the first such answer, as that of a poll, and how many times longer each further
#: one is.
FIRST_PAUSE = timedelta(seconds=15)
GROWTH = 20

#: Polls and discoveries ask for a lost repository once an hour: they come first.
LONGEST_PAUSE = timedelta(minutes=70)


@dataclass(frozen=True, slots=True)
class _Pause:
    """A pause of a repository's items; ``is_asked``: a request was sent since it began."""

    until: datetime
    length: timedelta = FIRST_PAUSE
    is_asked: bool = False


class HiddenRepositories:
    """The repositories that GitHub does not show to this process. Safe for many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pauses: dict[str, _Pause] = {}

    @contextmanager
    def asking(self, repository: str, endpoint: str) -> Iterator[None]:
        """Send a request, and note whether its repository is shown. Raises RequestPaused."""
        self._begin(repository, is_of_item=endpoint not in _OF_REPOSITORY)
        try:
            yield
        except RepositoryUnavailable as error:
            if error.is_hidden:
                self._hide(repository)
            raise
        except NotFound:
            self.show(repository)
            raise
        self.show(repository)

    def show(self, repository: str) -> None:
        """Note that GitHub shows a repository."""
        with self._lock:
            self._pauses.pop(repository.lower(), None)

    def _begin(self, repository: str, *, is_of_item: bool) -> None:
        key, now = repository.lower(), self._clock.now()
        with self._lock:
            pause = self._pauses.get(key)
            if pause is None:
                return
            if is_of_item and is_still_ahead(pause.until, now, at_most=LONGEST_PAUSE):
                what = f"GitHub does not show {repository}: its runs, jobs and logs wait."
                raise RequestPaused(what, retry_at=pause.until)
            until = max(pause.until, now + PROBE_TIME)
            self._pauses[key] = replace(pause, until=until, is_asked=True)

    def _hide(self, repository: str) -> None:
        """Note that GitHub does not show a repository.

        The answer to a request that was sent before the pause began lengthens nothing.
        """
        key, now = repository.lower(), self._clock.now()
        with self._lock:
            pause = self._pauses.get(key)
            if pause is None:
                self._pauses[key] = _Pause(now + FIRST_PAUSE)
            elif pause.is_asked:
                length = min(pause.length * GROWTH, LONGEST_PAUSE)
                self._pauses[key] = _Pause(now + length, length)
