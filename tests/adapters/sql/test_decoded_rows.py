"""Lists that are read again and again decode only the rows that changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.adapters.sql.decoded_rows import DecodedRows
from ingest.domain.ledger import RepositoryRecord, new_repository
from ingest.ports import StateStore

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=timezone.utc)


@pytest.fixture
def state() -> Iterator[StateStore]:
    with closing(open_sql_state("sqlite://")) as opened:
        for name in ("octo/a", "octo/b", "octo/c"):
            opened.add_repository(new_repository(name, backfill_days=1, now=NOW))
        yield opened


def listed(state: StateStore) -> dict[str, RepositoryRecord]:
    return {each.full_name: each for each in state.list_repositories()}


def test_only_a_row_that_changed_is_decoded_again() -> None:
    asked: list[object] = []

    def decode(row: tuple[object, ...]) -> object:
        asked.append(row[0])
        return row[1]

    rows = DecodedRows(decode)
    assert rows.decode_all([("a", 1), ("b", 2)]) == [1, 2]
    assert rows.decode_all([("b", 2), ("a", 3), ("c", 4)]) == [2, 3, 4]
    assert rows.decode_all([("a", 1)]) == [1]
    assert asked == ["a", "b", "a", "c", "a"]


def test_a_list_shows_what_changed_since_it_was_read(state: StateStore) -> None:
    before = listed(state)
    state.set_paused("octo/a", paused=True)
    state.remove_repository("octo/c")
    claimed = state.claim_repository(holder="me", now=NOW, lease_seconds=60)
    assert claimed.full_name == "octo/b"
    progress = replace(claimed, cursor=NOW, last_error="late")
    state.release_repository(progress, holder="me", next_poll_at=NOW + timedelta(minutes=1))
    after = listed(state)
    assert after.keys() == {"octo/a", "octo/b"}
    assert after["octo/a"] == replace(before["octo/a"], paused=True)
    assert after["octo/b"].cursor == NOW
    assert after["octo/b"].last_error == "late"
    assert after["octo/b"].next_poll_at == NOW + timedelta(minutes=1)
    assert listed(state)["octo/a"] is after["octo/a"], "what is the same is not decoded again"
