"""Whatever the fields of a record hold, it comes back equal."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest.domain.ledger import AttemptRecord
from ingest.domain.runs import AttemptKey
from ingest.ports import StateStore
from support.state_records import (
    LARGEST_ID,
    a_full_attempt,
    a_full_log,
    a_full_repository,
    a_full_summary,
)
from support.strategies import JOBS, RUNS, moments


@pytest.mark.parametrize(
    "record", [a_full_repository(), a_full_attempt(), a_full_log(), a_full_summary()]
)
def test_the_full_records_are_full(record: Any) -> None:
    """A field that the domain adds is missed here before a store forgets it."""
    with_default = [field for field in fields(record) if field.default is not MISSING]
    assert [
        field.name for field in with_default if getattr(record, field.name) == field.default
    ] == []


TEXTS = st.text(max_size=20)
IDS = st.integers(0, LARGEST_ID)
ATTEMPTS = st.builds(
    AttemptRecord,
    key=st.builds(
        AttemptKey, st.sampled_from(["Octo/API", "octo/api", "a/b"]), IDS, st.integers(1, 1000)
    ),
    created_at=moments(),
    run=st.none() | RUNS,
    jobs=st.lists(JOBS, max_size=3).map(tuple),
    published_jobs=st.dictionaries(TEXTS, TEXTS, max_size=3),
    published_statuses=st.lists(TEXTS, max_size=3).map(tuple),
    next_check_at=st.none() | moments(),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(record=ATTEMPTS)
def test_any_attempt_comes_back_as_it_was_saved(state: StateStore, record: AttemptRecord) -> None:
    """Whatever the fields hold, the record is equal."""
    state.save_attempts([record])
    assert state.load_attempts(record.key.repository, [record.key.run_id])[record.key] == record
