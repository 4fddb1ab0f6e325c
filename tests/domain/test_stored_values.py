"""Values as state stores write them: they come back equal, and text orders as they do."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.stored_values import (
    escape_text,
    format_optional_time,
    format_time,
    from_json,
    parse_optional_time,
    parse_time,
    repository_key,
    repository_keys,
    to_json,
    unescape_text,
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
    assert parse_time(format_time(moment)) == moment
    assert parse_time(format_time(moment)).tzinfo is timezone.utc
    assert parse_optional_time(format_optional_time(moment)) == moment


def test_a_moment_may_be_missing() -> None:
    assert format_optional_time(None) is None
    assert parse_optional_time(None) is None


@given(first=MOMENTS, second=MOMENTS)
def test_text_orders_as_time_does(first: datetime, second: datetime) -> None:
    assert (format_time(first) < format_time(second)) == (first < second)


def test_a_moment_has_a_fixed_width() -> None:
    moment = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
    assert format_time(moment) == "2026-11-24T12:00:00.000000Z"
    assert format_time(moment.astimezone(timezone(timedelta(hours=5)))) == format_time(moment)


@given(text=TEXTS)
def test_any_text_comes_back_from_ascii(text: str) -> None:
    """No database refuses what is written: no NUL, no half surrogate."""
    written = escape_text(text)
    assert written.isascii()
    assert "\x00" not in written
    assert unescape_text(written) == text
    assert from_json(to_json({text: text})) == {text: text}


@pytest.mark.parametrize("text", ["main", "octo/api", "W/abc"])
def test_plain_text_is_left_as_it_is(text: str) -> None:
    assert escape_text(text) == text


def test_names_are_compared_without_case() -> None:
    assert repository_key("Octo/API") == repository_key("octo/api") == "octo/api"
    assert repository_keys(["b/b", "Octo/API", "octo/api"]) == ["b/b", "octo/api"]
