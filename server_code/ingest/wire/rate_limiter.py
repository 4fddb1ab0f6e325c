"""One credential's limits: no request is sent while one of them forbids it."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from ..domain.due import is_still_ahead
from ..errors import BackfillLimited, RateLimited
from .hourly_use import HourlyUse, reserve_of
from .path_pauses import PathPauses
from .purposes import Purpose
from .rate_limits import (
    MAX_RESET_TIME,
    RateLimit,
    clock_offset,
    exhausted_resource,
    is_later_hour,
    is_limit_answer,
    is_same_hour,
    parse_rate_limit,
    parse_retry_after,
    with_plausible_reset,
)
from .resource_pauses import ALL_RESOURCES, ResourcePauses
from .response_times import MINUTE, ResponseTimes, trim_to_last_minute

#: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
#: 900 points a minute for an endpoint (a GET is one), 2,000 for GraphQL, 90 s of CPU time a minute;
#: each kept a little below, for clocks differ.
POINTS_PER_MINUTE = {"core": 850, "graphql": 1900}
RESPONSE_SECONDS_PER_MINUTE = 85.0
MAX_CONCURRENT = 80

#: Requests that can wait for hours are held back if more of the hour's requests are used than
#: FREE_SHARE, plus the part of PACE_SHARE that corresponds to the part of the hour that has passed.
FREE_SHARE = 0.1
PACE_SHARE = 0.6

#: The part of the minute's limits that bulk requests may use: urgent ones need the rest.
BULK_MINUTE_SHARE = 0.8


class RateLimiter:
    """The limits of one credential, which are updated from the answers to its requests.

    Safe for many threads. It never sleeps: if a limit forbids a request, it raises RateLimited with
    the time of the next try. ``clock_offset``: by how much GitHub's clock is ahead of ours, by the
    ``Date`` of its answers.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limits: dict[str, RateLimit] = {}
        self._pauses = ResourcePauses()
        self._paths = PathPauses()
        self.clock_offset = timedelta(0)
        self._points: dict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self._response_times = ResponseTimes()
        self._hourly_use = HourlyUse()
        self._in_flight: Counter[str] = Counter()
        self._reports_limits: bool | None = None

    def admit(
        self,
        endpoint: str,
        *,
        resource: str,
        now: datetime,
        path: str = "",
        purpose: Purpose = Purpose.POLLING,
    ) -> None:
        """Reserve a slot for one request; ``endpoint`` is the pattern of its path.

        Raises RateLimited if a limit forbids the request, and RequestPaused if only its path must
        wait.
        """
        with self._lock:
            self._pauses.check(resource, now)
            self._paths.check(path, now)
            self._check_primary(resource, now, purpose)
            self._check_secondary(endpoint, resource, now, share=1.0)
            if purpose.is_bulk:
                try:
                    self._check_secondary(endpoint, resource, now, share=BULK_MINUTE_SHARE)
                except RateLimited as limit:
                    raise BackfillLimited(str(limit), retry_at=limit.retry_at) from None
            self._points[resource, endpoint].append(now)
            self._in_flight[resource] += 1

    def release_slot(self, resource: str, *, took_seconds: float, now: datetime) -> None:
        """Release the slot of a request, whether it was answered or not."""
        with self._lock:
            self._in_flight[resource] -= 1
            self._response_times.record(took_seconds, now=now)

    def update(  # noqa: PLR0913 - an answer, and what its request was
        self,
        status: int,
        headers: Mapping[str, str],
        body: str,
        *,
        now: datetime,
        path: str = "",
        purpose: Purpose = Purpose.POLLING,
        is_free: bool = False,
    ) -> None:
        """Record the limits that an answer names. Raises RateLimited if the answer is a limit.

        ``retry-after`` on any other answer applies to its path only. If a path is limited while
        others are answered, it waits longer than the credential.
        """
        with self._lock:
            offset = clock_offset(headers, now=now)
            self.clock_offset = self.clock_offset if offset is None else offset
            limit = with_plausible_reset(
                parse_rate_limit(headers), github_now=now + self.clock_offset
            )
            if limit is not None:
                self._keep(limit)
                self._reports_limits = True
                if limit.resource == "core" and status != 304 and not is_free:
                    self._hourly_use.record(limit, purpose, github_now=now + self.clock_offset)
            elif status == 200 and self._reports_limits is None:
                self._reports_limits = False
            if not is_limit_answer(status, headers, body):
                self._pauses.remove_ended(limit, now)
                wait = parse_retry_after(headers, github_now=now + self.clock_offset)
                self._paths.note_answer(path, wait=wait, now=now)
                return
            scope = exhausted_resource(headers, body) or ALL_RESOURCES
            until = self._pauses.begin(scope, headers, now=now, offset=self.clock_offset)
            if scope == ALL_RESOURCES:
                self._paths.note_limit(path, until=until, now=now)
        raise RateLimited("GitHub refuses more requests for now.", retry_at=until)

    @property
    def core_limit(self) -> RateLimit | None:
        """Return the primary limit of REST requests by the last answer; None before the first."""
        with self._lock:
            return self._limits.get("core")

    def paused_until(self, *, now: datetime) -> datetime | None:
        """Return until when a pause or the end of the hour's requests forbids polls; else None."""
        with self._lock:
            try:
                self._pauses.check("core", now)
                self._check_primary("core", now, Purpose.POLLING)
            except RateLimited as limit:
                return limit.retry_at
            return None

    def apply_pause(self, until: datetime) -> None:
        """Apply a rate-limit pause of another process, or of this one before a restart."""
        with self._lock:
            self._pauses.apply(until)

    def has_hour_headroom(self, *, now: datetime) -> bool:
        """Return whether enough of the hour's requests is left for optional ones."""
        with self._lock:
            limit, github_now = self._limits.get("core"), now + self.clock_offset
            if limit is None or limit.reset_at <= github_now:
                return True
            left_of_hour = (limit.reset_at - github_now) / timedelta(hours=1)
            return limit.remaining - reserve_of(limit) > limit.limit * left_of_hour * 0.5

    def can_afford_extra(self, *, now: datetime) -> bool:
        """Return whether FREE_SHARE and PACE_SHARE leave requests, and the hour has headroom."""
        if not self.has_hour_headroom(now=now):
            return False
        with self._lock:
            limit, github_now = self._limits.get("core"), now + self.clock_offset
            if limit is None or limit.reset_at <= github_now:
                return True
            passed_share = 1 - (limit.reset_at - github_now) / timedelta(hours=1)
            used = limit.limit - limit.remaining
            return used <= limit.limit * (FREE_SHARE + PACE_SHARE * passed_share)

    def has_minute_headroom(self, *, now: datetime) -> bool:
        """Return whether less than half of the minute's requests are used at every endpoint."""
        with self._lock:
            return all(
                len(trim_to_last_minute(points, now)) < POINTS_PER_MINUTE[resource] / 2
                for (resource, _), points in self._points.items()
            )

    def minute_capacity(self, *, now: datetime) -> float:
        """Return how many requests a minute an endpoint's limits permit at this response time."""
        points = float(POINTS_PER_MINUTE["core"])
        with self._lock:
            average = self._response_times.average(now=now)
            if not average or self._reports_limits is False:
                return points
            return min(points, RESPONSE_SECONDS_PER_MINUTE / average)

    def hour_interval_factor(self, *, now: datetime) -> float:
        """Return how many times too fast the hour's requests are used up; 1 where they last."""
        with self._lock:
            limit, github_now = self._limits.get("core"), now + self.clock_offset
            if limit is None:
                return 1.0
            return self._hourly_use.hour_interval_factor(limit, github_now)

    def _keep(self, limit: RateLimit) -> None:
        """Keep the newest limit; answers of parallel requests may arrive out of order.

        Within one hour the remaining requests only fall, so the lowest is the newest.
        """
        known = self._limits.get(limit.resource)
        if known is not None and is_same_hour(limit.reset_at, known.reset_at):
            self._limits[limit.resource] = min(known, limit, key=lambda each: each.remaining)
        elif known is None or is_later_hour(limit.reset_at, known.reset_at):
            self._limits[limit.resource] = limit

    def _check_primary(self, resource: str, now: datetime, purpose: Purpose) -> None:
        limit = self._limits.get(resource)
        if limit is None:
            return
        reset_at, reserve = limit.reset_at - self.clock_offset, reserve_of(limit, purpose)
        log_reserve = reserve_of(limit, Purpose.LIVE_LOG)
        left_at_least = limit.remaining - self._in_flight[resource]
        if not is_still_ahead(reset_at, now, max_plausible=MAX_RESET_TIME):
            del self._limits[resource]
        elif limit.remaining <= reserve:
            left = f"{limit.remaining} of {limit.limit} {resource} requests"
            raise (BackfillLimited if limit.remaining > log_reserve else RateLimited)(
                f"The token has {left} left for this hour; the rest is reserved.",
                retry_at=reset_at + timedelta(seconds=1),
            )
        elif left_at_least <= reserve:
            # GitHub may not charge them, so it is too early to wait for the next hour.
            raise (BackfillLimited if left_at_least > log_reserve else RateLimited)(
                "The requests in flight may use up the rest of this hour's limit.",
                retry_at=now + timedelta(seconds=1),
            )
        elif purpose is not Purpose.POLLING and resource == "core":
            self._check_more_urgent(limit, now, purpose)

    def _check_more_urgent(self, limit: RateLimit, now: datetime, purpose: Purpose) -> None:
        """Raise if more urgent requests need what is left of the hour."""
        left = limit.remaining - self._in_flight["core"] - reserve_of(limit, purpose)
        wait = self._hourly_use.wait_for_more_urgent(limit, purpose, now + self.clock_offset, left)
        if wait:
            raise (BackfillLimited if purpose.is_bulk else RateLimited)(
                "What is left of this hour's requests is needed for polls.", retry_at=now + wait
            )

    def _check_secondary(self, endpoint: str, resource: str, now: datetime, share: float) -> None:
        points = trim_to_last_minute(self._points[resource, endpoint], now)
        allowed = int(POINTS_PER_MINUTE[resource] * share)
        if len(points) >= allowed:
            free_at = points[len(points) - allowed] + MINUTE
            raise RateLimited("GitHub's limit per minute is used up.", retry_at=free_at)
        self._check_cpu(now, share)
        if self._in_flight.total() >= int(MAX_CONCURRENT * share):
            raise RateLimited(
                "Too many requests are in flight.", retry_at=now + timedelta(seconds=1)
            )

    def _check_cpu(self, now: datetime, share: float) -> None:
        """Raise if GitHub's answers took long, because their duration estimates its CPU time.

        A server whose answers name no limits has none, even if it is slow: a GitHub Enterprise
        Server limits nothing unless its administrator enables it.
        """
        free_at = self._response_times.wait_until(
            RESPONSE_SECONDS_PER_MINUTE * share, in_flight=self._in_flight.total(), now=now
        )
        if free_at is not None and self._reports_limits is not False:
            raise RateLimited(
                "GitHub answers slowly: requests wait so that its limit on CPU time is kept.",
                retry_at=free_at,
            )
