"""The pauses that GitHub asks of a credential, for one of its resources or for all requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..domain.due import ended_pause_times, is_longer_pause
from ..errors import RateLimited
from .rate_limits import RateLimit, retry_at

#: The scope of a pause that applies to all requests with the token.
ALL_RESOURCES = "*"


@dataclass(frozen=True, slots=True)
class _Pause:
    """A pause that GitHub asked for, and how often in a row it has refused."""

    until: datetime
    refusals: int


class ResourcePauses:
    """The pauses of one credential. The caller must hold a lock."""

    def __init__(self) -> None:
        self._pauses: dict[str, _Pause] = {}

    def check(self, resource: str, now: datetime) -> None:
        """Raise RateLimited if a pause of the resource, or of all, is not over."""
        scopes, over = {ALL_RESOURCES, resource} & self._pauses.keys(), ended_pause_times(now)
        ends = [self._pauses[scope].until for scope in scopes]
        until = max((end for end in ends if not over.includes(end)), default=None)
        if until is not None:
            raise RateLimited("GitHub asked for a pause that is not over yet.", retry_at=until)

    def begin(
        self, scope: str, headers: Mapping[str, str], *, now: datetime, offset: timedelta
    ) -> datetime:
        """Start or lengthen a pause by the headers of a refusal; return its end.

        A refusal during a pause belongs to a request that was sent before it. It does not count as
        another refusal in a row; otherwise a burst of parallel requests would cost an hour.
        ``offset``: by how much GitHub's clock is ahead of ``now``.
        """
        known = self._pauses.get(scope, _Pause(until=now, refusals=0))
        is_over = ended_pause_times(now).includes(known.until)
        refusals = known.refusals + is_over
        wanted = retry_at(headers, now=now, refusals=refusals, offset=offset)
        until = wanted if is_over else max(known.until, wanted)
        self._pauses[scope] = _Pause(until, refusals)
        return until

    def apply(self, until: datetime) -> None:
        """Apply a pause of all requests from another process, or of this one before a restart."""
        known = self._pauses.get(ALL_RESOURCES)
        if known is None or is_longer_pause(until, known.until):
            self._pauses[ALL_RESOURCES] = _Pause(until, known.refusals if known else 0)

    def remove_ended(self, limit: RateLimit | None, now: datetime) -> None:
        """Remove the pauses that are over, as an answer with a limit shows.

        An answer during a pause belongs to a request that was sent before it. An answer that leaves
        no request of its resource shows nothing about the next one, because GraphQL refuses with
        200.
        """
        scopes, over = {ALL_RESOURCES}, ended_pause_times(now)
        if limit is not None and limit.remaining > 0:
            scopes.add(limit.resource)
        for scope in scopes & self._pauses.keys():
            if over.includes(self._pauses[scope].until):
                del self._pauses[scope]
