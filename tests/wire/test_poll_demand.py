"""How much longer polls wait where a minute does not hold them all."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ingest.wire.poll_demand import ACTIVE_SHARE, EXPIRES_AFTER, PLANNED_SHARE, PollDemand, PollPlan

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=timezone.utc)
CAPACITY = 1000.0
PLANNED = CAPACITY * PLANNED_SHARE


def plan_one(
    demand: PollDemand,
    name: str,
    each: float,
    *,
    is_active: bool = False,
    credential: str = "a",
    now: datetime = NOW,
) -> None:
    demand.plan(
        name,
        PollPlan(
            credential=credential,
            capacity=CAPACITY,
            requests_per_minute=each,
            is_active=is_active,
            planned_at=now,
        ),
    )


def plan(
    demand: PollDemand, count: int, *, each: float, is_active: bool = False, now: datetime = NOW
) -> str:
    """Plan so many repositories; return the name of one of them."""
    names = [f"octo/{'active' if is_active else 'idle'}-{number}" for number in range(count)]
    for name in names:
        plan_one(demand, name, each, is_active=is_active, now=now)
    return names[-1]


def factor(demand: PollDemand, repository: str) -> float:
    return demand.interval_factor(repository)


def test_polls_that_fit_into_the_minute_wait_no_longer() -> None:
    demand = PollDemand()
    name = plan(demand, int(PLANNED), each=1)
    assert factor(demand, name) == 1
    assert factor(demand, "not/planned") == 1


def test_idle_repositories_share_what_the_active_ones_leave() -> None:
    demand = PollDemand()
    active = plan(demand, 100, each=2, is_active=True)
    idle = plan(demand, 1000, each=2)
    assert factor(demand, active) == 1
    assert factor(demand, idle) == pytest.approx(2000 / (PLANNED - 200))


def test_active_repositories_wait_too_where_they_alone_are_too_many() -> None:
    """All of them together still fit, and idle ones are polled as well."""
    demand = PollDemand()
    active = plan(demand, 1000, each=2, is_active=True)
    idle = plan(demand, 10, each=2)
    assert factor(demand, active) == pytest.approx(2000 / (PLANNED * ACTIVE_SHARE))
    sent = 2000 / factor(demand, active) + 20 / factor(demand, idle)
    assert sent <= PLANNED


def test_a_new_plan_replaces_the_one_before() -> None:
    """Also where another credential reads the repository now, or its runs are open now."""
    demand = PollDemand()
    plan(demand, 600, each=50)
    idle = plan(demand, 600, each=1)
    assert factor(demand, idle) == 1
    plan_one(demand, idle, 10 * PLANNED, is_active=True, credential="b")
    assert factor(demand, idle) == pytest.approx(10 / ACTIVE_SHARE)
    assert factor(demand, "octo/idle-0") == 1


def test_repositories_that_are_not_polled_any_more_count_for_nothing() -> None:
    demand = PollDemand()
    plan(demand, 2000, each=2)
    later = NOW + EXPIRES_AFTER + timedelta(seconds=1)
    other = plan(demand, 1000, each=0.1, is_active=True, now=later)
    assert factor(demand, other) == 1
    assert factor(demand, "octo/idle-3") == 1


def test_the_longest_factor_of_each_credential_is_known() -> None:
    """It is reported to people; what is no longer planned counts for nothing."""
    demand = PollDemand()
    assert demand.max_interval_factors() == {}
    plan_one(demand, "octo/fits", PLANNED)
    [(fitting, longest)] = demand.max_interval_factors().items()
    assert longest == 1
    plan_one(demand, "octo/waits", 3 * PLANNED, credential="b")
    waiting = factor(demand, "octo/waits")
    assert demand.max_interval_factors() == {fitting: 1, "b": waiting}
    assert waiting == pytest.approx(3)
    plan_one(demand, "octo/waits", PLANNED / 2, credential="b")
    assert demand.max_interval_factors() == {fitting: 1, "b": 1}
