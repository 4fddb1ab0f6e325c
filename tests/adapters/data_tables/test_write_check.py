"""A page asks whether Data Tables can be written only where nothing else says so."""

from __future__ import annotations

from datetime import datetime

import pytest
from ingest.adapters.data_tables import DataTablesState, coordination
from ingest.domain.ledger import AgentRecord
from support.state_records import NOW, an_agent, at


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Return the times of all checks that wrote a row."""
    written: list[datetime] = []

    def check_writable(_: DataTablesState, *, now: datetime) -> None:
        written.append(now)

    monkeypatch.setattr(DataTablesState, "check_writable", check_writable)
    return written


def beat(seconds: float) -> list[AgentRecord]:
    return [an_agent(heartbeat_at=at(seconds))]


def test_a_heartbeat_since_the_check_before_proves_it(checks: list[datetime]) -> None:
    state = DataTablesState()
    for seconds in (0, 15, 30):
        state.check_writable_unless_just_written(beat(seconds), now=at(seconds))
    assert checks == [NOW]


def test_a_heartbeat_that_was_seen_before_proves_nothing(checks: list[datetime]) -> None:
    """Nor does one that is gone."""
    state = DataTablesState()
    for seconds in (0, 15):
        state.check_writable_unless_just_written(beat(0), now=at(seconds))
    state.check_writable_unless_just_written([], now=at(30))
    assert checks == [NOW, at(15), at(30)]


def test_a_check_long_ago_leaves_heartbeats_without_a_meaning(
    checks: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was saved since may be as old."""
    monkeypatch.setattr(coordination, "MAX_CHECK_INTERVAL_SECONDS", -1.0)
    state = DataTablesState()
    for seconds in (0, 15):
        state.check_writable_unless_just_written(beat(seconds), now=at(seconds))
    assert checks == [NOW, at(15)]
