"""Whatever GitHub answers and whenever, no request leaves while a limit forbids it."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest.errors import RateLimited
from ingest.wire.rate_limiter import (
    MAX_CONCURRENT,
    POINTS_PER_MINUTE,
    RESPONSE_SECONDS_PER_MINUTE,
    RateLimiter,
)

START = datetime(2026, 11, 24, 6, 0, tzinfo=timezone.utc)
HOUR = 3600
MINUTE = timedelta(seconds=60)


class Github:
    """A GitHub that counts for itself, and a client that keeps the answers on their way."""

    def __init__(self) -> None:
        self.rate_limiter = RateLimiter()
        self.now = START
        self.limit = {"core": 100, "graphql": 50}
        self.used: dict[tuple[str, int], int] = {}
        self.seen_left: dict[tuple[str, int], int] = {}
        self.admitted: dict[str, deque[datetime]] = {}
        self.cpu: deque[tuple[datetime, int]] = deque()
        self.on_the_way: list[tuple[str, dict[str, str]]] = []
        self.named: list[tuple[datetime, datetime]] = []
        self.blocked_until = {"*": START, "core": START, "graphql": START}

    def hour(self) -> int:
        return int((self.now - START).total_seconds()) // HOUR

    def send(self, resource: str, *, is_free: bool) -> bool:
        """Try to send one request; check that nothing forbade it."""
        endpoint = f"/{resource}"
        try:
            self.rate_limiter.admit(endpoint, resource=resource, now=self.now)
        except RateLimited as held:
            self.named.append((self.now, held.retry_at))
            return False
        self.check(resource, endpoint)
        self.admitted.setdefault(endpoint, deque()).append(self.now)
        period = (resource, self.hour())
        self.used[period] = self.used.get(period, 0) + (not is_free)
        self.on_the_way.append((resource, self.headers(resource)))
        return True

    def headers(self, resource: str) -> dict[str, str]:
        reset = START + timedelta(seconds=HOUR * (self.hour() + 1))
        left = max(self.limit[resource] - self.used.get((resource, self.hour()), 0), 0)
        return {
            "x-ratelimit-limit": str(self.limit[resource]),
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": str(int(reset.timestamp())),
            "x-ratelimit-resource": resource,
        }

    def check(self, resource: str, endpoint: str) -> None:
        assert self.now >= self.blocked_until["*"]
        assert self.now >= self.blocked_until[resource]
        left = self.seen_left.get((resource, self.hour()))
        under_way = sum(kind == resource for kind, _ in self.on_the_way)
        reserve = self.limit[resource] // 50
        assert left is None or left - under_way > reserve
        sent = self.admitted.get(endpoint, ())
        minute = sum(moment > self.now - MINUTE for moment in sent)
        assert minute < POINTS_PER_MINUTE[resource]
        assert len(self.on_the_way) < MAX_CONCURRENT
        used = sum(seconds for moment, seconds in self.cpu if moment > self.now - MINUTE)
        assert used < RESPONSE_SECONDS_PER_MINUTE

    def answer(self, place: int, kind: str, took: int) -> None:
        """Let one of the answers under way arrive, not always the first."""
        if not self.on_the_way:
            return
        resource, headers = self.on_the_way.pop(place % len(self.on_the_way))
        self.rate_limiter.release_slot(resource, took_seconds=took, now=self.now)
        self.cpu.append((self.now, took))
        if kind == "lost":
            return
        status, body = 200, ""
        if kind == "retry-after":
            status, headers = 429, {**headers, "retry-after": "90"}
            self.block("*", timedelta(seconds=90))
        elif kind == "secondary":
            status, body, headers = 403, "secondary rate limit", {}
            self.block("*", MINUTE)
        elif kind == "exhausted":
            status, headers = 403, {**headers, "x-ratelimit-remaining": "0"}
            reset = datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), timezone.utc)
            self.block(resource, reset - self.now)
        self.update(status, resource, headers, body)

    def update(self, status: int, resource: str, headers: dict[str, str], body: str) -> None:
        if "x-ratelimit-remaining" in headers:
            ends = datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), timezone.utc)
            period = (resource, int((ends - START).total_seconds()) // HOUR - 1)
            left = int(headers["x-ratelimit-remaining"])
            self.seen_left[period] = min(left, self.seen_left.get(period, left))
        if status == 200:
            self.rate_limiter.update(status, headers, body, now=self.now)
            return
        with pytest.raises(RateLimited) as refused:
            self.rate_limiter.update(status, headers, body, now=self.now)
        self.named.append((self.now, refused.value.retry_at))

    def block(self, scope: str, wait: timedelta) -> None:
        self.blocked_until[scope] = max(self.blocked_until[scope], self.now + wait)


RESOURCES = st.sampled_from(["core", "graphql"])
ACTIONS = st.one_of(
    st.tuples(st.just("wait"), st.integers(min_value=0, max_value=30)),
    st.tuples(st.just("wait"), st.sampled_from([60, 90, 600, HOUR])),
    st.tuples(st.just("send"), RESOURCES, st.integers(min_value=1, max_value=90), st.booleans()),
    st.tuples(
        st.just("answer"),
        st.integers(min_value=0, max_value=100),
        st.sampled_from(["ok"] * 6 + ["lost", "retry-after", "secondary", "exhausted"]),
        st.integers(min_value=0, max_value=10),
        st.integers(min_value=1, max_value=90),
    ),
)


def perform(github: Github, action: tuple) -> None:
    if action[0] == "wait":
        github.now += timedelta(seconds=action[1])
    elif action[0] == "send":
        for _ in range(action[2]):
            github.send(action[1], is_free=action[3])
    else:
        for _ in range(action[4]):
            github.answer(action[1], action[2], action[3])
    # Whatever has happened, the next moment is the one to be tempted in.
    github.send("core", is_free=True)
    github.send("graphql", is_free=True)


def github_after(actions) -> Github:
    """Perform actions one after the other."""
    github = Github()
    for action in actions:
        perform(github, action)
    return github


@given(st.lists(ACTIONS, max_size=60))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_no_request_leaves_while_a_limit_forbids_it(actions):
    """Reserve, pauses, points a minute, concurrency and CPU share hold at every moment."""
    github = github_after(actions)
    assert all(now < retry_at for now, retry_at in github.named)


@given(st.lists(ACTIONS, max_size=40))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_every_pause_ends(actions):
    """However it went, when all is answered and the time named has come, requests go on."""
    github = github_after(actions)
    while github.on_the_way:
        github.answer(0, "ok", 0)
    for resource in ("core", "graphql"):
        for _ in range(200):
            try:
                github.rate_limiter.admit("/last", resource=resource, now=github.now)
            except RateLimited as held:
                github.now = held.retry_at
            else:
                break
        else:
            raise AssertionError(f"{resource} is held back for ever")


def test_a_busy_minute_is_cut_off_where_it_must_be():
    """With free answers only the points a minute hold back."""
    github = Github()
    sent = 0
    for _ in range(1000):
        sent += github.send("core", is_free=True)
        github.answer(0, "ok", 0)
    assert sent == POINTS_PER_MINUTE["core"]
    github.now += MINUTE
    assert github.send("core", is_free=True)


def test_an_hour_is_used_up_to_the_reserve_and_not_further():
    """100 requests leave 2 to others."""
    github = Github()
    sent = 0
    for _ in range(200):
        sent += github.send("core", is_free=False)
        github.answer(0, "ok", 0)
    assert sent == 98
    assert github.send("graphql", is_free=False)
