"""Credentials that GitHub rejects as a whole (401, a suspension), and when each is asked again.

GitHub's incidents answer 401 for seconds, and a revoked token answers it for ever. So the pauses
begin short and grow fast, and after each of them one request finds out for all.
"""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ...domain.backoff import backoff
from ...domain.due import is_still_ahead
from ...domain.source_records import REFUSED_FOR
from ...errors import BadCredentials

#: The longest pause: next to a credential that is accepted, and where there is none.
LONGEST_PAUSE = REFUSED_FOR
LONGEST_PAUSE_ALONE = timedelta(minutes=5)

#: How long other requests wait for the answer of the one that finds out.
PROBE_TIME = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """The latest of ``refusals`` in a row.

    ``probe_at``: when a request was let through after the pause.
    """

    error: BadCredentials
    at: datetime
    refusals: int = 1
    probe_at: datetime | None = None

    def ends_at(self, longest: timedelta = LONGEST_PAUSE) -> datetime:
        """Return the end of the pause after it."""
        return self.at + _pause_after(self.refusals, longest)

    def find_pause(self, now: datetime, longest: timedelta) -> datetime | None:
        """Return until when nothing is asked; None where a request is to find out."""
        if self.probe_at is None:
            begun_at, until = self.at, self.ends_at(longest)
        else:
            begun_at, until = self.probe_at, self.probe_at + PROBE_TIME
        return until if is_still_ahead(until, now, at_most=until - begun_at) else None

    def error_until(self, until: datetime) -> BadCredentials:
        """Return the reason as a new error, for requests that wait until then."""
        error = copy(self.error)
        error.retry_at, error.refusals = until, self.refusals
        return error


class Rejections:
    """The rejected credentials by name. Its caller holds a lock."""

    def __init__(self) -> None:
        self._known: dict[str, Rejection] = {}

    def find(self, name: str, names: Collection[str]) -> BadCredentials | None:
        """Return why a credential was rejected that was not accepted since."""
        known = self._known.get(name)
        if known is None:
            return None
        return known.error_until(known.ends_at(self._longest_pause(name, names)))

    def find_obstacle(
        self, name: str, now: datetime, names: Collection[str]
    ) -> BadCredentials | None:
        """Return why a credential is not to be asked now; ``names`` are all there are."""
        known = self._known.get(name)
        until = known and known.find_pause(now, self._longest_pause(name, names))
        return known.error_until(until) if known and until else None

    def begin(self, name: str, now: datetime, names: Collection[str]) -> BadCredentials | None:
        """Return why a request is not to be sent; None lets it through, after a pause this one."""
        obstacle = self.find_obstacle(name, now, names)
        known = self._known.get(name)
        if obstacle is None and known is not None:
            self._known[name] = replace(known, probe_at=now)
        return obstacle

    def end_probe(self, name: str) -> None:
        """Note that the request that was let through has failed: the next one finds out."""
        if known := self._known.get(name):
            self._known[name] = replace(known, probe_at=None)

    def reject(
        self, name: str, error: BadCredentials, now: datetime, names: Collection[str]
    ) -> Rejection:
        """Note a rejection, and in its error when the credential is asked again.

        One that comes while a pause lasts belongs to a request sent before it, and lengthens
        nothing.
        """
        known = self._known.get(name)
        if known is None:
            known = Rejection(error=copy(error), at=now)
        elif known.probe_at is not None:
            known = Rejection(error=copy(error), at=now, refusals=known.refusals + 1)
        self._known[name] = known
        error.refusals = known.refusals
        error.retry_at = known.ends_at(self._longest_pause(name, names))
        return known

    def restore(self, name: str, error: BadCredentials, until: datetime, refusals: int) -> None:
        """Restore what another process found out, unless it was found out here."""
        at = until - _pause_after(refusals, LONGEST_PAUSE)
        self._known.setdefault(name, Rejection(error=error, at=at, refusals=refusals))

    def end(self, name: str) -> bool:
        """Note that a credential is accepted; return whether it was rejected before."""
        return self._known.pop(name, None) is not None

    def _longest_pause(self, name: str, names: Collection[str]) -> timedelta:
        is_alone = all(other in self._known for other in names if other != name)
        return LONGEST_PAUSE_ALONE if is_alone else LONGEST_PAUSE


def _pause_after(refusals: int, longest: timedelta) -> timedelta:
    """Return the pause after rejections in a row: a second, then four times as long each time."""
    return backoff(2 * refusals - 1, maximum=longest)
