"""Finding runs and attempts, however deep and however briefly they are there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ingest.domain.commits import Commit
from ingest.errors import GithubUnavailable, RateLimited, RequestFailed
from ingest.ports import Answer, RunPage, RunQuery
from ingest.services.monitoring.discover_runs import HINTS_AT_ONCE
from ingest.services.monitoring.poll_runs import poll_due_repository
from ingest.services.monitoring.poll_session import LEASE_SECONDS
from ingest.services.monitoring.walk_run_list import MAX_REREAD_INTERVAL
from ingest.wire.rate_limiter import POINTS_PER_MINUTE
from support.world import (
    FIRST_RUN,
    REPOSITORY,
    assert_all_published,
    assert_nothing_twice,
    truth_of_runs,
)
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.settings import Limits, Settings, TokenSpec

DAY = 86_400

pytestmark = pytest.mark.usefixtures("ten_a_page")


def many_runs(count: int, *, every: float = 1) -> WorldBuilder:
    world = WorldBuilder()
    for number in range(count):
        world.run(created=number * every, seconds=10, sha="a" * 40).job("build")
    return world


def with_settings(**changes) -> Settings:
    return Settings(
        tokens=(TokenSpec(limit=10**6, graphql_limit=10**6),),
        limits=Limits(points_per_minute=0, graphql_points_per_minute=0),
        threads=16,
        **changes,
    )


def test_runs_from_before_the_watched_time_are_left_out_unless_they_are_in_flight(stage):
    """BACKFILL_DAYS bounds what has ended, not what still runs."""
    world = WorldBuilder().run(created=0, seconds=60).run(created=0, seconds=9 * DAY)
    here = stage(world, at=5 * DAY, days=1)
    here.poll()
    assert [each["data"]["run_id"] for each in here.runs()] == [FIRST_RUN + 2]
    here.move_to(9 * DAY + 60)
    here.poll_for(60)
    assert here.kinds() == ["workflow_run_in_progress", "workflow_run_completed"]


def test_a_walk_that_was_cut_short_is_walked_again(stage):
    """The cursor moves only after a whole walk, and the next poll continues at the page."""
    here = stage(many_runs(25), at=900)
    fetch, asked = here.context.github.fetch_runs, []

    def fail_on_third(repository, query, validator=None):
        if query == RunQuery(page=query.page):
            asked.append(query.page)
        if asked == [1, 2, 3]:
            asked.append(0)
            raise GithubUnavailable("gone for a moment")
        return fetch(repository, query, validator)

    here.context.github.fetch_runs = fail_on_third
    here.poll()
    assert (here.record().cursor, here.record().run_list_walk.page) == (None, 3)
    assert here.record().last_error == "gone for a moment"
    here.poll_for(60)
    assert asked[:6] == [1, 2, 3, 0, 3, 1]
    assert here.record().run_list_walk.page is None
    assert_all_published(here)


def test_a_failure_is_reported_although_a_limit_ends_the_poll(stage):
    """A limit passes by itself, so it is no reason to forget what failed before it."""
    here = stage(many_runs(25), at=900)
    fetch = here.context.github.fetch_runs

    def fail_then_limit(repository, query, validator=None):
        if query == RunQuery(page=2):
            raise GithubUnavailable("gone for a moment")
        if query.status is not None:
            retry_at = here.clock.now() + timedelta(seconds=45)
            raise RateLimited("the limit is used up", retry_at=retry_at)
        return fetch(repository, query, validator)

    here.context.github.fetch_runs = fail_then_limit
    here.poll()
    assert here.record().last_error == "gone for a moment"
    assert here.errors() == ["gone for a moment"]


def test_a_page_that_keeps_failing_holds_no_newer_run(stage):
    """The first page is read at every poll, and what it shows is collected."""
    world = many_runs(15)
    world.run(created=1000, seconds=10, sha="a" * 40)
    here = stage(world, at=900, settings=with_settings())
    fetch = here.context.github.fetch_runs

    def fail_below(repository, query, validator=None):
        if query.page > 1:
            raise RequestFailed("GitHub answered 500")
        return fetch(repository, query, validator)

    here.context.github.fetch_runs = fail_below
    here.poll_for(60)
    assert len(here.runs()) == 10
    here.move_to(1100)
    here.poll_for(60)
    assert FIRST_RUN + 15 in {each["data"]["run_id"] for each in here.runs()}
    here.context.github.fetch_runs = fetch
    here.poll_for(120)
    assert_all_published(here)
    assert_nothing_twice(here)


def test_an_empty_page_of_a_list_that_counts_runs_is_not_believed(stage):
    """Neither the cursor nor the validator moves on, and the next poll asks again."""
    here = stage(many_runs(30), at=900)
    here.poll()
    before = here.record()
    here.advance(60)
    here.fail(Fault(path="/actions/runs$", do="empty_list", count=1))
    here.poll()
    assert "lists fewer" in here.record().last_error
    assert (here.record().cursor, here.record().run_lists.validators) == (
        before.cursor,
        before.run_lists.validators,
    )
    here.poll_for(60)
    assert_nothing_twice(here)


def test_a_list_that_counts_runs_and_has_none_is_believed_after_a_while(stage):
    """Its count may stay wrong once all of its runs are deleted; other runs are collected."""
    here = stage(many_runs(1), at=900)
    here.fail(Fault(path="/actions/runs$", do="empty_list"))
    here.poll()
    assert "lists fewer" in here.record().last_error
    here.context.store.save_run_hint(REPOSITORY, FIRST_RUN + 1, now=here.clock.now())
    here.poll_for(300)
    record = here.record()
    assert (record.last_error, record.failed_polls) == (None, 0)
    assert record.cursor is not None
    assert_all_published(here)


@pytest.mark.parametrize("answers", [2, 100])
def test_a_list_that_is_shorter_than_counted_is_read_again_for_a_while(stage, answers):
    """It may be short for a moment, and the count may be wrong for good."""
    here = stage(many_runs(9), at=900)
    fetch, left = here.context.github.fetch_runs, [*range(answers)]

    def fetch_few(name, query, validator=None):
        answer = fetch(name, query, validator)
        page = answer.value
        if page is None or not left:
            return answer
        left.pop()
        return replace(answer, value=replace(page, runs=page.runs[:3], matches_total_count=False))

    here.context.github.fetch_runs = fetch_few
    here.poll()
    assert "lists fewer" in here.record().last_error
    assert here.record().cursor is None
    here.poll_for(180)
    assert here.record().cursor is not None
    assert here.record().last_error is None
    assert len(here.runs()) == (9 if answers == 2 else 3)
    left.clear()
    here.remove_validators()
    here.poll_for(60)
    assert_all_published(here)
    assert_nothing_twice(here)


def test_a_request_to_stop_interrupts_a_walk_which_the_next_poll_continues(stage):
    """A list of many pages keeps no process from ending."""
    here = stage(many_runs(35), at=900)
    answers = iter([True, True])
    poll_due_repository(here.context, should_continue=lambda: next(answers, False))
    record = here.record()
    assert (record.cursor, record.run_list_walk.page) == (None, 4)
    here.poll_for(60)
    assert_all_published(here)
    assert_nothing_twice(here)


@pytest.mark.parametrize("cap", [40_000, 25])
def test_a_long_list_is_walked_whatever_few_requests_a_limit_lets_through(stage, cap):
    """What was listed is kept, past the end of the list day by day."""
    refusal = Fault(path="/actions/runs$", do="secondary", seconds=60, probability=0.6)
    settings = replace(with_settings(unfiltered_cap=cap), faults=(refusal,))
    here = stage(many_runs(45, every=9000), at=5 * DAY, days=9, settings=settings)
    for _ in range(120):
        here.poll()
        here.advance(61)
        if here.record().cursor is not None:
            break
    assert here.requests("list_runs", "charged") < 60
    here.fail()
    here.poll_for(60)
    assert_all_published(here)


def test_an_empty_page_does_not_end_the_list(stage):
    """The list ends where GitHub's links end."""
    here = stage(many_runs(25), at=900)
    fetch = here.context.github.fetch_runs

    def with_a_gap(repository, query, validator=None):
        if query.page == 2:
            return Answer(RunPage(runs=(), total_count=25, has_next=True), None)
        page = query.page - 1 if query.page > 2 else query.page
        return fetch(repository, replace(query, page=page), validator)

    here.context.github.fetch_runs = with_a_gap
    here.poll_for(60)
    assert len(here.runs()) == 25


