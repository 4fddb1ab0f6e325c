"""Every way in which GitHub writes a time means the same moment in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.timestamps import format_timestamp, parse_timestamp, seconds_between
from support.strategies import JSON, moments

OFFSET_MINUTES = st.integers(min_value=-(23 * 60 + 59), max_value=23 * 60 + 59)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24T06:00:00Z", utc(2026, 11, 24, 6)),
        ("2022-10-29T17:09:49.000-07:00", utc(2022, 10, 30, 0, 9, 49)),
        ("2023-02-17T17:03:46.000+01:00", utc(2023, 2, 17, 16, 3, 46)),
        ("2026-11-24T06:00:00+0530", utc(2026, 11, 24, 0, 30)),
        ("2026-11-24 06:00:00 Z", utc(2026, 11, 24, 6)),
        ("2026-11-24T06:00:00", utc(2026, 11, 24, 6)),
        ("  2026-11-24T06:00:00Z\n", utc(2026, 11, 24, 6)),
        ("2026-11-24T06:00:00.5Z", utc(2026, 11, 24, 6, 0, 0, 500_000)),
        ("2026-11-24T06:00:00.1234567Z", utc(2026, 11, 24, 6, 0, 0, 123_000)),
    ],
)
def test_a_time_is_read_in_every_form(text, moment):
    """Offsets and fractions of any length occur beside the plain form."""
    assert parse_timestamp(text) == moment


@pytest.mark.parametrize(
    "other",
    [
        None,
        "",
        "yesterday",
        1_764_000_000,
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+02:00",
        "9999-12-31T23:59:59-10:00",
        "2026-02-30T00:00:00Z",
        "2026-11-24T06:00:00+24:00",
        "2026-11-24T06:00:00Z trailing",
        "\uff12\uff10\uff12\uff16-11-24T06:00:00Z",
    ],
)
def test_what_is_no_time_is_none(other):
    """Neither zero values nor nonsense become a moment."""
    assert parse_timestamp(other) is None


@given(moments(), OFFSET_MINUTES, st.text(alphabet="0123456789", max_size=9))
def test_an_offset_and_a_fraction_never_change_the_moment(moment, minutes, more):
    """The same moment is read whatever zone it is written in, and however finely."""
    zone = timezone(timedelta(minutes=minutes))
    local = moment.astimezone(zone)
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    clock = local.strftime("%H:%M:%S")
    written = f"{local.date().isoformat()}T{clock}.{local.microsecond // 1000:03}{more}{offset}"
    assert parse_timestamp(written) == moment


@given(moments())
def test_what_is_written_is_read_back(moment):
    """A time that a store keeps as text is the same time afterwards."""
    assert parse_timestamp(format_timestamp(moment)) == moment


@given(moments(), OFFSET_MINUTES)
def test_a_time_is_written_in_utc_with_z(moment, minutes):
    """Readers need to know one form only."""
    written = format_timestamp(moment.astimezone(timezone(timedelta(minutes=minutes))))
    assert written.endswith("Z")
    assert written == format_timestamp(moment)


def test_milliseconds_are_written_only_where_there_are_any():
    """The usual form is GitHub's own."""
    assert format_timestamp(utc(2026, 11, 24, 6)) == "2026-11-24T06:00:00Z"
    assert format_timestamp(utc(2026, 11, 24, 6, 0, 0, 5000)) == "2026-11-24T06:00:00.005Z"
    assert format_timestamp(utc(2026, 11, 24, 6, 0, 0, 999)) == "2026-11-24T06:00:00Z"


def test_no_moment_is_written_as_none():
    """What is unknown stays null."""
    assert format_timestamp(None) is None
    assert format_timestamp(utc(2026, 11, 24)) == "2026-11-24T00:00:00Z"


@given(JSON)
def test_anything_may_stand_where_a_time_should(value):
    """Whatever GitHub sends in a time's place, reading it raises nothing."""
    moment = parse_timestamp(value)
    assert moment is None or moment.tzinfo is timezone.utc


@given(st.none() | moments(), st.none() | moments())
def test_a_duration_is_never_negative(start, end):
    """It is exact where both ends are known and in order, and unknown otherwise."""
    seconds = seconds_between(start, end)
    if start is None or end is None or end < start:
        assert seconds is None
    else:
        assert seconds is not None
        assert seconds >= 0
        assert timedelta(seconds=seconds) == end - start


def test_whole_seconds_are_an_integer():
    """JSON then reads 5 and not 5.0."""
    start = utc(2026, 11, 24)
    assert repr(seconds_between(start, start + timedelta(seconds=5))) == "5"
    assert seconds_between(start, start + timedelta(milliseconds=1500)) == 1.5
