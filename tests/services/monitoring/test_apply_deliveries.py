"""What webhooks deliver is published as it is, and polling falls back to a proof."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import pytest
import requests
from ingest.domain.delivery_trust import DELIVERY_CHECK_INTERVAL, MIN_DELIVERIES_AFTER_MISS
from ingest.errors import RateLimited
from ingest.services.monitoring import apply_deliveries
from ingest.services.monitoring.poll_runs import poll_due_repository
from ingest.services.monitoring.poll_session import PollSession
from ingest.services.monitoring.receive_webhook import receive_webhook
from ingest.settings import Secret
from ingest.wire.rate_limiter import BULK_MINUTE_SHARE
from support.webhook_headers import signed_headers
from support.world import (
    FIRST_RUN,
    REPOSITORY,
    assert_all_published,
    assert_nothing_twice,
    published_runs,
    truth_of_runs,
)
from support.world_builder import WorldBuilder

from standalone.sandbox.settings import DEFAULT_TOKEN

SECRET = "a secret"
RUN = f"/repos/{REPOSITORY}/actions/runs/{FIRST_RUN + 1}"
numbers = itertools.count()


def deliver(here, event: str, payload) -> str:
    """Send what GitHub would send of a run or a job."""
    number = next(numbers)
    here.advance(0.01)
    content = {"action": "x", "repository": {"full_name": REPOSITORY}, event: payload, "n": number}
    body = json.dumps(content).encode()
    headers = signed_headers(event, body, secret=SECRET, delivery=f"delivery-{number}")
    return receive_webhook(here.state, headers, body, secret=Secret(SECRET), now=here.clock.now())


def run_now(here, path: str = RUN):
    """Read a run as GitHub shows it now."""
    headers = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}
    return requests.get(here.server.url + path, headers=headers, timeout=60).json()


def jobs_now(here):
    """Read the run's jobs as GitHub shows them now."""
    return run_now(here, f"{RUN}/jobs")["jobs"]


def charged(here) -> int:
    """Return the collector's own requests, without those of this file and of GraphQL."""
    counts = here.counters.snapshot()
    return counts["github_requests.charged"] - counts.get("github_requests.graphql", 0)


@pytest.fixture(params=["economy", "live"])
def here(stage, request):
    """A watched repository in which a run is about to begin."""
    world = WorldBuilder().run("failure", created=100, seconds=200, starts_after=20)
    world.job("a", seconds=50).job("b", seconds=100)
    opened = stage(world, at=50, log_mode=request.param)
    opened.poll()
    opened.move_to(130)
    return opened


def follow(here) -> None:
    """Deliver the whole life of the run, each state as it is reached."""
    for moment in (130, 200, 300):
        here.move_to(moment)
        deliver(here, "workflow_run", run_now(here))
        for job in jobs_now(here):
            deliver(here, "workflow_job", job)
        here.poll()


def test_what_was_delivered_for_days_is_applied_in_parts(here, monkeypatch):
    """All of it would not fit into memory; the next poll is due at once."""
    monkeypatch.setattr(apply_deliveries, "MAX_EVENTS", 2)
    here.move_to(200)
    deliver(here, "workflow_run", run_now(here))
    for job in jobs_now(here):
        deliver(here, "workflow_job", job)
    assert poll_due_repository(here.context, should_continue=lambda: True)
    assert len(here.state.load_delivered_events(REPOSITORY, limit=9)) == 1
    assert here.record().next_poll_at <= here.clock.now()
    here.poll_due()
    assert here.state.load_delivered_events(REPOSITORY, limit=9) == []


def test_a_job_alone_tells_no_creation_of_a_run(here):
    """What is not known is None, so that no time before all others is stored."""
    here.move_to(200)
    deliver(here, "workflow_job", jobs_now(here)[0])
    poll_session = PollSession(repository=here.record(), leased_at=here.clock.now())
    apply_deliveries.apply_deliveries(here.context, poll_session)
    assert poll_session.repository.webhooks.last_job_at is not None
    assert poll_session.repository.webhooks.newest_run_created_at is None