def test_runs_that_are_deleted_while_the_list_is_walked_hide_no_others(stage):
    """Those after them move up, onto a page that was read before."""
    here = stage(many_runs(35, every=60), at=35 * 60)
    fetch, deleted = here.context.github.fetch_runs, [0]

    def deleting(repository, query, validator=None):
        if query.status is not None or query.created is not None:
            return fetch(repository, query, validator)
        if query.page == 3:
            deleted[0] = 3
        shown = fetch(repository, query).value
        after = fetch(repository, replace(query, page=query.page + 1)).value
        runs = (*shown.runs, *after.runs)[deleted[0] :][:10]
        total = shown.total_count - deleted[0]
        return Answer(replace(shown, runs=runs, total_count=total), None)

    here.context.github.fetch_runs = deleting
    here.poll_for(60)
    assert here.record().cursor is not None
    assert_all_published(here)
    assert_nothing_twice(here)


def test_links_in_a_circle_end_a_walk_and_are_reported(stage):
    """What was listed is kept; the list is asked for again, and believed after a few polls."""
    here = stage(many_runs(25), at=900)
    fetch, asked = here.context.github.fetch_runs, []

    def in_a_circle(repository, query, validator=None):
        if query.status is not None or query.created is not None:
            return fetch(repository, query, validator)
        asked.append(query.page)
        answer = fetch(repository, replace(query, page=min(query.page, 2)), validator)
        is_unchanged = answer.value is None
        return (
            answer if is_unchanged else replace(answer, value=replace(answer.value, has_next=True))
        )

    here.context.github.fetch_runs = in_a_circle
    here.poll()
    assert asked == [1, 2, 3]
    assert here.record().last_error == "GitHub counts 25 runs of octo/api and lists fewer."
    here.poll_for(600)
    assert here.record().last_error is None
    here.context.github.fetch_runs = fetch
    here.poll_for(2 * DAY, every=3600)
    assert_all_published(here)


