"""A refusal of a credential, as it was met and as the state keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ...domain.due import is_still_ahead
from ...domain.source_records import REFUSED_FOR, CredentialRefusal
from ...errors import (
    AccessDenied,
    BadCredentials,
    CredentialSuspended,
    IngestError,
    RepositoryUnavailable,
)

_ERRORS = {
    each.__name__: each
    for each in (AccessDenied, BadCredentials, CredentialSuspended, RepositoryUnavailable)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A refusal of one thing, as it was met or (with its ``pause``) restored."""

    until: datetime
    error: IngestError
    pause: timedelta = REFUSED_FOR
    refusals: int = 0

    def is_in_force(self, now: datetime) -> bool:
        """Return whether it still holds; a clock that was set back lengthens none."""
        return is_still_ahead(self.until, now, at_most=self.pause)

    def record(self, what: str) -> CredentialRefusal:
        """Return what the state keeps of it."""
        return CredentialRefusal(
            what=what,
            until=self.until,
            reason=str(self.error),
            error=type(self.error).__name__,
            remedy=self.error.remedy,
            refusals=self.refusals,
        )


def restore_refusal(record: CredentialRefusal, now: datetime) -> Refusal | None:
    """Return a refusal that the state has kept; None for one that is over or unknown."""
    kind = _ERRORS.get(record.error)
    if kind is None or not record.is_in_force(now):
        return None
    return Refusal(
        until=record.until,
        error=kind(record.reason, remedy=record.remedy),
        pause=record.until - now,
        refusals=record.refusals,
    )
