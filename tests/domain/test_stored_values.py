"""Values as state stores write them: they come back equal, and text orders as they do."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.stored_values import (
    read_ascii,
    read_json,
    read_optional_time,
    read_time,
    repository_key,
    repository_keys,
    write_ascii,
    write_json,
    write_optional_time,
    write_time,
)
from support.state_records import ODD_TEXTS

MOMENTS = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2200, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    timezones=st.sampled_from([timezone.utc, timezone(timedelta(hours=-7, minutes=30))]),
)
#: Half surrogates too, which no encoding writes.
TEXTS = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(ODD_TEXTS)


@given(moment=MOMENTS)
def test_a_moment_comes_back_in_utc(moment: datetime) -> None:
    assert read_time(write_time(moment)) == moment
    assert read_time(write_time(moment)).tzinfo is timezone.utc
    assert read_optional_time(write_optional_time(moment)) == moment


def test_a_moment_may_be_missing() -> None:
    assert write_optional_time(None) is None
    assert read_optional_time(None) is None


@given(first=MOMENTS, second=MOMENTS)
def test_text_orders_as_time_does(first: datetime, second: datetime) -> None:
    assert (write_time(first) < write_time(second)) == (first < second)


def test_a_moment_has_a_fixed_width() -> None:
    moment = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
    assert write_time(moment) == "2026-11-24T12:00:00.000000Z"
    assert write_time(moment.astimezone(timezone(timedelta(hours=5)))) == write_time(moment)


@given(text=TEXTS)
def test_any_text_comes_back_from_ascii(text: str) -> None:
    """No database refuses what is written: no NUL, no half surrogate."""
    written = write_ascii(text)
    assert written.isascii()
    assert "\x00" not in written
    assert read_ascii(written) == text
    assert read_json(write_json({text: text})) == {text: text}


@pytest.mark.parametrize("text", ["main", "octo/api", "W/abc"])
def test_plain_text_is_left_as_it_is(text: str) -> None:
    assert write_ascii(text) == text


def test_names_are_compared_without_case() -> None:
    assert repository_key("Octo/API") == repository_key("octo/api") == "octo/api"
    assert repository_keys(["b/b", "Octo/API", "octo/api"]) == ["b/b", "octo/api"]