def test_attempts_that_came_and_went_between_two_looks_are_read_one_by_one(stage):
    """The list shows the newest attempt only; the ones before are asked for by number."""
    world = WorldBuilder().run("failure", created=0, seconds=60).job("test")
    for number in range(1, 4):
        world.rerun("failure" if number < 3 else "success", at=number * 300).job("test")
    here = stage(world, at=30)
    here.poll()
    here.move_to(2000)
    here.poll()
    assert_all_published(here)
    assert_nothing_twice(here)
    assert [(r["data"]["run_attempt"], r["data"]["status"]) for r in here.runs()] == [
        (1, "in_progress"),
        (1, "completed"),
        (2, "completed"),
        (3, "completed"),
        (4, "completed"),
    ]


def test_a_partial_rerun_reports_all_jobs_of_its_attempt(stage):
    """Jobs that a re-run took over are listed for the new attempt, too."""
    world = (
        WorldBuilder()
        .run("failure", seconds=60)
        .job("lint", "success")
        .job("test", "failure")
        .rerun("success", at=300)
        .job("lint", "success", reused=True)
        .job("test", "success")
    )
    here = stage(world, at=100)
    here.poll()
    here.move_to(700)
    here.poll()
    assert_all_published(here)
    assert [len(each["data"]["jobs"]) for each in here.runs()] == [2, 2]


def a_deep_rerun(at: float, *, seconds: float) -> WorldBuilder:
    world = WorldBuilder().run("failure", created=0, seconds=60).job("test")
    world.rerun("success", at=at, seconds=seconds).job("test")
    for number in range(15):
        world.run(created=100 + number, seconds=10, sha="a" * 40).job("build")
    return world


def test_an_open_rerun_stays_deep_in_a_list_that_was_empty_for_a_moment(stage):
    """The list before it is unchanged afterwards, and does not show the end of the re-run."""
    here = stage(a_deep_rerun(1000, seconds=300), at=500)
    here.poll_for(600)
    here.fail(Fault(path="/actions/runs$", do="empty_list", count=1))
    here.advance(30)
    here.poll()
    assert "lists fewer" in here.record().last_error
    here.move_to(1310)
    here.poll_for(60)
    assert here.attempt(2).published_statuses[-1] == "completed"


