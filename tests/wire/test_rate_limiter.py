"""What one token may ask, and when it may ask again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from ingest.errors import BackfillLimited, RateLimited
from ingest.wire.hourly_use import MAX_INTERVAL_FACTOR
from ingest.wire.purposes import Purpose
from ingest.wire.rate_limiter import (
    BULK_MINUTE_SHARE,
    MAX_CONCURRENT,
    POINTS_PER_MINUTE,
    RateLimiter,
)

POLLING, LIVE_LOG = Purpose.POLLING, Purpose.LIVE_LOG
BACKLOG, BACKFILL = Purpose.BACKLOG, Purpose.BACKFILL
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=timezone.utc)
RUNS = "/repos/{}/actions/runs"
SECONDARY = "You have exceeded a secondary rate limit."


def at(seconds):
    return NOW + timedelta(seconds=seconds)


def limit_headers(remaining, *, reset_in=3000, resource="core", limit=5000, **more):
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(int(at(reset_in).timestamp())),
        "x-ratelimit-resource": resource,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def ask(rate_limiter, purpose=POLLING, *, seconds=0, resource="core", endpoint=RUNS, took=0.0):
    """Send one request whose answer comes at once."""
    rate_limiter.admit(endpoint, resource=resource, now=at(seconds), purpose=purpose)
    rate_limiter.release_slot(resource, took_seconds=took, now=at(seconds))


def refuse(rate_limiter, headers=None, *, seconds=0, status=403, body=SECONDARY):
    """Apply a limit answer; return how many seconds it asks to wait."""
    with pytest.raises(RateLimited) as refused:
        rate_limiter.update(status, headers or {}, body, now=at(seconds))
    return (refused.value.retry_at - at(seconds)).total_seconds()


def wait_for(rate_limiter, purpose=POLLING, *, seconds=0, resource="core", endpoint=RUNS):
    """Ask, and return how many seconds the rate limiter holds it back."""
    try:
        ask(rate_limiter, purpose, seconds=seconds, resource=resource, endpoint=endpoint)
    except RateLimited as held:
        return (held.retry_at - at(seconds)).total_seconds()
    return 0


def test_a_token_of_which_nothing_is_known_may_ask():
    """The first answer names its limits."""
    rate_limiter = RateLimiter()
    assert wait_for(rate_limiter) == 0
    assert rate_limiter.core_limit is None


def test_the_reserve_is_left_to_the_tokens_other_users():
    """Two in a hundred."""
    rate_limiter = RateLimiter()
    rate_limiter.update(200, limit_headers(101), "", now=NOW)
    assert wait_for(rate_limiter) == 0
    rate_limiter.update(200, limit_headers(100), "", now=NOW)
    assert wait_for(rate_limiter, seconds=10) == 3000 - 10 + 1


def test_the_next_hour_is_a_new_one():
    """What was known of the last one no longer holds."""
    rate_limiter = RateLimiter()
    rate_limiter.update(200, limit_headers(0), "", now=NOW)
    assert wait_for(rate_limiter, seconds=3000) == 0


@pytest.mark.parametrize("reset_in", [10 * 86_400, 3650 * 86_400])
def test_a_reset_that_is_too_far_ahead_holds_nothing_for_longer_than_an_hour(reset_in):
    """The hour's limit cannot last longer, whatever a server or a proxy's clock says."""
    rate_limiter = RateLimiter()
    rate_limiter.update(200, limit_headers(0, reset_in=reset_in), "", now=NOW)
    assert 3600 <= wait_for(rate_limiter) <= 4000
    assert wait_for(rate_limiter, seconds=4000) == 0
    assert refuse(RateLimiter(), limit_headers(0, reset_in=reset_in), body="") <= 4000


def test_a_date_of_another_year_holds_nothing_for_longer_than_an_hour():
    """A cache may add it to one answer, and no other would correct it while nothing is sent."""
    rate_limiter = RateLimiter()
    headers = limit_headers(0, date="Tue, 05 May 2015 12:00:00 GMT")
    rate_limiter.update(200, headers, "", now=NOW)
    assert wait_for(rate_limiter) <= 4000
    assert wait_for(rate_limiter, seconds=4000) == 0


def test_requests_under_way_are_reserved_for():
    """They may all be charged; when they turn out to be free, there is room again at once."""
    rate_limiter = RateLimiter()
    rate_limiter.update(200, limit_headers(103), "", now=NOW)
    for _ in range(3):
        rate_limiter.admit(RUNS, resource="core", now=NOW)
    assert wait_for(rate_limiter) == 1
    rate_limiter.release_slot("core", took_seconds=0, now=NOW)
    rate_limiter.update(304, limit_headers(103), "", now=NOW)
    assert wait_for(rate_limiter) == 0


def test_answers_without_change_use_nothing_up():
    """A 304 names the same remaining requests, however many there are."""
    rate_limiter = RateLimiter()
    for second in range(500):
        ask(rate_limiter, seconds=second)
        rate_limiter.update(304, limit_headers(101), "", now=at(second))
    assert rate_limiter.core_limit.remaining == 101


def test_answers_out_of_order_are_distinguished():
    """Within an hour the lowest telling is the newest, and an older hour is past."""
    rate_limiter = RateLimiter()
    for headers in (
        limit_headers(500),
        limit_headers(100),
        limit_headers(300),
        limit_headers(4999, reset_in=-600),
    ):
        rate_limiter.update(200, headers, "", now=NOW)
    assert rate_limiter.core_limit.remaining == 100
    rate_limiter.update(200, limit_headers(4990, reset_in=6600), "", now=NOW)
    assert rate_limiter.core_limit.remaining == 4990


def test_an_end_that_is_rounded_apart_is_of_the_same_hour():
    """GitHub's servers may name the second before and the second after, in turn."""
    rate_limiter = RateLimiter()
    for turn in range(2400):
        headers = limit_headers(4999 - turn, reset_in=3400 + turn % 2)
        rate_limiter.update(200, headers, "", now=at(400), purpose=BACKFILL)
    assert rate_limiter.core_limit.remaining == 2600
    assert rate_limiter.hour_interval_factor(now=at(400)) == 1, "a backfill stretches no polls"


