"""When something that is done now and then is done again."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ingest.domain.due import is_interval_over
from ingest.domain.source_records import MAX_REFUSAL_PAUSE, CredentialRefusal

NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def test_an_interval_is_over_when_it_has_passed() -> None:
    assert is_interval_over(None, HOUR, NOW)
    assert is_interval_over(NOW - HOUR, HOUR, NOW)
    assert not is_interval_over(NOW - HOUR + SECOND, HOUR, NOW)
    assert not is_interval_over(NOW, HOUR, NOW)


def test_what_was_done_in_the_future_is_done_again() -> None:
    """A clock that was ahead delays nothing."""
    assert is_interval_over(NOW + SECOND, HOUR, NOW)


def test_a_refusal_of_a_clock_that_was_ahead_is_not_in_force() -> None:
    """The credential is asked again, as after an hour."""
    refusal = CredentialRefusal(scope="octo/*", until=NOW + MAX_REFUSAL_PAUSE, reason="403")
    assert refusal.is_in_force(NOW)
    assert not refusal.is_in_force(NOW + MAX_REFUSAL_PAUSE)
    assert not refusal.is_in_force(NOW - timedelta(days=1))
