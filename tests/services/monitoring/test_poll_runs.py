"""One tick: what becomes a message, what is free, who may poll, and what a failure delays."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from ingest.domain.ledger import new_repository
from ingest.errors import (
    BadCredentials,
    GithubUnavailable,
    RateLimited,
    RepositoryUnavailable,
    StateBusy,
    StateUnavailable,
)
from ingest.services.monitoring.poll_runs import poll_due_repository
from ingest.services.monitoring.poll_session import PollSession
from ingest.services.monitoring.poll_turn import continue_until_urgent
from ingest.services.monitoring.schedule_attempts import MAX_FAILURES
from ingest.services.monitoring.schedule_polls import next_poll
from support.changed_ports import Changed, raising
from support.world import (
    GENEROUS,
    REPOSITORY,
    assert_all_published,
    assert_nothing_twice,
)
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.settings import Limits, Settings, TokenSpec


def a_finished_run() -> WorldBuilder:
    return WorldBuilder().run("failure", seconds=60).job("lint", "success").job("test")


def test_a_run_first_seen_completed_reports_its_jobs_then_itself_with_all_that_belongs_to_it(stage):
    """Jobs come before their run, which nests them with steps and code metrics."""
    here = stage(a_finished_run(), at=600)
    assert here.poll() is None
    assert here.kinds() == [*["workflow_job_completed"] * 2, "workflow_run_completed"]
    run = here.runs()[0]["data"]
    assert [job["conclusion"] for job in run["jobs"]] == ["success", "failure"]
    assert [len(job["steps"]) for job in run["jobs"]] == [4, 4]
    assert run["code_metrics"]["additions"] == 20
    assert run["code_metrics"]["files_changed_count"] == 3
    assert run["duration_seconds"] == 65


def test_every_change_of_status_is_reported_once_and_in_order(stage):
    """Polled between all changes, each status of run and job becomes one message."""
    here = stage(WorldBuilder().run(created=0, starts_after=60, seconds=120).job("build"))
    for moment in (10, 59, 70, 119, 200, 250):
        here.move_to(moment)
        assert here.poll() is None
    assert here.kinds() == [
        "workflow_run_queued",
        "workflow_job_queued",
        "workflow_run_in_progress",
        "workflow_job_in_progress",
        "workflow_job_completed",
        "workflow_run_completed",
    ]
    assert_nothing_twice(here)
    assert here.attempt().settled


def test_the_same_facts_have_the_same_ids_for_another_collector(stage):
    """Two collectors that share nothing derive the same event ids."""
    first, second = stage(a_finished_run(), at=600), stage(a_finished_run(), at=900)
    first.poll()
    second.poll()
    ids = [[each["event_id"] for each in here.metrics()] for here in (first, second)]
    assert ids[0] == ids[1]


@pytest.mark.usefixtures("ten_a_page")
def test_a_run_in_flight_that_left_the_first_page_is_followed_for_free(stage):
    """Below the first page the lists by status show it, and unchanged answers cost nothing."""
    world = WorldBuilder().run(created=0, seconds=4000).job("long")
    for number in range(15):
        world.run(created=100 + number, seconds=10, sha="a" * 40).job("build")
    here = stage(world, at=50)
    here.poll()
    here.move_to(600)
    here.poll()
    here.poll()
    charged = here.requests(column="charged")
    here.poll_for(600, every=120)
    assert here.requests(column="charged") - charged <= 3
    here.move_to(4100)
    here.poll_for(900, every=300)
    assert_all_published(here)
    assert_nothing_twice(here)


def test_a_limit_ends_the_tick_at_once_and_names_the_next_poll(stage):
    """No request is sent while a secondary limit lasts, and the work goes on after it."""
    for status in (403, 429):
        for retry_after in (True, False):
            here = stage(a_finished_run(), at=600)
            here.fail(
                Fault(
                    path="/jobs",
                    do="secondary",
                    status=status,
                    seconds=50,
                    retry_after=retry_after,
                    count=1,
                )
            )
            error = here.poll()
            assert isinstance(error, RateLimited)
            wait = 50 if retry_after else 60
            assert error.retry_at == here.clock.now() + timedelta(seconds=wait)
            assert error.__traceback__ is None, "frames would keep whole batches of a collection"
            assert here.record().next_poll_at == error.retry_at
            asked = here.requests()
            assert isinstance(here.poll(), RateLimited)
            assert here.requests() == asked
            here.advance(wait)
            assert here.poll() is None
            assert here.server.stats()["violations"] == 0
            assert here.attempt().failed_reads == 0
            assert_all_published(here)


def test_the_hours_reserve_is_kept_and_the_next_poll_waits_for_the_reset(stage):
    """A token's last requests are left to its other users."""
    world = WorldBuilder()
    for number in range(60):
        world.run(created=number, seconds=10, sha="a" * 40).job("build")
    settings = Settings(tokens=(TokenSpec(limit=40, graphql_limit=40),), threads=16)
    here = stage(world, at=900, settings=settings)
    error = here.poll()
    assert isinstance(error, RateLimited)
    assert here.record().next_poll_at == error.retry_at
    for _ in range(20):
        error = here.poll()
        if error is None:
            break
        here.advance((error.retry_at - here.clock.now()).total_seconds())
    assert here.server.stats()["violations"] == 0
    assert_all_published(here)