def test_a_used_up_graphql_hour_does_not_block_rest():
    """Each has an hour of its own."""
    rate_limiter = RateLimiter()
    assert refuse(rate_limiter, limit_headers(0, resource="graphql"), status=429, body="") == 3001
    assert wait_for(rate_limiter, resource="graphql", endpoint="/graphql") == 3001
    assert wait_for(rate_limiter) == 0


def test_a_used_up_hour_without_a_reset_blocks_its_resource_alone():
    """A server of one's own may report no more than that nothing remains."""
    rate_limiter = RateLimiter()
    bare = {"x-ratelimit-remaining": "0", "x-ratelimit-resource": "graphql"}
    assert refuse(rate_limiter, bare, body="") == 60
    assert wait_for(rate_limiter, resource="graphql", endpoint="/graphql") == 60
    assert wait_for(rate_limiter) == 0


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "30"}, "", 30),
        (limit_headers(0, resource="graphql", retry_after="30"), "", 30),
        (limit_headers(4000), SECONDARY, 60),
        (limit_headers(0), SECONDARY, 3001),
        ({}, "abuse detection", 60),
    ],
)
def test_retry_after_and_secondary_limits_block_everything(headers, body, seconds):
    """They speak of the token, whatever it asks."""
    rate_limiter = RateLimiter()
    assert refuse(rate_limiter, headers, body=body) == seconds
    assert wait_for(rate_limiter, resource="graphql", endpoint="/graphql") == seconds
    assert wait_for(rate_limiter, seconds=seconds - 1, resource="core") == 1
    assert wait_for(rate_limiter, seconds=seconds, resource="core") == 0


