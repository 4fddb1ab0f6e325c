"""A page of very many repositories: searched, sorted, below their sources."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.domain.ledger import RepositoryRecord
from ingest.domain.source_records import DiscoveredRepository, SourceRecord, rejection_text
from ingest.ports import StateStore
from ingest.services.dashboard.repository_list import (
    BY_NAME,
    PER_PAGE,
    RepositoryQuery,
    list_repository_page,
    set_matching_paused,
)
from ingest.services.dashboard.sources import list_source_rows
from ingest.services.sources.manage_sources import make_sources_due
from ingest.settings import Settings
from support.state_records import an_error

NOW = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def store() -> StateStore:
    """Hold 60 repositories of a source, one suspended, and one that was added by name."""
    store = open_sql_state("sqlite://")
    store.save_sources([SourceRecord(pattern="octo/*", added_at=NOW, origin="test", listed_at=NOW)])
    for number in range(60):
        _add(store, f"octo/r{number:02}", last_changed_at=NOW - timedelta(hours=number))
    _add(store, "acme/single", failed_polls=3, last_error="GitHub answered 500")
    _add(store, "octo/broken", failed_polls=1, last_error="GitHub answered 502")
    _add(store, "octo/archived", paused=True)
    names = [f"octo/r{number:02}" for number in range(60)] + ["octo/broken"]
    known = [
        DiscoveredRepository(full_name=name, source="octo/*", discovered_at=NOW) for name in names
    ]
    suspended = DiscoveredRepository(
        full_name="octo/archived",
        source="octo/*",
        discovered_at=NOW,
        suspension_reason="It is archived.",
        is_auto_paused=True,
    )
    store.save_discovered_repositories([*known, suspended])
    return store


def _add(store: StateStore, name: str, **facts: object) -> None:
    record = RepositoryRecord(full_name=name, added_at=NOW, watched_since=NOW, **facts)  # type: ignore[arg-type]
    store.add_repository(record)


def shown(store: StateStore, **query: object) -> list[str]:
    answer = list_repository_page(store, Settings(), RepositoryQuery(**query), now=NOW)  # type: ignore[arg-type]
    return [each["full_name"] for each in answer["repositories"]]


def test_problems_come_first_and_pages_are_bounded(store: StateStore) -> None:
    first = shown(store)
    assert first[:3] == ["acme/single", "octo/broken", "octo/r00"]
    assert len(first) == PER_PAGE
    assert shown(store, page=3)[-1] == "octo/archived", "what is paused comes last"
    assert shown(store, sort="name")[:2] == ["acme/single", "octo/archived"]
    assert shown(store, sort="activity")[0] == "octo/r00"


def test_a_search_and_a_source_choose(store: StateStore) -> None:
    assert shown(store, search="R1 octo", sort="name") == [f"octo/r1{n}" for n in range(10)]
    assert shown(store, source=BY_NAME) == ["acme/single"]
    answer = list_repository_page(store, Settings(), RepositoryQuery(source="octo/*"), now=NOW)
    assert (answer["total"], answer["watched"], answer["added_by_name"]) == (62, 63, 1)
    [source] = answer["sources"]
    waiting = "60 of them waiting for their first poll"
    assert source["finding"] == f"62 repositories, {waiting}, 1 of them not polled."


def test_all_of_a_list_are_paused_and_resumed_but_for_what_rests(store: StateStore) -> None:
    query = RepositoryQuery(source="octo/*")
    turns = iter([True] * 40 + [False])
    some = set_matching_paused(store, query, paused=True, should_continue=lambda: next(turns))
    assert some == (40, 21)
    assert set_matching_paused(store, query, paused=True, should_continue=lambda: True) == (21, 0)
    assert not store.load_repository("acme/single").paused  # type: ignore[union-attr]
    assert set_matching_paused(store, query, paused=False, should_continue=lambda: True) == (61, 0)
    assert store.load_repository("octo/archived").paused  # type: ignore[union-attr]


def test_what_to_do_about_a_rejected_credential_stands_at_its_repositories(
    store: StateStore,
) -> None:
    """It is recorded once, for the credential; each repository knows only the reason."""
    reason = "GitHub answered 500"
    store.add_error(an_error(message=rejection_text("token-1", reason), remedy="Renew the token."))
    rows = list_repository_page(store, Settings(), RepositoryQuery(), now=NOW)["repositories"]
    assert [(row["full_name"], row["remedy"]) for row in rows if row["last_error"] == reason] == [
        ("acme/single", "Renew the token.")
    ]


def test_a_source_that_is_listed_again_keeps_its_error(store: StateStore) -> None:
    """Only one that was never listed is told to be listed for the first time."""
    new = SourceRecord(pattern="acme/*", added_at=NOW, origin="test")
    denied = replace(new, pattern="mona/*", listed_at=NOW, found=0, last_error="GitHub denied it.")
    store.save_sources([new, denied])
    make_sources_due(store)
    findings = {row["pattern"]: row["finding"] for row in list_source_rows(store)}
    assert findings["acme/*"] == "is listed for the first time now."
    assert findings["mona/*"] == "0 repositories. Error: GitHub denied it."


def test_a_source_is_chosen_in_any_case(store: StateStore) -> None:
    """It may be written in another one in REPOSITORIES than when its repositories were found."""
    assert shown(store, source="Octo/*") == shown(store, source="octo/*") != []


def test_what_somebody_has_resumed_is_not_said_to_be_suspended(store: StateStore) -> None:
    """Discovery lets it go on; it would be polled, and "Not polled", in one row."""
    query = RepositoryQuery(search="archived")

    def answer() -> tuple[object, object]:
        page = list_repository_page(store, Settings(), query, now=NOW)
        return page["repositories"][0]["suspension_reason"], page["sources"][0]["suspended"]

    assert answer() == ("It is archived.", 1)

    store.set_paused("octo/archived", paused=False)

    assert answer() == (None, 0)
