"""What GitHub refuses a credential, and when it is asked for again.

GitHub's incidents refuse for seconds; what is revoked, deleted or denied by an organization is
refused until a person changes it. So the pauses begin short and grow fast to an hour, and after
each of them one request finds out for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ...domain.due import is_still_ahead
from ...domain.source_records import LACKED_FOR, REFUSED_FOR, CredentialRefusal
from ...errors import (
    AccessDenied,
    BadCredentials,
    CredentialSuspended,
    IngestError,
    RepositoryUnavailable,
)
from .credential_pairs import CredentialPairs, Pair

#: The pauses after refusals in a row, of up to an hour, and that of what a server lacks.
PAUSES = (
    timedelta(seconds=1),
    timedelta(seconds=4),
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=5),
    REFUSED_FOR,
    LACKED_FOR,
)

#: As many refusals count at once: for a reason that GitHub names, where no other answer is
#: expected, and where the server has to be updated first.
IF_EXPLAINED = 3
IF_EXPECTED = len(PAUSES) - 1
IF_LACKING = len(PAUSES)

#: How long other requests wait for the answer of the one that finds out.
PROBE_TIME = timedelta(seconds=5)

_ERRORS = {
    each.__name__: each
    for each in (AccessDenied, BadCredentials, CredentialSuspended, RepositoryUnavailable)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The latest of ``refusals`` in a row.

    ``probe_at``: when a request was let through after the pause.
    """

    error: IngestError
    at: datetime
    refusals: int = 1
    probe_at: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        """Return the end of the pause after it."""
        return self.at + _pause_after(self.refusals)

    def find_pause(self, now: datetime) -> datetime | None:
        """Return until when nothing is asked; None where a request is to find out."""
        if self.probe_at is None:
            begun_at, until = self.at, self.ends_at
        else:
            begun_at, until = self.probe_at, self.probe_at + PROBE_TIME
        return until if is_still_ahead(until, now, at_most=until - begun_at) else None

    def error_until(self, until: datetime) -> IngestError:
        """Return the reason as a new error, for requests that wait until then."""
        error = copy(self.error)
        error.retry_at, error.refusals, error.counts_as_failure = until, self.refusals, False
        return error

    def record(self, what: str) -> CredentialRefusal:
        """Return what the state keeps of it."""
        return CredentialRefusal(
            what=what,
            until=self.ends_at,
            reason=str(self.error),
            error=type(self.error).__name__,
            remedy=self.error.remedy,
            refusals=self.refusals,
        )


class KnownRefusals(CredentialPairs[Refusal]):
    """The latest refusals by credential and scope, which may be everything. Its caller locks."""

    def find_obstacle(self, name: str, scopes: Iterable[str], now: datetime) -> IngestError | None:
        """Return why a credential is not to be asked for any of some scopes now."""
        for scope in scopes:
            known = self.get((name, scope.lower()))
            until = known and known.find_pause(now)
            if known and until:
                return known.error_until(until)
        return None

    def begin(self, name: str, scopes: tuple[str, ...], now: datetime) -> IngestError | None:
        """Return why a request is not to be sent; None lets it through, after a pause this one."""
        obstacle = self.find_obstacle(name, scopes, now)
        if obstacle is None:
            self._change(name, scopes, lambda known: replace(known, probe_at=now))
        return obstacle

    def end_probe(self, name: str, scopes: tuple[str, ...]) -> None:
        """Note that the request that was let through has failed: the next one finds out."""
        self._change(name, scopes, lambda known: replace(known, probe_at=None))

    def refuse(self, pair: Pair, error: IngestError, now: datetime, *, at_least: int) -> Refusal:
        """Note a refusal, and in its error when it is asked again.

        One that comes while a pause lasts belongs to a request sent before it, and lengthens
        nothing.
        """
        known = self.get(pair)
        if known is None:
            known = Refusal(error=copy(error), at=now, refusals=at_least)
        elif known.probe_at or known.find_pause(now) is None or known.refusals < at_least:
            refusals = max(min(known.refusals + 1, IF_EXPECTED), at_least)
            known = Refusal(error=copy(error), at=now, refusals=refusals)
        self.set(pair, known)
        error.refusals, error.retry_at = known.refusals, known.ends_at
        return known

    def end_pause(self, pair: Pair, now: datetime) -> None:
        """Let a request find out now whether a refusal is over."""
        self._change(
            pair[0], pair[1:], lambda known: replace(known, at=now - _pause_after(known.refusals))
        )

    def restore(self, name: str, record: CredentialRefusal, now: datetime) -> None:
        """Restore what the state has kept, unless it was found out here."""
        kind, pair = _ERRORS.get(record.error), (name, record.what)
        if kind is None or pair in self or not record.is_remembered(now):
            return
        refusals = record.refusals or IF_EXPECTED
        at = record.until - _pause_after(refusals)
        error = kind(record.reason, remedy=record.remedy)
        self.set(pair, Refusal(error=error, at=at, refusals=refusals))

    def _change(
        self, name: str, scopes: tuple[str, ...], change: Callable[[Refusal], Refusal]
    ) -> None:
        for scope in scopes:
            pair = (name, scope.lower())
            if known := self.get(pair):
                self.set(pair, change(known))


def _pause_after(refusals: int) -> timedelta:
    return PAUSES[min(refusals, len(PAUSES)) - 1]