@pytest.mark.parametrize("at", [1000, 1007, 1015, 1022])
def test_a_rerun_of_a_minute_deep_in_the_list_is_found_within_two_polls(stage, at):
    """The lists by status are requested at every poll, and unchanged answers are free."""
    here = stage(a_deep_rerun(at, seconds=60), at=500)
    here.poll_for(470)
    charged = here.requests("list_runs", "charged")
    here.poll_for(90)
    assert here.attempt(2).published_statuses[-1] == "in_progress"
    assert here.requests("list_runs", "charged") - charged <= 3
    here.poll_for(200)
    assert_all_published(here)


def test_a_list_that_says_unchanged_for_ever_hides_no_end(stage):
    """While a run is open, the list is read whole after five minutes."""
    world = WorldBuilder().run(seconds=120).job("test").run(created=130, seconds=30).job("test")
    here = stage(world, at=30)
    here.poll()
    here.fail(Fault(path="/actions/runs$", do="unchanged"))
    here.poll_for(600)
    assert_all_published(here)


def test_a_list_that_says_unchanged_for_ever_hides_runs_for_hours_at_most(stage):
    """Nothing is open that would cast doubt on it, and a list that rests costs little."""
    here = stage(WorldBuilder().run(seconds=60).job("a").run(created=900, seconds=30), at=600)
    here.poll()
    here.fail(Fault(path="/actions/runs$", do="unchanged"))
    here.move_to(600 + MAX_REREAD_INTERVAL.total_seconds())
    here.poll()
    assert_all_published(here)


def test_short_reruns_deep_in_a_list_that_always_changes_are_seen_in_progress(stage):
    """The list rests after each change, the lists by status do not."""
    world = WorldBuilder().run("failure", seconds=60).job("test")
    starts = range(1000, 1500, 85)
    for start in starts:
        world.rerun("failure", at=start, starts_after=2, seconds=40).job("test")
    for number in range(15):
        world.run(created=100 + number, seconds=10, sha="a" * 40).job("build")
    for number in range(60):
        world.run(created=900 + 10 * number, seconds=10, sha="a" * 40).job("build")
    here = stage(world, at=500, log_mode="economy")
    here.poll_for(400)
    while here.server.clock.now() < here.start + 1600:
        poll_due_repository(here.context, should_continue=lambda: True)
        here.advance(5)
    seen = [here.attempt(number).published_statuses[-2:] for number in range(2, len(starts) + 2)]
    assert seen == [("in_progress", "completed")] * len(starts)