def test_a_used_up_primary_limit_is_obeyed(stage):
    """The collector waits for the reset of the hour."""
    settings = Settings(
        tokens=(TokenSpec(limit=1, graphql_limit=5),), limits=Limits(status=429), threads=16
    )
    here = stage(a_finished_run(), at=600, settings=settings)
    error = here.poll()
    assert isinstance(error, RateLimited)
    assert error.retry_at >= here.clock.now() + timedelta(seconds=3500)
    assert here.server.stats()["violations"] == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "error", "status": 502, "html": True},
        {"do": "error", "status": 503},
        {"do": "reset"},
        {"do": "cut", "fraction": 0.5},
        {"do": "error", "status": 200, "html": True},
    ],
)
@pytest.mark.parametrize("path", ["/actions/runs$", "/jobs$", "/graphql", "/commits/"])
def test_what_fails_is_asked_for_again_until_all_is_reported(stage, path, fault):
    """Errors, HTML, cut and closed connections delay a run and lose nothing."""
    here = stage(a_finished_run(), at=600)
    here.fail(Fault(path=path, count=2, **fault))
    for _ in range(8):
        here.poll()
        here.advance(20)
    assert_all_published(here)
    assert_nothing_twice(here)
    assert here.runs()[0]["data"]["code_metrics"]["additions"] == 20


def let_pass(here, failures):
    """Let the first run's attempt fail so often, hour after hour, without polling for it."""
    here.state.save_attempts([replace(here.attempt(run=1), failed_reads=failures)])


def test_an_attempt_that_fails_for_weeks_is_collected_when_it_answers(stage):
    """A server's error is no answer about the attempt: it is tried on, each hour."""
    here = stage(a_finished_run(), at=600)
    here.fail(Fault(path="/attempts/1/jobs", do="error", status=500))
    here.poll()
    let_pass(here, MAX_FAILURES - 2)
    here.advance(3600)
    here.poll()
    here.fail()
    here.advance(3600)
    here.poll()
    assert_all_published(here)
    assert here.attempt(run=1).settled


def test_an_attempt_that_never_answers_is_given_up_in_months_and_reported(stage):
    """Failures of one attempt are bounded, and hold nothing else."""
    world = a_finished_run().run(created=5, seconds=10).job("other")
    here = stage(world, at=600)
    here.fail(Fault(path="17000000001/attempts/1/jobs", do="error", status=500))
    for _ in range(6):
        assert here.poll() is None
        here.advance(3600)
    let_pass(here, MAX_FAILURES - 1)
    assert here.poll() is None
    assert here.attempt(run=1).settled
    assert [what.split(": ")[0].split(" attempt 1 ")[1] for what in here.errors()] == [
        f"failed {MAX_FAILURES} times and is not tried again",
        "failed 5 times and is tried again with growing pauses",
    ]
    assert here.attempt(run=2).published_statuses == ("completed",)


