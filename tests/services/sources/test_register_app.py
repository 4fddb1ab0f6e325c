"""The state parameter of a registration: known, recent, of one account, good for one App."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.errors import Rejected
from ingest.services.sources.register_app import (
    MAX_TRIES,
    issue_registration_state,
    require_registration_state,
    use_up_registration_state,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)


def test_a_state_is_accepted_until_its_app_was_received() -> None:
    store = open_sql_state("sqlite://")
    state = issue_registration_state(store, actor="ann", now=NOW)
    for minutes in (5, 6):
        require_registration_state(store, state, actor="ann", now=NOW + timedelta(minutes=minutes))
    use_up_registration_state(store, state, actor="ann", now=NOW + timedelta(minutes=7))
    with pytest.raises(Rejected, match="received already"):
        require_registration_state(store, state, actor="ann", now=NOW + timedelta(minutes=8))


def test_a_state_is_tried_a_few_times_only() -> None:
    store = open_sql_state("sqlite://")
    state = issue_registration_state(store, actor="ann", now=NOW)
    for _ in range(MAX_TRIES):
        require_registration_state(store, state, actor="ann", now=NOW)
    with pytest.raises(Rejected, match="tried too often"):
        require_registration_state(store, state, actor="ann", now=NOW)


@pytest.mark.parametrize(
    ("actor", "changed", "minutes"),
    [("bob", "", 1), ("ann", "x", 1), ("ann", "", 61), ("ann", "", -61)],
)
def test_any_other_state_is_refused(actor: str, changed: str, minutes: int) -> None:
    store = open_sql_state("sqlite://")
    state = issue_registration_state(store, actor="ann", now=NOW) + changed
    with pytest.raises(Rejected, match="not opened from Runstream"):
        require_registration_state(store, state, actor=actor, now=NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize("forged", ["", "1.x", f"{int(NOW.timestamp())}.guess", "9" * 40])
def test_a_state_that_was_never_issued_is_refused_however_often(forged: str) -> None:
    store = open_sql_state("sqlite://")
    for _ in range(MAX_TRIES + 1):
        with pytest.raises(Rejected):
            require_registration_state(store, forged, actor="ann", now=NOW)