def test_a_delivered_life_is_published_with_the_ids_of_reading_and_hardly_a_request(here):
    """Only the end is read, which proves that nothing is missing."""
    follow(here)
    before = charged(here)
    here.move_to(400)
    for job in jobs_now(here):
        deliver(here, "workflow_job", job)
    deliver(here, "workflow_run", run_now(here))
    delivered = charged(here)
    here.poll()
    assert here.requests("list_attempt_jobs") == 1
    assert charged(here) - delivered <= 2
    assert delivered - before <= 3
    assert_all_published(here)
    assert_nothing_twice(here)
    assert here.counters.snapshot().get("webhooks_contradicted", 0) == 0


def test_delivered_jobs_are_counted_as_read_ones(here):
    """Their ends and steps are in the ledger before they are published."""
    follow(here)
    here.move_to(400)
    here.poll()
    steps = sum(len(job["steps"]) for job in jobs_now(here))
    assert (here.counters.read("job_lag.count"), here.counters.read("steps")) == (2, steps)


def test_what_is_delivered_is_published_while_a_backfill_waits_for_a_limit(stage):
    """Though the repository is the same."""
    world = WorldBuilder().run(created=100, seconds=20).job("a")
    for number in range(40):
        world.run(created=number - 500, seconds=20, sha="a" * 40).job("build")
    here = stage(world, at=50)
    here.use_up_minute(BULK_MINUTE_SHARE)
    assert isinstance(here.poll(), RateLimited)
    assert here.runs() == []
    here.move_to(105)
    deliver(here, "workflow_run", run_now(here))
    assert isinstance(here.poll(), RateLimited)
    [run] = here.runs()
    assert run["data"]["run_id"] == FIRST_RUN + 1
    here.advance(60)
    here.poll()
    assert_all_published(here)
    assert_nothing_twice(here)


def test_two_attempts_of_a_run_that_are_delivered_at_once_are_published_without_a_request(stage):
    """The end of the first one is known as it was delivered, though the second one follows it."""
    world = WorldBuilder().run("failure", created=100, seconds=200).job("a")
    world.rerun(at=400, seconds=200).job("a")
    here = stage(world, at=50)
    here.poll()
    for moment in (130, 310, 410):
        here.move_to(moment)
        deliver(here, "workflow_run", run_now(here))
        if moment != 310:
            here.poll()
    assert here.requests("get_attempt") == 0
    assert published_runs(here) == truth_of_runs(here)


@pytest.mark.parametrize(("first", "then"), [("economy", "live"), ("live", "economy")])
def test_no_log_is_left_out_where_the_mode_changes_while_its_run_is_open(stage, first, then):
    """Also where two processes with different settings share a state."""
    world = WorldBuilder().run("failure", created=100, seconds=200, starts_after=20)
    world.job("a", seconds=50).job("b", seconds=100)
    here = stage(world, at=50, log_mode=first)
    here.poll()
    here.move_to(130)
    deliver(here, "workflow_run", run_now(here))
    here.poll()
    here.move_to(200)
    for job in jobs_now(here):
        deliver(here, "workflow_job", job)
    here.poll()
    assert "workflow_job_completed" in here.kinds()
    other = here.join(log_mode=then)
    here.move_to(400)
    deliver(here, "workflow_run", run_now(here))
    here.poll(context=other)
    here.ingest(context=other)
    assert len({each["data"]["job_id"] for each in here.logs()}) == 2
    assert_nothing_twice(here)


def test_late_doubled_and_reordered_deliveries_take_nothing_back(here):
    """What was published later stays the last word."""
    early_run, early_jobs = run_now(here), jobs_now(here)
    here.move_to(400)
    deliver(here, "workflow_run", run_now(here))
    here.poll()
    assert_all_published(here)
    published = here.kinds()
    for _ in range(2):
        deliver(here, "workflow_run", early_run)
        for job in early_jobs:
            deliver(here, "workflow_job", job)
        here.poll()
        here.advance(10)
    assert here.kinds() == published
    assert here.attempt().settled