def test_a_defect_that_follows_a_failure_is_reported(stage):
    """It is the first of its kind, though not the first failure of its attempt."""
    here = stage(a_finished_run(), at=600)
    here.fail(Fault(path="/attempts/1/jobs", do="error", status=500))
    here.poll()
    assert here.errors() == []
    here.context.github.fetch_jobs = raising(ZeroDivisionError())
    for _ in range(9):
        here.advance(3600)
        here.poll()
    [error] = here.errors()
    assert "A defect of Runstream" in error


def test_an_answer_that_cannot_be_understood_delays_only_its_own_attempt(stage):
    """A malformed answer of one run is no reason to poll its repository more slowly."""
    world = a_finished_run().run(created=5, seconds=10).job("other")
    here = stage(world, at=600)
    here.fail(Fault(path="17000000001/attempts/1/jobs", do="error", status=200, html=True))
    assert here.poll() is None
    assert here.attempt(run=2).published_statuses == ("completed",)
    assert here.record().failed_polls == 0
    here.fail()
    here.advance(30)
    assert here.poll() is None
    assert_all_published(here)


def test_a_failing_repository_is_tried_ever_more_slowly_and_reported_to_people(stage):
    """A refused token or a missing repository ends in the errors list with what to do."""
    here = stage(a_finished_run(), at=600)
    here.watch("octo/missing")
    error = here.poll("octo/missing")
    assert isinstance(error, RepositoryUnavailable)
    [error] = here.state.list_errors(limit=5)
    assert error.repository == "octo/missing"
    assert "Check the repository's name" in error.remedy
    pauses = []
    for _ in range(15):
        here.poll("octo/missing")
        record = here.state.load_repository("octo/missing")
        pauses.append((record.next_poll_at - here.clock.now()).total_seconds())
    assert pauses == [60, 300] + 13 * [3600]


def test_a_repository_that_was_read_and_is_deleted_is_collected_when_it_is_back(stage):
    """It is asked for three times soon after, then once an hour."""
    here = stage(a_finished_run(), at=600)
    assert here.poll() is None
    world = here.server.world
    deleted = world.by_name(REPOSITORY)
    world.remove(REPOSITORY)
    pauses = []
    for _ in range(5):
        assert isinstance(here.poll(), RepositoryUnavailable)
        pauses.append((here.record().next_poll_at - here.clock.now()).total_seconds())
    assert pauses == [15, 60, 300, 3600, 3600]
    world.add(deleted)
    assert here.poll() is None


def test_a_repository_is_tried_every_few_minutes_while_github_is_down(stage):
    """All are then soon back, and not all in the same moment."""
    here = stage(a_finished_run(), at=600)
    here.fail(Fault(path=".", do="error", status=503))
    names = [f"octo/other-{number}" for number in range(20)]
    pauses = set()
    for name in names:
        new = new_repository(name, backfill_days=1, now=here.clock.now())
        here.state.add_repository(replace(new, failed_polls=30))
        here.poll(name)
        record = here.state.load_repository(name)
        pauses.add((record.next_poll_at - here.clock.now()).total_seconds())
    assert 150 <= min(pauses) < 200
    assert 250 < max(pauses) <= 300
    assert len(pauses) == len(names)


def test_what_failed_while_github_was_down_is_read_when_it_answers(stage):
    """An attempt does not wait for the end of its own pause."""
    here = stage(a_finished_run(), at=600)
    here.fail(Fault(path="/attempts/1/jobs", do="error", status=500))
    here.poll()
    here.fail(Fault(path=".", do="error", status=500))
    for _ in range(12):
        here.advance(1200)
        here.poll()
    assert here.attempt(run=1).failed_reads > 10
    here.fail()
    here.poll()
    assert_all_published(here)


