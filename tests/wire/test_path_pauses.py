"""A path that is limited by itself waits longer, and its credential does not."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ingest.errors import RateLimited, RequestPaused
from ingest.wire.path_pauses import MAX_FACTOR, MAX_PATHS, MIN_OTHER_ANSWERS, PathPauses
from ingest.wire.rate_limiter import RateLimiter

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=timezone.utc)
LOG = "/repos/octo/api/actions/jobs/{}/logs"


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def waits(*, others: int) -> list[float]:
    """Return how long a path waits that answers 429 and asks for two seconds each time."""
    pauses, now, found = PathPauses(), NOW, []
    for _ in range(12):
        for number in range(others):
            pauses.note_answer(LOG.format(number + 2), wait=None, now=now)
        pauses.note_limit(LOG.format(1), until=now + seconds(2), now=now)
        with pytest.raises(RequestPaused) as paused:
            pauses.check(LOG.format(1), now)
        found.append((paused.value.retry_at - now).total_seconds())
        now = paused.value.retry_at
        pauses.check(LOG.format(1), now)
    return found


def test_a_path_that_alone_is_limited_waits_longer_each_time():
    """Its refusals pause the credential for a twentieth of the time at most."""
    found = waits(others=MIN_OTHER_ANSWERS)
    assert found[:5] == [2, 4, 8, 16, 32]
    assert found[-1] == 2 * MAX_FACTOR


def test_a_path_that_is_limited_with_all_others_leaves_them_every_other_turn():
    """The limit is the credential's, and lets one request through now and then."""
    assert waits(others=MIN_OTHER_ANSWERS - 1) == [2] + [4] * 11


def test_an_answer_ends_a_paths_pauses():
    """The next limit begins anew."""
    pauses, path = PathPauses(), LOG.format(1)
    for _ in range(3):
        pauses.note_limit(path, until=NOW + seconds(2), now=NOW)
        for number in range(MIN_OTHER_ANSWERS):
            pauses.note_answer(LOG.format(number + 2), wait=None, now=NOW)
    pauses.note_answer(path, wait=None, now=NOW)
    pauses.check(path, NOW)
    pauses.note_limit(path, until=NOW + seconds(2), now=NOW)
    pauses.check(path, NOW + seconds(2))


def test_a_pause_of_before_the_clock_was_set_back_is_over():
    pauses, path, ahead = PathPauses(), LOG.format(1), NOW + timedelta(days=30)
    pauses.note_answer(path, wait=seconds(60), now=ahead)
    with pytest.raises(RequestPaused):
        pauses.check(path, ahead)
    pauses.check(path, NOW)


def test_a_bounded_number_of_paths_is_remembered():
    """The oldest one goes."""
    pauses = PathPauses()
    for number in range(MAX_PATHS + 1):
        pauses.note_answer(LOG.format(number), wait=seconds(60), now=NOW)
    pauses.check(LOG.format(0), NOW)
    with pytest.raises(RequestPaused):
        pauses.check(LOG.format(1), NOW)


def test_the_credential_is_paused_only_as_long_as_github_asks():
    """Other paths are asked while the limited one waits."""
    limiter, log = RateLimiter(), LOG.format(1)
    for _ in range(2):
        with pytest.raises(RateLimited):
            limiter.update(429, {"retry-after": "2"}, "", now=NOW, path=log)
        for number in range(MIN_OTHER_ANSWERS):
            limiter.update(200, {}, "", now=NOW + seconds(2), path=LOG.format(number + 2))
    later = NOW + seconds(3)
    with pytest.raises(RequestPaused):
        limiter.admit(LOG, resource="core", now=later, path=log)
    limiter.admit(LOG, resource="core", now=later, path=LOG.format(2))