def test_refusals_in_a_row_double_the_wait_up_to_an_hour():
    """Each comes after the last one's pause is over."""
    rate_limiter, seconds, waits = RateLimiter(), 0, []
    for _ in range(8):
        waits.append(refuse(rate_limiter, seconds=seconds))
        seconds += waits[-1]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_an_accepted_request_ends_the_row():
    """The next refusal is a first one."""
    rate_limiter = RateLimiter()
    refuse(rate_limiter)
    rate_limiter.update(200, limit_headers(4000), "", now=at(60))
    assert refuse(rate_limiter, seconds=61) == 60


def test_refusals_of_one_burst_count_once():
    """They were all sent before the first refusal came back."""
    rate_limiter = RateLimiter()
    assert [refuse(rate_limiter, seconds=second) for second in range(5)] == [60] * 5
    assert wait_for(rate_limiter, seconds=5) == 59
    assert refuse(rate_limiter, seconds=64) == 120


def test_a_shorter_pause_does_not_end_a_longer_one():
    """What GitHub asked for last is not what ends last."""
    rate_limiter = RateLimiter()
    refuse(rate_limiter, {"retry-after": "600"})
    assert refuse(rate_limiter, {"retry-after": "5"}, seconds=10) == 590


def test_an_answer_from_before_a_refusal_does_not_end_its_pause():
    """It was under way when the refusal came."""
    rate_limiter = RateLimiter()
    refuse(rate_limiter)
    rate_limiter.update(200, limit_headers(4000), "", now=at(1))
    assert wait_for(rate_limiter, seconds=1) == 59
    assert refuse(rate_limiter, seconds=60) == 120


def test_graphqls_polite_refusal_does_not_end_the_row():
    """It is a 200 that leaves nothing."""
    rate_limiter = RateLimiter()
    nothing = {"x-ratelimit-remaining": "0", "x-ratelimit-resource": "graphql"}
    assert refuse(rate_limiter, nothing, status=429, body="") == 60
    rate_limiter.update(200, limit_headers(0, resource="graphql", reset_in=30), "", now=at(60))
    assert refuse(rate_limiter, nothing, status=429, body="", seconds=60) == 120


def test_an_accepted_request_of_another_resource_does_not_end_the_row():
    """REST going well says nothing of GraphQL."""
    rate_limiter = RateLimiter()
    nothing = {"x-ratelimit-remaining": "0", "x-ratelimit-resource": "graphql"}
    refuse(rate_limiter, nothing, body="")
    rate_limiter.update(200, limit_headers(4000), "", now=at(60))
    assert refuse(rate_limiter, nothing, body="", seconds=60) == 120
    rate_limiter.update(200, limit_headers(4000, resource="graphql"), "", now=at(180))
    assert refuse(rate_limiter, nothing, body="", seconds=181) == 60


def test_a_missing_right_is_no_limit():
    """It blocks nothing."""
    rate_limiter = RateLimiter()
    rate_limiter.update(403, limit_headers(4000), "Resource not accessible", now=NOW)
    assert wait_for(rate_limiter) == 0


@pytest.mark.parametrize(
    ("resource", "points"), [("core", POINTS_PER_MINUTE["core"]), ("graphql", 1900)]
)
def test_an_endpoint_takes_so_many_requests_a_minute(resource, points):
    """Another endpoint has a minute of its own."""
    rate_limiter = RateLimiter()
    for place in range(points):
        ask(rate_limiter, seconds=place / points, resource=resource)
    assert wait_for(rate_limiter, seconds=1, resource=resource) == 59
    assert wait_for(rate_limiter, seconds=1, resource=resource, endpoint="/another") == 0
    assert wait_for(rate_limiter, seconds=60, resource=resource) == 0