def test_a_wrong_token_is_reported_with_its_remedy(stage):
    """A token that GitHub refuses is fatal, and nothing is lost."""
    here = stage(a_finished_run(), at=600, tokens=("wrong",))
    assert isinstance(here.poll(), BadCredentials)
    assert isinstance(here.poll(), BadCredentials)
    [error] = here.state.list_errors(limit=9)
    assert "GITHUB_TOKEN" in error.remedy
    good = here.join(holder="other")
    assert here.poll(context=good) is None
    assert_all_published(here)


def test_two_collectors_never_poll_one_repository_at_once(stage):
    """What one holds, the other does not get, until the lease has run out."""
    here = stage(a_finished_run(), at=600)
    now = here.clock.now()
    other = here.join(holder="other")
    assert here.state.claim_repository(holder="dead", now=now, lease_seconds=120) is not None
    assert not poll_due_repository(other, should_continue=lambda: True)
    here.advance(121)
    assert poll_due_repository(other, should_continue=lambda: True)
    assert here.record().lease_holder is None
    assert_all_published(here)


def test_a_holder_that_comes_back_too_late_reads_and_publishes_nothing(stage):
    """A lease that was taken over is noticed before anything is published."""
    here = stage(a_finished_run(), at=600)
    late = here.state.claim_repository(holder="this", now=here.clock.now(), lease_seconds=120)
    here.advance(121)
    here.state.claim_repository(holder="other", now=here.clock.now(), lease_seconds=99)
    from ingest.services.monitoring.poll_runs import poll_repository

    assert poll_repository(here.context, late, should_continue=lambda: True) is None
    assert here.metrics() == []
    assert here.record().lease_holder == "other"


class LostState:
    """A state store that does not answer while ``is_lost``, and is lost at a named call."""

    def __init__(self, store, lost_at: str) -> None:
        self._store = store
        self._lost_at = lost_at
        self.is_lost = False

    def __getattr__(self, name):
        self.is_lost = self.is_lost or name == self._lost_at
        if self.is_lost:
            raise StateUnavailable("The state cannot be reached.")
        return getattr(self._store, name)


@pytest.mark.parametrize(
    "lost_at", ["load_credential_pauses", "save_attempts", "release_repository"]
)
def test_a_poll_that_lost_its_state_is_repeated_when_the_state_is_back(stage, lost_at):
    """The lease that it could not give back does not make its repository wait for minutes."""
    here = stage(a_finished_run(), at=600)
    store = LostState(here.state, lost_at)
    context = replace(here.context, store=store)
    for _ in range(2):
        with pytest.raises(StateUnavailable):
            poll_due_repository(context, should_continue=lambda: True)
    assert here.record().lease_holder == context.worker_id
    context = replace(context, store=here.state)
    assert poll_due_repository(context, should_continue=lambda: True)
    assert here.record().lease_holder is None
    assert_all_published(here)


def test_a_tick_asked_to_stop_ends_after_its_slice_and_leaves_the_rest_due(stage):
    """What was not reached is collected by the next tick."""
    world = WorldBuilder()
    for number in range(130):
        world.run(created=number, seconds=10, sha="a" * 40).job("build")
    here = stage(world, at=900)
    assert poll_due_repository(here.context, should_continue=lambda: not here.runs())
    assert 0 < len(here.runs()) < 130
    assert here.record().next_poll_at <= here.clock.now() + timedelta(seconds=1)
    here.poll()
    assert_all_published(here)
    assert_nothing_twice(here)


def test_the_next_poll_comes_soon_where_something_moves_and_slowly_where_nothing_does(stage):
    """An idle repository is polled every ten minutes at the least."""
    here = stage(a_finished_run(), at=100)
    here.poll()
    assert here.record().next_poll_at - here.clock.now() <= timedelta(seconds=2 * 30)
    here.advance(86_400)
    here.poll()
    pause = next_poll(here.context, here.record()) - here.clock.now()
    assert timedelta(minutes=9) <= pause <= timedelta(minutes=10)