def test_every_state_that_was_delivered_is_published_though_none_was_processed_in_time(here):
    """A collector that was stopped takes them one after another."""
    run = run_now(here)
    for status in ("queued", "in_progress"):
        deliver(here, "workflow_run", {**run, "status": status})
    deliver(here, "workflow_job", jobs_now(here)[0])
    for _ in range(2):
        here.poll()
    assert [kind for kind in here.kinds() if kind.startswith("workflow_run")] == [
        "workflow_run_queued",
        "workflow_run_in_progress",
    ]
    assert here.state.load_delivered_events(REPOSITORY, limit=9) == []


def test_a_delivered_end_that_reading_contradicts_is_counted_and_corrected(here):
    """The reading is published too, under an id of its own."""
    deliver(here, "workflow_run", run_now(here))
    here.poll()
    here.move_to(400)
    for job in jobs_now(here):
        deliver(here, "workflow_job", {**job, "conclusion": "cancelled"})
    here.poll()
    deliver(here, "workflow_run", run_now(here))
    here.poll()
    assert here.counters.snapshot()["webhooks_contradicted"] == 2
    ends = [each["data"] for each in here.jobs() if each["data"]["status"] == "completed"]
    assert [end["conclusion"] for end in ends if end["job_name"] == "b"][-1] != "cancelled"


def test_polling_slows_to_a_proof_while_deliveries_arrive_and_returns_when_they_stop(here):
    """One interval after the last delivery, a run that none reported is found."""
    follow(here)
    pause = here.record().next_poll_at - here.clock.now()
    assert pause > timedelta(seconds=60)
    here.move_to(400)
    deliver(here, "workflow_run", run_now(here))
    here.poll()
    here.move_to(500 + DELIVERY_CHECK_INTERVAL.total_seconds())
    here.poll()
    proved = charged(here)
    here.advance(DELIVERY_CHECK_INTERVAL.total_seconds())
    here.poll()
    assert charged(here) == proved
    assert here.record().webhooks.deliveries_since_miss > 0


def test_a_missed_delivery_returns_the_repository_to_polling(stage):
    """It takes many deliveries until they are relied on again."""
    world = WorldBuilder().run(created=100, seconds=100).job("a").run(created=400, seconds=60)
    world.job("a")
    here = stage(world, at=50, log_mode="economy")
    here.poll()
    here.move_to(110)
    deliver(here, "workflow_run", run_now(here))
    here.poll()
    here.move_to(210)
    deliver(here, "workflow_run", run_now(here))
    here.poll()
    here.move_to(900)
    here.poll()
    record = here.record()
    assert record.webhooks.last_miss_at == here.clock.now()
    assert here.counters.snapshot()["webhooks_missed"] == 1
    assert record.next_poll_at - here.clock.now() < DELIVERY_CHECK_INTERVAL
    assert_all_published(here)
    for _ in range(MIN_DELIVERIES_AFTER_MISS):
        deliver(here, "workflow_run", run_now(here))
        here.poll()
    assert here.record().next_poll_at - here.clock.now() > timedelta(minutes=5)


def test_a_partial_payload_is_a_hint_to_read_its_run(here):
    """As an older GitHub Enterprise Server sends them."""
    partial = {"id": FIRST_RUN + 1}
    deliver(here, "workflow_run", partial)
    assert list(here.state.load_run_hints(REPOSITORY)) == [FIRST_RUN + 1]
    assert here.state.load_delivered_events(REPOSITORY, limit=9) == []


def test_a_job_whose_run_was_not_delivered_waits_for_it_and_is_then_read(here):
    """The run's own delivery may come a moment later, or never."""
    (job, *_) = jobs_now(here)
    deliver(here, "workflow_job", job)
    here.poll()
    here.advance(10)
    here.poll()
    assert here.attempt().run is not None
    assert here.attempt().jobs[0].job_id == job["id"]


def test_deliveries_of_a_paused_repository_are_hints(here):
    """They would pile up, for nothing is processed meanwhile."""
    here.state.set_paused(REPOSITORY, paused=True)
    for status in ("queued", "in_progress"):
        deliver(here, "workflow_run", {**run_now(here), "status": status})
    assert here.state.load_delivered_events(REPOSITORY, limit=9) == []
    assert list(here.state.load_run_hints(REPOSITORY)) == [FIRST_RUN + 1]
