"""What GitHub refuses a credential, and when it is requested again (a circuit breaker).

In an incident GitHub refuses for seconds. What is revoked, deleted or denied by an organization is
refused until a person changes it. So the pauses begin short and grow fast to an hour. After each
pause one request, the probe, is sent while the others wait for its answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ...domain.due import is_still_ahead
from ...domain.source_records import MAX_REFUSAL_PAUSE, UNSUPPORTED_PAUSE, CredentialRefusal
from ...errors import (
    AccessDenied,
    BadCredentials,
    CredentialSuspended,
    IngestError,
    RepositoryUnavailable,
)
from ...ports import Clock
from .credential_pairs import CredentialPairs, Pair

#: The pauses after the first refusal, the second in a row and so on, up to an hour; the last one
#: is for what a server does not support.
PAUSES = (
    timedelta(seconds=1),
    timedelta(seconds=4),
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=5),
    MAX_REFUSAL_PAUSE,
    UNSUPPORTED_PAUSE,
)

#: Steps in ``PAUSES`` (from 1) at which a refusal may begin.
STEP_SECOND = 1
STEP_15_SECONDS = 3
STEP_HOUR = 6
STEP_DAY = 7

#: How long other requests wait for the answer of the probe.
PROBE_TIME = timedelta(seconds=5)

_ERROR_CLASSES = {
    each.__name__: each
    for each in (AccessDenied, BadCredentials, CredentialSuspended, RepositoryUnavailable)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The latest refusal in a row, with its step in ``PAUSES``.

    ``probe_at``: when the probe after its pause was sent.
    """

    error: IngestError
    refused_at: datetime
    step: int = 1
    probe_at: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        """Return the end of the pause after it."""
        return self.refused_at + _pause_of(self.step)

    def paused_until(self, now: datetime) -> datetime | None:
        """Return until when no request is sent; None if the next one is to be the probe."""
        if self.probe_at is None:
            begun_at, until = self.refused_at, self.ends_at
        else:
            begun_at, until = self.probe_at, self.probe_at + PROBE_TIME
        return until if is_still_ahead(until, now, max_plausible=until - begun_at) else None

    def error_until(self, until: datetime) -> IngestError:
        """Return a copy of the error, for requests that wait until then."""
        error = copy(self.error)
        error.retry_at, error.times_refused, error.counts_as_failure = until, self.step, False
        return error

    def to_record(self, scope: str) -> CredentialRefusal:
        """Return its record for the state store."""
        return CredentialRefusal(
            scope=scope,
            until=self.ends_at,
            reason=str(self.error),
            error=type(self.error).__name__,
            remedy=self.error.remedy,
            times_refused=self.step,
        )


class KnownRefusals(CredentialPairs[Refusal]):
    """The latest refusals by credential and scope (``refusal_scopes``).

    ``lock`` belongs to CredentialAccess, which holds it over several calls.
    """

    def __init__(self, clock: Clock, lock: threading.RLock) -> None:
        super().__init__()
        self._clock = clock
        self._lock = lock

    def active_refusal(self, name: str, scopes: Iterable[str]) -> IngestError | None:
        """Return a refusal of one of the scopes whose pause is not over; None without any."""
        with self._lock:
            for scope in scopes:
                known = self.get((name, scope.lower()))
                until = known and known.paused_until(self._clock.now())
                if known and until:
                    return known.error_until(until)
        return None

    def refusal_or_probe(self, name: str, scopes: tuple[str, ...]) -> IngestError | None:
        """Return the refusal that forbids a request now; None where it is to be sent.

        After a pause it is the probe, for whose answer others wait: see ``release_probe``.
        """
        with self._lock:
            refusal, now = self.active_refusal(name, scopes), self._clock.now()
            if refusal is None:
                self._change(name, scopes, lambda known: replace(known, probe_at=now))
            return refusal

    def release_probe(self, name: str, scopes: tuple[str, ...]) -> None:
        """Note that a probe failed without GitHub's decision: the next request is the probe."""
        with self._lock:
            self._change(name, scopes, lambda known: replace(known, probe_at=None))

    def note(self, pair: Pair, error: IngestError, *, min_step: int) -> Refusal:
        """Note a refusal with the next step; set ``times_refused`` and ``retry_at`` of its error.

        A refusal during a pause answers a request sent before it, and does not lengthen the pause.
        """
        known, now = self.get(pair), self._clock.now()
        if known is None:
            known = Refusal(error=copy(error), refused_at=now, step=min_step)
        elif known.probe_at or known.paused_until(now) is None or known.step < min_step:
            step = max(min(known.step + 1, STEP_HOUR), min_step)
            known = Refusal(error=copy(error), refused_at=now, step=step)
        self[pair] = known
        error.times_refused, error.retry_at = known.step, known.ends_at
        return known

    def end_pause(self, pair: Pair) -> None:
        """End the pause of a refusal: the next request is the probe."""
        (name, scope), now = pair, self._clock.now()
        self._change(
            name, (scope,), lambda known: replace(known, refused_at=now - _pause_of(known.step))
        )

    def restore(self, name: str, record: CredentialRefusal) -> None:
        """Restore a refusal from its record, unless this process knows a later one."""
        error_class, pair = _ERROR_CLASSES.get(record.error), (name, record.scope)
        if error_class is None or pair in self or not record.is_remembered(self._clock.now()):
            return
        step = record.times_refused or STEP_HOUR
        error = error_class(record.reason, remedy=record.remedy)
        self[pair] = Refusal(error=error, refused_at=record.until - _pause_of(step), step=step)

    def _change(
        self, name: str, scopes: tuple[str, ...], change: Callable[[Refusal], Refusal]
    ) -> None:
        for scope in scopes:
            pair = (name, scope.lower())
            if known := self.get(pair):
                self[pair] = change(known)


def _pause_of(step: int) -> timedelta:
    return PAUSES[min(step, len(PAUSES)) - 1]