def test_the_lists_by_status_wait_for_a_minute_with_headroom(stage):
    """Free answers count by the minute: with hundreds of repositories the lists go first."""
    here = stage(a_deep_rerun(9000, seconds=60), at=500)
    here.poll()
    here.poll()
    before = here.requests("list_runs")
    here.poll()
    assert here.requests("list_runs") - before == 1 + 2
    limiter = here.context.github._tokens.client_for(REPOSITORY).rate_limiter
    for _ in range(POINTS_PER_MINUTE["core"] // 2):
        limiter.admit("/repos/{}/actions/runs", resource="core", now=here.clock.now())
        limiter.release_slot("core", took_seconds=0, now=here.clock.now())
    before = here.requests("list_runs")
    here.poll()
    assert here.requests("list_runs") - before == 1


def test_a_rerun_deep_in_the_list_is_found_by_a_hint(stage):
    """A hint about a run fetches it, whatever its place in the list."""
    here = stage(a_deep_rerun(1000, seconds=20), at=500)
    here.poll()
    here.move_to(1100)
    here.state.save_run_hint(REPOSITORY, FIRST_RUN + 1, now=here.clock.now())
    here.poll()
    assert here.attempt(2).published_statuses == ("completed",)
    assert here.state.load_run_hints(REPOSITORY) == {}
    assert_all_published(here)


@pytest.mark.parametrize("failing", [1, 39])
def test_a_hint_that_fails_keeps_no_others_waiting_and_those_of_no_run_are_forgotten(
    stage, failing
):
    """After an outage there are hundreds; asked for all at once, they would never all succeed."""
    here = stage(a_deep_rerun(1000, seconds=20), at=1100)
    here.fail(Fault(path=f"runs/{failing}$", do="error", status=500, count=1))
    for number in range(1, 41):
        here.state.save_run_hint(REPOSITORY, number, now=here.clock.now())
    assert here.poll() is None
    assert len(here.runs()) > 15, "the list is collected all the same"
    assert set(here.state.load_run_hints(REPOSITORY)) == {failing}
    assert here.poll() is None
    assert here.state.load_run_hints(REPOSITORY) == {}


def test_hints_wait_while_github_answers_none_of_them(stage):
    """An outage costs a poll one group of requests, and not hundreds."""
    here = stage(a_deep_rerun(1000, seconds=20), at=1100)
    here.fail(Fault(path=r"runs/\d+$", do="error", status=500))
    for number in range(1, 41):
        here.state.save_run_hint(REPOSITORY, number, now=here.clock.now())
    assert here.poll() is None
    assert here.requests("get_run") == HINTS_AT_ONCE
    assert len(here.state.load_run_hints(REPOSITORY)) == 40


def test_hints_are_followed_however_many_requests_fail(stage):
    """Each that is answered is done with, whatever came of those beside it."""
    here = stage(a_deep_rerun(1000, seconds=20), at=1100)
    here.fail(Fault(path=r"runs/\d+$", do="error", status=500, probability=0.5))
    for number in range(1, 41):
        here.state.save_run_hint(REPOSITORY, number, now=here.clock.now())
    for _ in range(12):
        assert here.poll() is None
    assert here.state.load_run_hints(REPOSITORY) == {}


def test_a_lagging_index_loses_nothing(stage):
    """What filters show late is older than what is known, and is not believed."""
    here = stage(a_deep_rerun(1000, seconds=900), at=500, settings=with_settings(index_lag=240))
    here.poll_for(2500)
    assert_all_published(here)
    assert_nothing_twice(here)


def test_a_lagging_index_takes_no_status_back(stage):
    """A run that a webhook showed in progress is not queued again because a filter says so."""
    world = WorldBuilder().run("failure", seconds=60).job("test")
    world.rerun("success", at=1000, starts_after=100, seconds=900).job("test")
    for number in range(15):
        world.run(created=100 + number, seconds=10, sha="a" * 40).job("build")
    here = stage(world, at=500, settings=with_settings(index_lag=240))
    here.poll_for(610)
    here.state.save_run_hint(REPOSITORY, FIRST_RUN + 1, now=here.clock.now())
    here.poll_for(1500)
    assert here.attempt(2).published_statuses == ("in_progress", "completed")
    assert_all_published(here)


def test_a_list_by_status_of_which_a_page_fails_is_read_whole_by_the_next_poll(stage):
    """Its first page would be unchanged, and what is on the others would wait for hours."""
    world = WorldBuilder().run("failure", created=0, seconds=60).job("test")
    world.rerun("success", at=1000, starts_after=2, seconds=600).job("test")
    for number in range(12):
        world.run(created=100 + number, seconds=None, sha="a" * 40).job("build")
    for number in range(15):
        world.run(created=200 + number, seconds=10, sha="a" * 40).job("build")
    here = stage(world, at=500)
    here.poll_for(470)
    fetch, failed = here.context.github.fetch_runs, []

    def fail_second_page_once(repository, query, validator=None):
        if query.status == "in_progress" and query.page == 2 and not failed:
            failed.append(query)
            raise RequestFailed("GitHub did not answer.")
        return fetch(repository, query, validator)

    here.context.github.fetch_runs = fail_second_page_once
    here.move_to(1010)
    here.poll_for(60)
    assert failed
    assert here.attempt(2).published_statuses[-1] == "in_progress"


def test_a_server_that_does_not_know_a_status_is_asked_for_the_others(stage):
    """An older GitHub Enterprise Server answers 422 for some statuses."""
    from ingest.errors import NotFound

    here = stage(a_deep_rerun(1000, seconds=600), at=500)
    fetch = here.context.github.fetch_runs

    def without_requested(repository, query, validator=None):
        if query.status in {"requested", "pending"}:
            raise NotFound("422")
        return fetch(repository, query, validator)

    here.context.github.fetch_runs = without_requested
    here.poll_for(1500)
    assert here.record().run_lists.status_lists_requested_at is not None
    assert here.errors() == []
    assert_all_published(here)


def test_past_the_end_of_the_list_the_days_are_asked_for_one_by_one(stage):
    """GitHub answers 422 past 40,000 runs; what lies below is found by its creation time."""
    here = stage(
        many_runs(50, every=6000), at=4 * DAY, days=9, settings=with_settings(unfiltered_cap=20)
    )
    here.poll_for(60)
    assert len(truth_of_runs(here)) == 50
    assert_all_published(here)


def test_days_without_runs_are_passed_over_past_the_end_of_the_list(stage):
    """`BACKFILL_DAYS` may be of all years, also of those before the repository was created."""
    world = many_runs(50, every=6000).run(created=30 * DAY, seconds=10).job("build")
    for number in range(30):
        world.run(created=60 * DAY + number, seconds=10, sha="a" * 40).job("build")
    here = stage(world, at=61 * DAY, days=36_000, settings=with_settings(unfiltered_cap=20))
    here.poll_for(60)
    assert here.requests("list_runs") < 200
    assert here.record().cursor is not None
    assert_all_published(here)


def test_a_walk_day_by_day_that_is_interrupted_is_not_complete(stage):
    """Though the process may continue a moment later, as where a person pauses it briefly."""
    here = stage(
        many_runs(50, every=6000), at=4 * DAY, days=9, settings=with_settings(unfiltered_cap=20)
    )
    answers = iter([True] * 3 + [False])
    poll_due_repository(here.context, should_continue=lambda: next(answers, True))
    assert here.record().cursor is None
    here.poll_for(60)
    assert_all_published(here)


def test_a_long_walk_keeps_its_lease(stage):
    """Walking takes longer than a lease lasts, and nobody takes the repository over."""
    here = stage(many_runs(60), at=900)
    fetch, rivals = here.context.github.fetch_runs, []

    def slowly(repository, query, validator=None):
        here.advance(LEASE_SECONDS / 2)
        now = here.clock.now()
        rivals.append(here.state.claim_repository(holder="other", now=now, lease_seconds=99))
        return fetch(repository, query, validator)

    here.context.github.fetch_runs = slowly
    assert here.poll() is None
    assert set(rivals) == {None}
    assert_all_published(here)


def test_the_newest_runs_never_wait_behind_a_backlog(stage):
    """Oldest first, for logs expire; but the newest are in every batch."""
    here = stage(many_runs(400), at=450)
    here.context.store.save_commits(REPOSITORY, [Commit(commit_sha="a" * 40, additions=1)])
    poll_due_repository(here.context, should_continue=lambda: not here.runs())
    published = {each["data"]["run_id"] - FIRST_RUN for each in here.runs()}
    assert {400, 1} <= published
    assert len(published) == 100


@pytest.mark.parametrize("count", [1, 12])
def test_polling_continues_finding_new_runs(stage, count):
    """New runs are found whether or not they fit the first page at once."""
    world = many_runs(8)
    for number in range(count):
        world.run(created=5000 + number / 10, seconds=5, sha="a" * 40).job("build")
    here = stage(world, at=900)
    here.poll()
    here.move_to(5200)
    here.poll()
    here.advance(30)
    here.poll()
    assert_all_published(here)
    assert_nothing_twice(here)
    assert here.record().cursor > here.clock.now() - timedelta(seconds=400)


def test_a_hinted_run_is_published_before_the_backfill_of_its_repository_goes_on(stage):
    """The list names the oldest runs first, and a webhook without content names only a run."""
    world = WorldBuilder()
    for number in range(30):
        world.run(created=60 * number, seconds=30).job("build")
    here = stage(world, at=3600)
    here.state.save_run_hint(REPOSITORY, FIRST_RUN + 20, now=here.clock.now())
    assert here.poll() is None
    assert [each["data"]["run_id"] for each in here.metrics()[:2]] == [FIRST_RUN + 20] * 2
    assert here.state.load_run_hints(REPOSITORY) == {}
    assert len(here.runs()) == 30
    assert_nothing_twice(here)
