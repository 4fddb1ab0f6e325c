"""Clocks: one that moves when it is advanced, and the machine's."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone

from ingest.adapters.system_clock import SystemClock
from support.manual_clock import ManualClock

NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


def test_a_manual_clock_stands_still() -> None:
    """Until it is set or advanced; it returns UTC whatever it was given."""
    clock = ManualClock(NOW.astimezone(timezone(timedelta(hours=9))))
    assert clock.now().isoformat() == "2026-11-24T12:00:00+00:00"
    clock.advance(1.5)
    assert clock.now() == NOW + timedelta(seconds=1.5)
    clock.set_now(NOW - timedelta(days=1))
    assert clock.now() == NOW - timedelta(days=1)


def test_sleeping_moves_a_manual_clock_and_is_recorded() -> None:
    """So a test sees how long a service wanted to wait, without waiting."""
    clock = ManualClock(NOW)
    clock.sleep(30)
    clock.sleep(-1)
    assert clock.now() == NOW + timedelta(seconds=30)
    assert clock.sleeps == [30, -1]


def test_the_system_clock_reports_utc() -> None:
    """Aware, so that it compares with GitHub's times."""
    assert SystemClock(threading.Event()).now().utcoffset() == timedelta(0)


def test_a_sleeper_is_woken_when_the_process_is_asked_to_stop() -> None:
    """An hour is over at once, also where the stop came before it."""
    stop = threading.Event()
    clock = SystemClock(stop)
    sleeper = threading.Thread(target=clock.sleep, args=(3600,))
    sleeper.start()
    stop.set()
    sleeper.join(timeout=60)
    assert not sleeper.is_alive()
    clock.sleep(3600)
    clock.sleep(-1)