def test_a_repository_whose_runs_all_ended_long_ago_is_polled_slowly_from_the_start(stage):
    """What a backfill finds is no change of today: an organization has hundreds of these."""
    here = stage(a_finished_run(), at=86_400)
    quiet_since = here.clock.now() - timedelta(days=2)
    here.state.remove_repository(REPOSITORY)
    new = new_repository(REPOSITORY, backfill_days=10, now=here.clock.now())
    here.state.add_repository(replace(new, last_changed_at=quiet_since))
    here.poll()
    assert_all_published(here)
    assert here.record().next_poll_at - here.clock.now() >= timedelta(minutes=9)


def test_a_repository_with_a_run_of_today_among_old_ones_is_polled_before_two_polls_are_over(stage):
    here = stage(a_finished_run().run(created=86_000, seconds=60).job("build"), at=86_400)
    here.state.remove_repository(REPOSITORY)
    new = new_repository(REPOSITORY, backfill_days=10, now=here.clock.now())
    here.state.add_repository(replace(new, last_changed_at=here.clock.now() - timedelta(days=2)))
    here.poll()
    assert here.record().next_poll_at - here.clock.now() <= timedelta(seconds=2 * 30)


def test_repositories_that_are_polled_together_drift_apart(stage):
    here = stage(a_finished_run(), at=100)
    now = here.clock.now()
    idle = [
        new_repository(f"octo/r{n}", backfill_days=1, now=now - timedelta(days=1))
        for n in range(300)
    ]
    seconds = Counter(int((next_poll(here.context, each) - now).total_seconds()) for each in idle)
    assert len(seconds) > 50
    assert max(seconds.values()) < 20


def test_what_is_caught_up_is_polled_before_the_backfills_of_new_repositories(stage):
    """Those whose runs changed last come first; a backfill gets its turn all the same."""
    here = stage(a_finished_run(), at=100)
    now = here.clock.now()
    order = here.context.poll_order
    order.note_turn_of_longest_overdue(now)
    quiet = new_repository("octo/quiet", backfill_days=1, now=now)
    busy = replace(quiet, full_name="octo/busy", last_changed_at=now + timedelta(seconds=1))
    new = replace(quiet, full_name="octo/new")
    for each in (quiet, busy):
        order.note_poll(each, next_poll_at=now + timedelta(seconds=5), now=now)
    order.note_poll(new, next_poll_at=now, now=now)
    assert order.find_recently_changed(now) is None
    assert order.find_recently_changed(now + timedelta(seconds=5)) == "octo/busy"
    order.remove("octo/busy")
    assert order.find_recently_changed(now + timedelta(seconds=5)) == "octo/quiet"
    assert order.find_recently_changed(now + timedelta(seconds=30)) is None


def test_a_webhook_ends_the_turn_of_a_backfill_and_is_polled_next(stage):
    """Its repository comes before those that are caught up, too."""
    world = WorldBuilder().repository("octo/other").run(seconds=10).repository(REPOSITORY)
    for number in range(130):
        world.run(created=number, seconds=10, sha="a" * 40).job("build")
    here = stage(world, at=900)
    here.state.remove_repository("octo/other")
    other = new_repository("octo/other", backfill_days=1, now=here.clock.now())
    here.state.add_repository(replace(other, next_poll_at=here.clock.now() + timedelta(hours=1)))

    def go_on():
        here.advance(1)
        if here.runs():
            here.state.make_due("octo/other", now=here.clock.now())
        return True

    assert poll_due_repository(here.context, should_continue=go_on)
    assert 0 < len(here.runs()) < 130
    here.context.poll_order.note_poll(
        replace(other, full_name=REPOSITORY), next_poll_at=here.clock.now(), now=other.added_at
    )
    assert poll_due_repository(here.context, should_continue=lambda: True)
    assert here.runs()[-1]["data"]["repo"] == "octo/other"
    here.poll()
    assert_all_published(here)
    assert_nothing_twice(here)


