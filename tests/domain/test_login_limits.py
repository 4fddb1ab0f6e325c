"""Wrong passwords cost pauses that grow and expire, and lock nobody else out."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ingest.domain.login_limits import (
    ALLOWED_FAILURES_OF_ACCOUNT,
    ALLOWED_FAILURES_OF_ADDRESS,
    FIRST_PAUSE,
    MAX_PAUSE,
    LoginPause,
    allowed_failures_by_key,
    are_recent,
    describe_pause,
    is_paused,
    pause_after,
)


def test_the_first_failures_are_free() -> None:
    assert pause_after(ALLOWED_FAILURES_OF_ACCOUNT, ALLOWED_FAILURES_OF_ACCOUNT) == timedelta(0)


def test_pauses_double_up_to_a_maximum() -> None:
    pauses = [pause_after(5 + failures, 5) for failures in range(1, 8)]
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == pause_after(10**9, 5) == MAX_PAUSE


@pytest.mark.parametrize(
    ("seconds", "claim"),
    [
        (30, "paused for 1 minute, until 12:00:50 UTC."),
        (45, "paused for 1 minute, until 12:01:05 UTC."),
        (60.5, "paused for 2 minutes, until 12:01:20 UTC."),
        (480, "paused for 8 minutes, until 12:08:20 UTC."),
    ],
)
def test_the_end_of_a_pause_is_never_said_too_early(seconds: float, claim: str) -> None:
    """Cut to its minute, it would be over before it is."""
    now = datetime(2026, 1, 5, 12, 0, 20, tzinfo=timezone.utc)
    pause = LoginPause(now + timedelta(seconds=seconds), "")
    assert describe_pause(pause, now).endswith(claim)


@pytest.mark.parametrize(
    ("account", "claim"),
    [
        ("", "Logging in and changing passwords from your network is paused"),
        ("a@b.example", "Logging in as a@b.example and changing its password from your network is"),
    ],
)
def test_a_pause_names_what_is_paused(account: str, claim: str) -> None:
    """Colleagues at the same address can still log in while one account is paused."""
    now = datetime(2026, 1, 5, 12, tzinfo=timezone.utc)
    assert claim in describe_pause(LoginPause(now + FIRST_PAUSE, account), now)


def test_an_account_is_counted_for_each_address() -> None:
    home, attacker = (
        allowed_failures_by_key("192.0.2.1", "a@b"),
        allowed_failures_by_key("192.0.2.2", "a@b"),
    )
    assert set(home).isdisjoint(attacker)
    assert home == {
        "192.0.2.1": ALLOWED_FAILURES_OF_ADDRESS,
        "192.0.2.1 a@b": ALLOWED_FAILURES_OF_ACCOUNT,
    }


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        (None, "unknown"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_an_address_is_counted_by_its_network(address: str | None, network: str) -> None:
    assert next(iter(allowed_failures_by_key(address, "a@b"))) == network


def test_a_clock_that_was_ahead_locks_nobody_out() -> None:
    """What it left behind lies further ahead than any pause, and is not believed."""
    now = datetime(2026, 11, 28, tzinfo=timezone.utc)
    assert is_paused(now + MAX_PAUSE, now, now)
    assert not is_paused(now + timedelta(days=365), now, now)
    assert are_recent(now - timedelta(hours=1), now)
    assert not are_recent(now + timedelta(days=365), now)


def test_people_who_log_in_at_once_from_one_network_are_not_refused() -> None:
    """The other one's login was counted a moment later by the clock, and first by the table."""
    now = datetime(2026, 11, 28, tzinfo=timezone.utc)
    counted_at = now + timedelta(milliseconds=300)
    free = counted_at + pause_after(1, ALLOWED_FAILURES_OF_ADDRESS)
    assert not is_paused(free, counted_at, now)
    assert is_paused(counted_at + pause_after(21, ALLOWED_FAILURES_OF_ADDRESS), counted_at, now)