@pytest.mark.parametrize("resource", POINTS_PER_MINUTE)
def test_a_minute_has_headroom_until_half_of_an_endpoints_points_are_used(resource):
    """GraphQL has more of them than REST."""
    rate_limiter = RateLimiter()
    for _ in range(POINTS_PER_MINUTE[resource] // 2 - 1):
        ask(rate_limiter, resource=resource)
    assert rate_limiter.has_minute_headroom(now=NOW)
    ask(rate_limiter, resource=resource)
    assert not rate_limiter.has_minute_headroom(now=NOW)
    assert rate_limiter.has_minute_headroom(now=at(60))


def test_a_clock_that_is_set_back_holds_no_request():
    """What was counted in a future that is gone says nothing of this minute."""
    rate_limiter = RateLimiter()
    for place in range(POINTS_PER_MINUTE["core"]):
        ask(rate_limiter, seconds=3600 + place / 100, resource="core")
    assert wait_for(rate_limiter, seconds=3610, resource="core") > 0
    assert wait_for(rate_limiter, seconds=0, resource="core") == 0


@pytest.mark.parametrize(
    ("headers", "body"),
    [({"retry-after": "60"}, ""), ({}, SECONDARY), (limit_headers(0), "")],
    ids=["retry-after", "secondary", "hour"],
)
def test_a_limit_of_before_a_clock_was_set_back_holds_nothing(headers, body):
    """Its end is as far ahead as the clock was; the next refusal counts by the right clock."""
    rate_limiter, ahead = RateLimiter(), timedelta(days=30).total_seconds()
    headers = {**headers, "date": format_datetime(NOW, usegmt=True)}
    refuse(rate_limiter, headers, seconds=ahead, body=body)
    assert wait_for(rate_limiter, seconds=ahead) > 0
    assert wait_for(rate_limiter) == 0
    assert 0 < refuse(rate_limiter, headers, body=body) <= 3001


def test_a_pause_of_a_process_whose_clock_was_ahead_gives_way_to_a_right_one():
    rate_limiter = RateLimiter()
    rate_limiter.apply_pause(at(timedelta(days=30).total_seconds()))
    rate_limiter.apply_pause(at(60))
    assert wait_for(rate_limiter) == 60


def test_so_many_requests_may_be_under_way_together():
    """REST and GraphQL share them."""
    rate_limiter = RateLimiter()
    for place in range(MAX_CONCURRENT):
        resource = "graphql" if place % 2 else "core"
        rate_limiter.admit(f"/{place}", resource=resource, now=NOW)
    assert wait_for(rate_limiter) == 1
    rate_limiter.release_slot("graphql", took_seconds=0, now=NOW)
    assert wait_for(rate_limiter) == 0


def test_slow_answers_use_up_githubs_patience():
    """Their time is what we know of its CPU time."""
    rate_limiter = RateLimiter()
    for second in range(17):
        ask(rate_limiter, seconds=second, took=5.0)
    assert wait_for(rate_limiter, seconds=17) == 43
    assert wait_for(rate_limiter, seconds=60) == 0


def test_bulk_requests_leave_a_part_of_the_minute_to_others():
    """Of the requests, and of the time of the answers."""
    counted = RateLimiter()
    for number in range(int(POINTS_PER_MINUTE["core"] * BULK_MINUTE_SHARE)):
        ask(counted, BACKFILL, seconds=number / 100)
    assert wait_for(counted, BACKFILL, seconds=10) == 50
    assert wait_for(counted, seconds=10) == 0
    slow = RateLimiter()
    for second in range(14):
        ask(slow, BACKFILL, seconds=second, took=5.0)
    assert wait_for(slow, BACKFILL, seconds=16) == 44
    assert wait_for(slow, seconds=16) == 0


def use_bulk_requests(rate_limiter):
    for number in range(int(POINTS_PER_MINUTE["core"] * BULK_MINUTE_SHARE)):
        ask(rate_limiter, BACKFILL, seconds=number / 100)


def use_bulk_time(rate_limiter):
    for second in range(14):
        ask(rate_limiter, BACKFILL, seconds=second, took=5.0)


def use_bulk_slots(rate_limiter):
    for _ in range(int(MAX_CONCURRENT * BULK_MINUTE_SHARE)):
        rate_limiter.admit(RUNS, resource="core", now=at(10), purpose=BACKFILL)


@pytest.mark.parametrize("use_up", [use_bulk_requests, use_bulk_time, use_bulk_slots])
def test_a_limit_of_bulk_requests_alone_is_named_so(use_up):
    """Whoever sends others as well goes on with them."""
    rate_limiter = RateLimiter()
    use_up(rate_limiter)
    for purpose in (BACKLOG, BACKFILL):
        with pytest.raises(BackfillLimited):
            ask(rate_limiter, purpose, seconds=16)
    ask(rate_limiter, LIVE_LOG, seconds=16)


def test_a_minute_that_is_used_up_is_no_limit_of_bulk_requests_alone():
    rate_limiter = RateLimiter()
    for _ in range(POINTS_PER_MINUTE["core"]):
        ask(rate_limiter)
    with pytest.raises(RateLimited) as limited:
        ask(rate_limiter, BACKFILL)
    assert not isinstance(limited.value, BackfillLimited)


def test_requests_in_flight_count_as_the_average_answer():
    """Many that are sent at once would go beyond the limit together."""
    rate_limiter = RateLimiter()
    for _ in range(160):
        ask(rate_limiter, took=0.5)
    for _ in range(10):
        rate_limiter.admit(RUNS, resource="core", now=at(1))
    assert wait_for(rate_limiter, seconds=1) == 59
    rate_limiter.release_slot("core", took_seconds=0.0, now=at(2))
    assert wait_for(rate_limiter, seconds=2) == 0


def test_one_answer_that_hung_holds_back_none_beside_those_in_flight():
    rate_limiter = RateLimiter()
    ask(rate_limiter, took=60.0)
    for _ in range(10):
        rate_limiter.admit(RUNS, resource="core", now=at(1))
    assert wait_for(rate_limiter, seconds=1) == 0


def test_bulk_requests_leave_a_part_of_the_hour_to_others():
    rate_limiter = RateLimiter()
    rate_limiter.update(200, limit_headers(300), "", now=NOW)
    assert wait_for(rate_limiter, BACKFILL) == 3001
    assert wait_for(rate_limiter) == 0
    assert rate_limiter.paused_until(now=NOW) is None


def test_slow_answers_of_a_server_without_limits_count_for_nothing():
    """An Enterprise Server that limits nothing may be slow, and is asked all the same."""
    rate_limiter = RateLimiter()
    for _ in range(9):
        ask(rate_limiter, took=12.0)
        rate_limiter.update(200, {}, "", now=NOW)
    assert wait_for(rate_limiter) == 0
    rate_limiter.update(200, limit_headers(4000), "", now=NOW)
    assert wait_for(rate_limiter) == 60


def test_spare_is_what_is_used_more_slowly_than_it_comes_back():
    """Half of the hour's share is enough; an unknown or past hour is all spare."""
    rate_limiter = RateLimiter()
    assert rate_limiter.has_hour_headroom(now=NOW)
    rate_limiter.update(200, limit_headers(2500, reset_in=3600), "", now=NOW)
    assert not rate_limiter.has_hour_headroom(now=NOW)
    assert rate_limiter.has_hour_headroom(now=at(1000))
    assert rate_limiter.has_hour_headroom(now=at(3600))


def test_what_can_wait_for_hours_keeps_to_a_pace():
    """A tenth of the hour's requests at once, and seven tenths by its end."""
    rate_limiter = RateLimiter()
    assert rate_limiter.can_afford_extra(now=NOW)
    rate_limiter.update(200, limit_headers(4400, reset_in=3600), "", now=NOW)
    assert rate_limiter.has_hour_headroom(now=NOW)
    assert not rate_limiter.can_afford_extra(now=NOW)
    assert rate_limiter.can_afford_extra(now=at(200))
    assert rate_limiter.can_afford_extra(now=at(3600))


def test_polls_are_stretched_as_far_as_the_hour_is_used_up_too_fast():
    """Nothing is judged in the first minutes, and nothing is stretched beyond bounds."""
    rate_limiter = RateLimiter()
    assert rate_limiter.hour_interval_factor(now=NOW) == 1
    rate_limiter.update(200, limit_headers(2600, reset_in=3400), "", now=NOW)
    assert rate_limiter.hour_interval_factor(now=NOW) == 1
    assert rate_limiter.hour_interval_factor(now=at(1600)) == 1
    # 2,400 were used in 600 seconds, and 2,500 may be used in the 3,000 that are left.
    assert rate_limiter.hour_interval_factor(now=at(400)) == pytest.approx(4.8)
    rate_limiter.update(200, limit_headers(0, reset_in=3400), "", now=NOW)
    assert rate_limiter.hour_interval_factor(now=at(400)) == MAX_INTERVAL_FACTOR
    assert rate_limiter.hour_interval_factor(now=at(3400)) == 1


def charge(rate_limiter, purpose, times, *, used, seconds=400, status=200):
    """Answer so many requests that were sent for a purpose; ``used``: of 5,000, after the last."""
    headers = limit_headers(5000 - used, reset_in=3400)
    for _ in range(times):
        rate_limiter.update(status, headers, "", now=at(seconds), purpose=purpose)


def test_a_backfill_that_is_over_stretches_no_polls():
    """What else was used stretches them as before, live logs as well."""
    rate_limiter = RateLimiter()
    charge(rate_limiter, BACKFILL, 2400, used=2400)
    assert rate_limiter.hour_interval_factor(now=at(400)) == 1
    charge(rate_limiter, BACKFILL, 1, used=4801)
    assert rate_limiter.hour_interval_factor(now=at(400)) == MAX_INTERVAL_FACTOR
    other = RateLimiter()
    charge(other, LIVE_LOG, 600, used=600)
    charge(other, POLLING, 600, used=1200)
    charge(other, BACKFILL, 1200, used=2400)
    # 1,200 were watched in 600 seconds, and 2,500 may be used in the 3,000 that are left.
    assert other.hour_interval_factor(now=at(400)) == pytest.approx(2.4)


def test_a_backfill_of_the_hour_before_and_free_answers_count_for_nothing():
    rate_limiter = RateLimiter()
    charge(rate_limiter, BACKFILL, 2400, used=2400, status=304)
    assert rate_limiter.hour_interval_factor(now=at(400)) == pytest.approx(4.8)
    charge(rate_limiter, BACKFILL, 2400, used=2400)
    assert rate_limiter.hour_interval_factor(now=at(400)) == 1
    rate_limiter.update(200, limit_headers(2600, reset_in=7000), "", now=at(4000))
    assert rate_limiter.hour_interval_factor(now=at(4000)) == pytest.approx(4.8)


def test_bulk_requests_leave_what_watching_needs_for_the_rest_of_the_hour():
    """At the pace of this hour or of the one before; others may use it."""
    rate_limiter = RateLimiter()
    charge(rate_limiter, POLLING, 675, used=675, seconds=0)
    charge(rate_limiter, BACKFILL, 1, used=3200)
    # 675 were watched in 900 seconds: 1,875 are needed in the 2,500 that are left.
    assert wait_for(rate_limiter, seconds=900) == 0
    assert wait_for(rate_limiter, BACKFILL, seconds=900) == 500
    assert wait_for(rate_limiter, BACKFILL, seconds=1450) == 0
    rate_limiter.update(200, limit_headers(2000, reset_in=7000), "", now=at(3400))
    # 675 were watched in 3,400 seconds of the hour before, so 714 in an hour.
    assert wait_for(rate_limiter, BACKFILL, seconds=3400) == 0
    rate_limiter.update(200, limit_headers(900, reset_in=7000), "", now=at(3400))
    assert wait_for(rate_limiter, BACKFILL, seconds=3400) > 0


@pytest.mark.parametrize("purpose", [BACKLOG, BACKFILL])
def test_bulk_requests_leave_what_live_logs_need_for_the_rest_of_the_hour(purpose):
    """At the pace of this hour or of the one before, as they leave it to polls."""
    rate_limiter = RateLimiter()
    charge(rate_limiter, POLLING, 300, used=300, seconds=0)
    charge(rate_limiter, LIVE_LOG, 375, used=675, seconds=0)
    charge(rate_limiter, BACKFILL, 1, used=3200)
    # 675 in 900 seconds: 1,875 are needed in the 2,500 that are left.
    assert wait_for(rate_limiter, purpose, seconds=900) == 500
    assert wait_for(rate_limiter, LIVE_LOG, seconds=900) == 0
    rate_limiter.update(200, limit_headers(1050, reset_in=7000), "", now=at(3400))
    assert wait_for(rate_limiter, purpose, seconds=3400) == 0
    rate_limiter.update(200, limit_headers(1000, reset_in=7000), "", now=at(3400))
    # 675 in 3,400 seconds of the hour before, so 714 in an hour, and 300 are reserved.
    assert wait_for(rate_limiter, purpose, seconds=3400) > 0


def test_live_logs_come_when_nothing_is_left_for_bulk_requests():
    """Whatever was seen of them before."""
    rate_limiter = RateLimiter()
    rate_limiter.update(200, limit_headers(300), "", now=NOW)
    with pytest.raises(BackfillLimited):
        ask(rate_limiter, BACKFILL)
    assert wait_for(rate_limiter, LIVE_LOG) == 0
    rate_limiter.update(200, limit_headers(200), "", now=NOW)
    for purpose in (LIVE_LOG, BACKFILL):
        with pytest.raises(RateLimited) as limited:
            ask(rate_limiter, purpose)
        assert not isinstance(limited.value, BackfillLimited), "nothing is left for any log"
    assert wait_for(rate_limiter) == 0


def test_live_logs_leave_what_watching_needs_for_the_rest_of_the_hour():
    rate_limiter = RateLimiter()
    charge(rate_limiter, LIVE_LOG, 300, used=300, seconds=0)
    charge(rate_limiter, POLLING, 675, used=2900, seconds=0)
    # 675 in 900 seconds: 1,875 are needed in the 2,500 that are left, and 200 are reserved.
    assert wait_for(rate_limiter, LIVE_LOG, seconds=900) == 0
    charge(rate_limiter, LIVE_LOG, 1, used=2950, seconds=0)
    with pytest.raises(RateLimited) as limited:
        ask(rate_limiter, LIVE_LOG, seconds=900)
    assert not isinstance(limited.value, BackfillLimited)
    assert wait_for(rate_limiter, seconds=900) == 0
    assert wait_for(rate_limiter, LIVE_LOG, seconds=1200) == 0


@pytest.mark.parametrize(("filled", "is_shared"), [(299, False), (301, True)])
def test_live_logs_share_the_hour_with_polls_where_a_backfill_used_more(filled, is_shared):
    """As much as polls used is theirs; polls go on however many jobs end."""
    rate_limiter = RateLimiter()
    charge(rate_limiter, POLLING, 300, used=4500, seconds=0)
    charge(rate_limiter, BACKFILL, filled, used=4500, seconds=0)
    charge(rate_limiter, LIVE_LOG, 299, used=4500, seconds=0)
    assert (wait_for(rate_limiter, LIVE_LOG, seconds=900) == 0) is is_shared
    charge(rate_limiter, LIVE_LOG, 1, used=4500, seconds=0)
    assert wait_for(rate_limiter, LIVE_LOG, seconds=900) > 0
    assert wait_for(rate_limiter, seconds=900) == 0


def test_watching_leaves_a_part_of_the_hour_to_bulk_requests():
    """It is never put off for the whole hour, however much is watched."""
    rate_limiter = RateLimiter()
    charge(rate_limiter, POLLING, 1000, used=1000)
    assert wait_for(rate_limiter, BACKFILL, seconds=400) == 0


def test_threads_share_the_places():
    """No two threads take the same last place."""
    rate_limiter = RateLimiter()

    def take(_):
        try:
            rate_limiter.admit(RUNS, resource="core", now=NOW)
        except RateLimited:
            return 0
        return 1

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(take, range(400))) == MAX_CONCURRENT


def test_a_request_that_is_free_in_any_case_is_no_poll():
    """The rate limit is asked for where nothing else is; a backfill would wait for it."""
    rate_limiter = RateLimiter()
    for second in range(400, 1300):
        headers = limit_headers(1000, reset_in=3400)
        rate_limiter.update(200, headers, "", now=at(second), is_free=True)
    assert wait_for(rate_limiter, BACKFILL, seconds=1300) == 0