def test_a_repository_that_a_process_does_not_poll_ends_none_of_its_turns(stage):
    here = stage(a_finished_run(), at=100)
    here.watch("octo/other")
    here.state.make_due("octo/other", now=here.clock.now())
    own = continue_until_urgent(here.context, lambda: True, only=[REPOSITORY])
    every = continue_until_urgent(here.context, lambda: True, only=None)
    assert own()
    assert every(), "a turn lasts for a while, however many webhooks come"
    here.advance(3)
    assert own()
    assert not every()


def test_hints_that_cannot_be_had_delay_nothing_and_are_reported_once(stage):
    """The filtered lists may fail for hours; the list itself is collected all the same."""
    world = WorldBuilder()
    for number in range(120):
        world.run(created=number, seconds=10, sha="a" * 40).job("build")
    here = stage(world, at=900)
    here.context.github.fetch_runs = _refusing_filters(here.context.github.fetch_runs)
    here.poll_for(120)
    assert_all_published(here)
    assert here.record().failed_polls == 0
    assert len(here.errors()) == 1


def _refusing_filters(fetch_runs):
    def fetch(repository, query, validator=None):
        if query.status or query.created:
            raise GithubUnavailable("the search index is down")
        return fetch_runs(repository, query, validator)

    return fetch


def test_stretching_polls_makes_all_repositories_wait_equally_longer(stage):
    """Where the hour's requests do not last, polls are stretched."""
    settings = Settings(
        tokens=(TokenSpec(limit=400, graphql_limit=400),), limits=GENEROUS.limits, threads=16
    )
    world = WorldBuilder()
    for number in range(90):
        world.run(created=number, seconds=10, sha="a" * 40).job("build")
    here = stage(world, at=900, settings=settings)
    here.poll()
    here.advance(400)
    here.poll()
    assert here.context.github.hour_interval_factor(REPOSITORY) > 1
    assert here.record().next_poll_at > here.clock.now() + timedelta(seconds=30)


def test_why_a_repository_fails_is_logged_and_reported_once_with_its_remedy(stage, caplog):
    """Its page says so for as long as it lasts; a collection that ends prints it."""
    here = stage(a_finished_run(), at=600)
    here.fail(Fault(path="/actions/runs$", do="sso"))
    for _ in range(3):
        poll_due_repository(here.context, should_continue=lambda: True)
        here.advance(60)
    [logged] = [each for each in caplog.records if "SAML" in each.getMessage()]
    assert logged.repository == REPOSITORY
    assert "/sso?authorization_request=" in logged.remedy
    assert here.record().failed_polls == 3
    assert here.errors() == [here.record().last_error]


def test_a_defect_in_the_poll_of_one_repository_stops_no_other(stage, caplog):
    """It is logged with its trace and reported, and the repository is tried more slowly."""
    here = stage(a_finished_run(), at=600)
    fetch = here.context.github.fetch_runs
    here.context.github.fetch_runs = raising(ZeroDivisionError())
    assert "defect of Runstream" in str(here.poll())
    assert here.record().failed_polls == 1
    assert here.record().lease_holder is None
    assert any(record.exc_info for record in caplog.records)
    assert len(here.errors()) == 1
    here.context.github.fetch_runs = fetch
    here.advance(60)
    assert here.poll() is None
    assert_all_published(here)


def test_a_repository_whose_poll_met_a_busy_state_fails_only_the_second_time(stage):
    """The first collection is not failing because its own processes met."""
    here = stage(WorldBuilder().run(seconds=60).job("a"), at=100)
    busy = raising(StateBusy("In the way."))
    refusing = Changed(here.state, save_run_summaries=busy)
    context = replace(here.context, store=refusing)
    for failures in (0, 1):
        here.advance(10)
        here.poll(context=context)
        assert here.record().failed_polls == failures
        assert len(here.state.list_errors(limit=9)) == failures
    here.advance(10)
    assert here.poll() is None
    assert here.record().last_error is None


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (StateUnavailable("The state is damaged; restore a copy."), "do what the error says"),
        (StateBusy("In the way."), "No action is needed"),
    ],
)
def test_a_state_that_needs_somebody_is_not_told_to_pass_by_itself(stage, error, remedy):
    """A damaged file stays damaged, however often it is tried; a busy one does not."""
    here = stage(WorldBuilder().run(seconds=60).job("a"), at=100)
    refusing = Changed(here.state, save_run_summaries=raising(error))
    context = replace(here.context, store=refusing)
    for _ in range(2):
        here.advance(10)
        here.poll(context=context)
    [reported] = here.state.list_errors(limit=9)
    assert remedy in reported.remedy


