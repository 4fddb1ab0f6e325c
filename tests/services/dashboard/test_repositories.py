"""Repositories: checked before they are added, added once, and shown as they are."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.domain.ledger import ErrorRecord, LedgerCounts
from ingest.domain.source_records import DiscoveredRepository, SourceRecord
from ingest.domain.timestamps import format_timestamp
from ingest.errors import (
    AccessDenied,
    BadCredentials,
    InvalidRepository,
    NotFound,
    Rejected,
    RepositoryUnavailable,
)
from ingest.services.dashboard.repositories import (
    check_repository,
    remove_repository,
    require_watched,
    watch_repository,
)
from ingest.services.dashboard.repository_list import RepositoryQuery, list_repository_page
from ingest.services.dashboard.rows import repository_row, repository_state
from ingest.settings import CollectingSettings, Settings
from support.state_records import NOW, a_repository, at
from support.world import REPOSITORY, Stage
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault

SETTINGS = Settings()
WEB = "https://github.com"


@pytest.fixture
def here(stage) -> Stage:
    """Show a GitHub of three repositories, none of which is watched."""
    world = WorldBuilder().run().run().repository("octo/empty")
    world.repository("octo/hidden", private=True).run()
    return stage(world, at=100, watches=False)


def check(here: Stage, given: str):
    return check_repository(here.state, SETTINGS, lambda: here.context.github, given)


def watch(here: Stage, given: str, settings: Settings = SETTINGS):
    return watch_repository(
        here.state, settings, lambda: here.context.github, given, now=here.clock.now()
    )


def unasked():
    raise AssertionError("GitHub is not asked about this.")


def test_a_repository_that_github_shows_can_be_added(here):
    """With what there is to collect; nothing is changed by looking."""
    assert check(here, f"https://github.com/{REPOSITORY}/actions") == {
        "full_name": REPOSITORY,
        "is_ok": True,
        "can_be_added": True,
        "is_watched": False,
        "finding": "octo/api is public and has 2 workflow runs.",
        "remedy": None,
    }
    assert "private" in check(here, "octo/hidden")["finding"]
    assert here.state.list_repositories() == []


def test_a_repository_without_runs_can_be_added_with_a_warning(here):
    """Its first run may be about to come."""
    answer = check(here, "octo/empty")
    assert (answer["is_ok"], answer["can_be_added"]) == (False, True)
    assert "No workflow has run" in answer["remedy"]


@pytest.mark.parametrize(
    "given", ["", "one word", "https://example.com/octo/api", "https://[", "octo/..", "a" * 500]
)
def test_what_is_no_repository_is_reported_to_be_none(here, given):
    """GitHub is not asked."""
    answer = check_repository(here.state, SETTINGS, unasked, given)
    assert (answer["full_name"], answer["is_ok"], answer["can_be_added"]) == (None, False, False)
    assert answer["finding"]
    assert answer["remedy"]
    with pytest.raises(InvalidRepository):
        watch_repository(here.state, SETTINGS, unasked, given, now=NOW)


@pytest.fixture
def hung():
    """Ask a GitHub that accepts the connection and never answers."""
    ended = threading.Event()

    def ask():
        ended.wait()
        raise AssertionError("It never answers.")

    yield ask
    ended.set()


def test_a_github_that_hangs_holds_nobody_who_adds_a_repository(here, hung):
    """A call of Anvil ends after 30 seconds; polling asks again."""
    answer = check_repository(here.state, SETTINGS, hung, REPOSITORY, seconds=0.1)
    assert answer["can_be_added"]
    assert answer["finding"] == "GitHub did not answer within 0.1 seconds."
    assert "polled as soon as GitHub responds" in answer["remedy"]

    watch_repository(here.state, SETTINGS, hung, REPOSITORY, now=NOW, seconds=0.1)
    assert [each.full_name for each in here.state.list_repositories()] == [REPOSITORY]


def test_one_that_is_watched_is_reported_to_be(here):
    """GitHub is not asked, and it cannot be added twice."""
    here.watch()
    answer = check_repository(here.state, SETTINGS, unasked, REPOSITORY)
    assert (answer["is_watched"], answer["can_be_added"]) == (True, False)


@pytest.mark.parametrize(
    ("given", "fault", "remedy", "error"),
    [
        ("octo/nothing", None, "private repositories that it hides", RepositoryUnavailable),
        (REPOSITORY, {"do": "error", "status": 403}, "read access", AccessDenied),
        (REPOSITORY, {"do": "error", "status": 401}, "create a new token", BadCredentials),
    ],
)
def test_what_github_reports_against_it_is_reported_with_a_remedy(
    here, given, fault, remedy, error
):
    """It is not added then."""
    if fault is not None:
        here.fail(Fault(path="^/repos/", **fault))
    answer = check(here, given)
    assert (answer["is_ok"], answer["can_be_added"]) == (False, False)
    assert remedy in answer["remedy"]
    with pytest.raises(error):
        watch(here, given)
    assert here.state.list_repositories() == []


def test_where_github_does_not_answer_it_can_be_added_all_the_same(here):
    """Polling has the patience that a page has not."""
    here.fail(Fault(path="^/repos/", do="error", status=502))
    answer = check(here, REPOSITORY)
    assert (answer["is_ok"], answer["can_be_added"]) == (False, True)
    assert watch(here, REPOSITORY).full_name == REPOSITORY


def test_a_repository_is_watched_from_its_backfill_on_and_due_at_once(here):
    """However its address was given."""
    settings = Settings(collecting=CollectingSettings(backfill_days=3))
    record = watch(here, f"git@github.com:{REPOSITORY}.git", settings)
    now = here.clock.now()
    assert record.watched_since == now - timedelta(days=3)
    assert record.added_at == record.next_poll_at == now
    assert here.state.list_repositories() == [record]


def test_a_repository_is_watched_by_the_name_that_github_gives_it(here):
    """Messages carry it: readers must not have to know how somebody typed it."""
    assert watch(here, f"https://GitHub.com/{REPOSITORY.upper()}.git").full_name == REPOSITORY
    assert [each.full_name for each in here.state.list_repositories()] == [REPOSITORY]


def test_one_that_is_watched_stays_as_it_is(here):
    """Also where its name is given in another case; GitHub is not asked."""
    here.watch()
    here.state.set_paused(REPOSITORY, paused=True)
    record = watch_repository(here.state, SETTINGS, unasked, REPOSITORY.upper(), now=at(5))
    assert record == here.record()
    assert record.paused


def test_a_repository_that_is_not_watched_is_named_without_advice():
    """Somebody else may just have removed it; in any case of its name it is the same."""
    state = open_sql_state("sqlite://")
    with pytest.raises(NotFound, match=r"^octo/api is not watched\.$"):
        require_watched(state, "octo/api")
    state.add_repository(a_repository("octo/api"))
    assert require_watched(state, "OCTO/API").full_name == "octo/api"


@pytest.mark.parametrize(
    ("values", "unread", "state"),
    [
        ({}, 0, "new"),
        ({"last_polled_at": NOW}, 0, "new"),
        ({"last_polled_at": NOW, "cursor": NOW}, 0, "watching"),
        ({"last_polled_at": NOW}, 3, "backfilling"),
        ({"last_polled_at": NOW, "failed_polls": 1}, 3, "failing"),
        ({"failed_polls": 1}, 0, "failing"),
        ({"paused": True, "failed_polls": 1}, 3, "paused"),
    ],
)
def test_a_state_is_one_word(values, unread, state):
    """What people want comes first, then what keeps it from working."""
    counts = LedgerCounts(attempts=5, unread_attempts=unread)
    assert repository_state(a_repository(**values), counts) == state


def test_a_row_has_its_numbers_and_times():
    """What is known is collected, in flight, or backlog."""
    record = a_repository(
        last_polled_at=at(-5), next_poll_at=None, lease_holder="h", lease_until=at(60)
    )
    counts = LedgerCounts(
        attempts=10,
        open_attempts=4,
        unread_attempts=3,
        logs_pending=1,
        logs_fetched=2,
        logs_unavailable=3,
    )
    row = repository_row(record, counts, web_url=WEB, now=NOW)
    assert row["html_url"] == f"{WEB}/{record.full_name}"
    assert (row["known"], row["collected"], row["in_flight"], row["backlog"]) == (10, 6, 1, 3)
    assert (row["logs_pending"], row["logs_fetched"], row["logs_unavailable"]) == (1, 2, 3)
    assert row["is_being_polled"]
    assert row["next_poll_at"] is None
    assert row["last_polled_at"] == format_timestamp(at(-5))
    assert row["backlog_seconds"] > 0
    assert (row["last_error"], row["remedy"]) == (None, None)


def test_a_lease_that_is_over_is_nobody_at_work():
    """Its holder was killed."""
    record = a_repository(lease_holder="h", lease_until=NOW)
    row = repository_row(record, LedgerCounts(), web_url=WEB, now=NOW)
    assert not row["is_being_polled"]


def test_a_paused_repository_has_no_next_poll():
    """Neither the time nor the lease that its last poll has left says that it is polled."""
    record = a_repository(paused=True, next_poll_at=at(5), lease_holder="h", lease_until=at(60))
    row = repository_row(record, LedgerCounts(), web_url=WEB, now=NOW)
    assert (row["next_poll_at"], row["is_being_polled"]) == (None, False)


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        ({"failed_polls": 2}, "Settings"),
        ({"failed_polls": 2, "paused": True}, "resumed"),
        ({}, "No action is needed"),
    ],
)
def test_an_error_has_a_remedy(state, remedy):
    """A limit needs none; a failure may."""
    record = a_repository(**state, last_error="No.")
    row = repository_row(record, LedgerCounts(), web_url=WEB, now=NOW)
    assert row["last_error"] == "No."
    assert remedy in row["remedy"]


def test_a_failure_that_was_reported_has_the_remedy_that_was_reported_with_it():
    """What stands in the list of errors; other failures have the general one."""
    store = open_sql_state("sqlite://")
    failed, others = "octo/failed", "octo/others"
    for name in (failed, others):
        store.add_repository(a_repository(full_name=name, failed_polls=1, last_error="Not there."))
    error = ErrorRecord(
        occurred_at=NOW,
        agent="a",
        repository=failed,
        message="Not there.",
        remedy="Check its name.",
    )
    store.add_error(error)
    page = list_repository_page(store, SETTINGS, RepositoryQuery(), now=NOW)
    rows = {row["full_name"]: row for row in page["repositories"]}
    assert rows[failed]["remedy"] == "Check its name."
    assert "Settings" in rows[others]["remedy"]


def sourced(*patterns: str, source: str | None = "octo/*", **found: object):
    """Return a state that watches one repository, with sources that may select it."""
    store = open_sql_state("sqlite://")
    store.add_repository(a_repository("octo/api", paused=bool(found)))
    store.save_sources([SourceRecord(pattern=e, added_at=NOW, origin="page") for e in patterns])
    if source is not None:
        known = {"full_name": "octo/api", "source": source, "discovered_at": NOW, **found}
        store.save_discovered_repositories([DiscoveredRepository(**known)])
    return store


@pytest.mark.parametrize(
    ("store", "remedy"),
    [
        (sourced("octo/*"), r"source octo/\* would add octo/api again.*add the source !octo/api"),
        (sourced("octo/*", source=None), "would add octo/api again"),
        (sourced("*", source="*"), "would add octo/api again"),
        (sourced("octo/api", source="octo/api"), "pause it, or remove that source"),
        (sourced("octo/api", source="octo/api", is_missing=True), "again: remove that source"),
        (sourced("octo/*", is_archived=True), "again: add the source !octo/api"),
        (sourced("octo/*", suspension_reason="GitHub has disabled it."), "would add octo/api"),
    ],
)
def test_what_a_source_would_add_again_is_not_removed(store, remedy):
    """It would be there again within ten minutes, and collected meanwhile."""
    with pytest.raises(Rejected, match=remedy):
        remove_repository(store, "Octo/API")
    assert require_watched(store, "octo/api")


@pytest.mark.parametrize(
    "store",
    [
        sourced(source=None),
        sourced(),
        sourced("*", source=None),
        sourced("octo/*", "!octo/api"),
        sourced("octo/*", is_missing=True),
    ],
)
def test_what_no_source_adds_is_removed(store):
    assert remove_repository(store, "Octo/API").full_name == "octo/api"
    with pytest.raises(NotFound):
        require_watched(store, "octo/api")
