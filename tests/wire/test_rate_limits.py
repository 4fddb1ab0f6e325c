"""What GitHub's headers say about asking again, also where they say it badly."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.wire.rate_limits import (
    MAX_WAIT_SECONDS,
    RateLimit,
    clock_offset,
    exhausted_resource,
    is_limit_answer,
    parse_rate_limit,
    retry_at,
)
from support.strategies import UGLY_TEXT

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=timezone.utc)

NUMBERS = st.one_of(
    UGLY_TEXT,
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(["nan", "inf", "-inf", "1e400", "-1", "", " 5 ", "9" * 400, "0x10"]),
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "retry-after": NUMBERS,
        "x-ratelimit-limit": NUMBERS,
        "x-ratelimit-remaining": NUMBERS,
        "x-ratelimit-reset": NUMBERS,
        "x-ratelimit-resource": UGLY_TEXT,
    },
)


def limit_headers(remaining=0, *, reset_in=600, resource="core", **more):
    reset = str(int((NOW + timedelta(seconds=reset_in)).timestamp()))
    return {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": reset,
        "x-ratelimit-resource": resource,
        **more,
    }


def seconds_until(headers, refusals=1):
    return (retry_at(headers, now=NOW, refusals=refusals) - NOW).total_seconds()


def test_the_four_headers_are_one_limit():
    """Resource, limit, remaining and reset."""
    assert parse_rate_limit(limit_headers(4999, resource="graphql")) == RateLimit(
        resource="graphql",
        limit=5000,
        remaining=4999,
        reset_at=NOW + timedelta(seconds=600),
    )


def test_floats_are_numbers_too_and_the_resource_may_be_missing():
    """Proxies rewrite numbers, and older servers name no resource."""
    headers = {
        "x-ratelimit-limit": "60.0",
        "x-ratelimit-remaining": "59.0",
        "x-ratelimit-reset": "1795500000.5",
    }
    limit = parse_rate_limit(headers)
    assert limit is not None
    assert (limit.resource, limit.limit, limit.remaining) == ("core", 60, 59)


@pytest.mark.parametrize(
    "name", ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]
)
@pytest.mark.parametrize("value", [None, "", "many", "nan", "inf", "1e400", "9" * 400])
def test_a_missing_or_broken_header_is_no_limit(name, value):
    """502s and some 401s carry none."""
    headers = limit_headers(10)
    del headers[name]
    if value is not None:
        headers[name] = value
    if name == "x-ratelimit-reset" or value in (None, "", "many", "nan", "inf", "1e400"):
        assert parse_rate_limit(headers) is None


def test_a_limit_of_zero_is_none():
    """A server that does not limit answers 0 of 0, and refuses for other reasons."""
    headers = {
        "x-ratelimit-limit": "0",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1770000000",
    }
    assert parse_rate_limit(headers) is None
    assert not is_limit_answer(403, headers, "Resource not accessible")


@pytest.mark.parametrize(
    ("status", "headers", "body", "is_limit"),
    [
        (429, {}, "", True),
        (403, limit_headers(0), "", True),
        (403, limit_headers(0.0), "", True),
        (403, limit_headers(4000, **{"retry-after": "60"}), "", True),
        (403, limit_headers(4000), "You have exceeded a secondary rate limit.", True),
        (403, {}, "You have triggered an abuse detection mechanism.", True),
        (403, {}, "API RATE LIMIT exceeded for installation", True),
        (403, limit_headers(4000), "Resource not accessible by personal access token", False),
        (403, {}, "", False),
        (200, limit_headers(0), "rate limit", False),
        (304, limit_headers(0), "", False),
        (404, limit_headers(0), "", True),
        (404, {"retry-after": "60"}, "", True),
        (404, limit_headers(4000), "You have exceeded a secondary rate limit.", True),
        (404, limit_headers(4000), "Not Found", False),
        (404, {}, "Rate limiting is not enabled.", False),
        (503, {"retry-after": "5"}, "rate limit", False),
    ],
)
def test_a_limit_is_reported_from_a_missing_right(status, headers, body, is_limit):
    """403 and 404 mean both."""
    assert is_limit_answer(status, headers, body) is is_limit


@pytest.mark.parametrize(
    ("headers", "body", "resource"),
    [
        (limit_headers(0), "API rate limit exceeded for user", "core"),
        (limit_headers(0, resource="graphql"), "", "graphql"),
        ({"x-ratelimit-remaining": "0"}, "", "core"),
        (limit_headers(0, **{"retry-after": "60"}), "", None),
        (limit_headers(0), "You have exceeded a secondary rate limit", None),
        (limit_headers(17), "", None),
        ({}, "", None),
        ({"x-ratelimit-remaining": "none"}, "", None),
    ],
)
def test_a_used_up_hour_is_its_resources_own(headers, body, resource):
    """Retry-After and secondary limits speak of whatever the token asks."""
    assert exhausted_resource(headers, body) == resource


def test_retry_after_is_obeyed_first():
    """Also where the hour is used up and ends sooner or later."""
    assert seconds_until(limit_headers(0, **{"retry-after": "30"})) == 30
    assert seconds_until({"retry-after": "0"}) == 1
    assert seconds_until({"retry-after": "-5"}) == 1


def test_retry_after_may_be_a_date():
    """RFC 9110 allows both forms; a date that has passed means at once."""
    later = (NOW + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert seconds_until({"retry-after": later}) == 90
    assert seconds_until({"retry-after": "Wed, 21 Oct 2020 07:28:00 GMT"}) == 1


def test_times_of_githubs_clock_are_translated():
    """A clock that is ten minutes behind must not wait ten minutes less, nor more."""
    date = (NOW + timedelta(minutes=10)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    offset = clock_offset({"date": date}, now=NOW)
    assert offset == timedelta(minutes=10)
    until = retry_at(limit_headers(0, reset_in=660), now=NOW, refusals=1, offset=offset)
    assert until == NOW + timedelta(seconds=61)
    dated = {"retry-after": (NOW + timedelta(seconds=630)).strftime("%a, %d %b %Y %H:%M:%S GMT")}
    assert retry_at(dated, now=NOW, refusals=1, offset=offset) == NOW + timedelta(seconds=30)
    near = (NOW + timedelta(seconds=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert clock_offset({"date": near}, now=NOW) == timedelta(0)
    assert clock_offset({}, now=NOW) is None
    assert clock_offset({"date": "Tue, 24 Nov 6520 02:00:02 GMT"}, now=NOW) is None


def test_a_used_up_hour_is_waited_for():
    """One second more, for clocks differ."""
    assert seconds_until(limit_headers(0, reset_in=600)) == 601


@pytest.mark.parametrize(
    "headers",
    [
        {},
        limit_headers(17),
        limit_headers(0, reset_in=-5),
        {"retry-after": "soon"},
        {"retry-after": "nan"},
        {"retry-after": "inf"},
        {"retry-after": "1e400"},
        {"retry-after": "9" * 400},
    ],
)
def test_without_a_word_that_reports_more_the_wait_is_a_minute(headers):
    """A reset that is past means nothing, for our clock may be wrong."""
    assert seconds_until(headers) == 60


def test_refusals_in_a_row_double_the_wait_up_to_an_hour():
    """Going on while limited may end in a ban."""
    waits = [seconds_until({}, refusals) for refusals in range(1, 9)]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert seconds_until({}, 5000) == 3600


def test_a_wait_that_never_suffices_grows():
    """A server that names a second each time, or none, is not asked every second for ever."""
    waits = [seconds_until({"retry-after": "0"}, refusals) for refusals in range(1, 6)]
    assert waits == [1, 2, 4, 8, 16]
    passed = {"retry-after": "Wed, 21 Oct 2020 07:28:00 GMT"}
    assert seconds_until(passed, 5000) == 3600
    named = [seconds_until({"retry-after": "60"}, refusals) for refusals in (1, 6, 8)]
    assert named == [60, 60, 60]


@given(HEADERS, st.integers(min_value=1, max_value=100))
def test_whatever_the_headers_report_there_is_a_time_to_ask_again(headers, refusals):
    """It is in the future, and within a day: garbage must not silence a collector."""
    assert 1 <= seconds_until(headers, refusals) <= MAX_WAIT_SECONDS


@given(HEADERS, UGLY_TEXT, st.integers(min_value=100, max_value=599))
def test_no_header_is_too_broken_to_be_read(headers, body, status):
    """Reading raises nothing."""
    limit = parse_rate_limit(headers)
    assert limit is None or limit.reset_at.tzinfo is timezone.utc
    assert isinstance(is_limit_answer(status, headers, body), bool)
    exhausted_resource(headers, body)


@pytest.mark.parametrize(("reset_in", "is_limit"), [(600, True), (-30, True), (-3600, False)])
@pytest.mark.parametrize("status", [403, 404])
def test_an_hour_that_ended_before_the_answer_limits_nothing(status, reset_in, is_limit):
    """A proxy that keeps headers repeats them with each refusal; the answer's own date decides."""
    headers = limit_headers(0, reset_in=reset_in, date="Tue, 24 Nov 2026 06:00:00 GMT")
    assert is_limit_answer(status, headers, "Not Found") == is_limit
    undated = limit_headers(0, reset_in=reset_in)
    assert is_limit_answer(status, undated, "Not Found")