def test_a_limit_is_no_reason_why_a_repository_cannot_be_collected(stage):
    """What failed before stays its reason; where nothing did, it only waits."""
    here = stage(a_finished_run(), at=100)
    here.fail(Fault(path="/actions/runs$", do="error", status=500))
    failed = here.poll()
    here.fail(Fault(path="/actions/runs$", do="secondary", seconds=60, count=1))
    here.advance(60)
    assert isinstance(here.poll(), RateLimited)
    assert (here.record().failed_polls, here.record().last_error) == (1, str(failed))
    here.advance(61)
    assert here.poll() is None
    assert (here.record().failed_polls, here.record().last_error) == (0, None)
    here.fail(Fault(path="/actions/runs$", do="secondary", seconds=60, count=1))
    limit = here.poll()
    assert isinstance(limit, RateLimited)
    assert (here.record().failed_polls, here.record().last_error) == (0, str(limit))


def test_a_repository_named_in_other_letters_comes_before_backfills(stage):
    """As one that is named as GitHub spells it."""
    here = stage(WorldBuilder().repository("octo/other").repository(REPOSITORY).run())
    order, now = here.context.poll_order, here.clock.now()
    order.note_turn_of_longest_overdue(now)
    order.note_poll(here.record(), next_poll_at=now + timedelta(seconds=5), now=now)
    here.advance(5)
    here.change_record()
    only = ["OCTO/API", "octo/other"]
    assert poll_due_repository(here.context, should_continue=lambda: True, only=only)
    assert here.record().last_polled_at is not None


def test_a_busy_state_hides_no_failure_of_the_same_poll(stage):
    """The first is no failure of the repository."""
    here = stage(a_finished_run(), at=600)
    session = PollSession(repository=here.record(), leased_at=here.clock.now())
    failure = GithubUnavailable("GitHub did not answer.")
    for error in (StateBusy("In the way."), failure, GithubUnavailable("Nor later.")):
        session.note_failure(error)
    assert session.error is failure


def test_a_process_claims_one_repository_at_a_time(stage):
    """While it polls that one, other processes may take all the others: nobody takes them all."""
    world = WorldBuilder()
    for name in ("octo/a", "octo/b", "octo/c"):
        world.repository(name).run().job()
    here = stage(world, at=600)
    for name in ("octo/a", "octo/b", "octo/c"):
        here.state.add_repository(new_repository(name, backfill_days=1, now=here.clock.now()))
    fetch, held = here.context.github.fetch_runs, []

    def count_leases(*arguments, **options):
        leased = [each for each in here.state.list_repositories() if each.lease_holder]
        held.append(len(leased))
        return fetch(*arguments, **options)

    here.context.github.fetch_runs = count_leases
    here.poll_due()
    assert set(held) == {1}
    assert len({each["data"]["repo"] for each in here.runs()}) == 3


def test_attempts_that_fail_for_one_cause_are_reported_once(stage):
    """As in an outage of GitHub: the list of errors keeps its other errors."""
    world = WorldBuilder()
    for number in range(30):
        world.run(created=number, seconds=5, sha="a" * 40).job("test")
    here = stage(world, at=600)
    here.fail(Fault(path="/jobs$", do="error", status=500))
    for _ in range(6):
        here.poll()
        here.advance(60)
    [error] = here.errors()
    assert "failed 5 times" in error
