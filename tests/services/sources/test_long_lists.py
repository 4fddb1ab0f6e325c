"""A list of repositories that is longer than what is read of it: the health shows it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import pytest
from ingest.adapters.github.lists import MAX_ITEMS
from ingest.domain.sources import parse_source, parse_sources
from ingest.ports import Answer, CredentialInfo, RepositoryList, RepositoryListQuery
from ingest.services.context import CollectorContext
from ingest.services.dashboard.health import load_health
from ingest.services.dashboard.sources import list_source_rows
from ingest.services.sources.discover_sources import discover_at_start, discover_sources
from ingest.services.sources.preview_source import GithubApis, describe_preview, preview_source
from ingest.settings import Settings
from support.stub_github import Asked, Reply, StubGithub, a_page, stub_github
from support.world import OpenStage
from support.world_builder import WorldBuilder

TOLD = "Not all repositories of octo/* are watched."


class _Organization:
    """A GitHub with one organization; each page of its list has an ETag."""

    def __init__(self, repositories: int) -> None:
        self.items = [
            {"full_name": f"octo/r{number:05}", "id": number + 1} for number in range(repositories)
        ]

    def answer(self, asked: Asked) -> Reply:
        if asked.path != "/orgs/octo/repos":
            return (200, {}, []) if asked.path == "/user/repos" else (404, {}, {})
        status, headers, body = a_page(asked, self.items, None)
        etag = f'"{len(self.items)}-{asked.page}-{asked.size}"'
        if asked.headers.get("if-none-match") == etag:
            return 304, {"ETag": etag}, None
        return status, {**headers, "ETag": etag}, body


@pytest.fixture
def organization() -> Iterator[tuple[_Organization, StubGithub]]:
    """Serve an organization with one repository more than are read."""
    served = _Organization(MAX_ITEMS + 1)
    with stub_github(served.answer) as github:
        yield served, github


def found_of(context: CollectorContext) -> tuple[str, list[str]]:
    """Return what `sources list` prints, and what `status` reports."""
    state, now = context.store, context.clock.now()
    [row] = list_source_rows(state)
    problems = load_health(state, Settings(), [], now=now).problems
    return row["finding"], [each.sentence for each in problems]


def assert_told(context: CollectorContext) -> None:
    finding, problems = found_of(context)
    assert finding.startswith("5,000 repositories, 5,000 of them waiting for their first poll. ")
    assert "GitHub lists more than 5,000 repositories of " in finding
    assert TOLD in problems


@pytest.mark.slow
def test_a_list_that_is_longer_than_what_is_read_of_it_is_reported(
    stage: OpenStage, organization: tuple[_Organization, StubGithub]
) -> None:
    """As long as it is, also while it is unchanged; a list that just fits is not."""
    served, github = organization
    here = stage(WorldBuilder())
    context = replace(here.join(api_url=github.url), sources=parse_sources(["octo"]))
    discover_at_start(context)
    assert_told(context)
    discover_sources(context)
    assert_told(context)
    lists = [asked for asked in github.asked if asked.path == "/orgs/octo/repos"]
    assert len(lists) == 2 * MAX_ITEMS // 100, "as many pages each time, the later ones free"
    del served.items[MAX_ITEMS:]
    discover_sources(context)
    finding, problems = found_of(context)
    assert finding == "5,000 repositories, 5,000 of them waiting for their first poll."
    assert TOLD not in problems


def test_a_preview_tells_that_a_list_is_longer(
    stage: OpenStage, organization: tuple[_Organization, StubGithub]
) -> None:
    served, github = organization
    context = stage(WorldBuilder()).join(api_url=github.url)
    lister = GithubApis(context.repository_api, context.github)
    pattern: Any = parse_source("octo/r0000*")
    preview = preview_source(lister, pattern, [], log_mode="live", now=context.clock.now())
    said = describe_preview(preview)
    assert said.startswith("10 repositories")
    assert said.endswith("Name the others as sources of their own.")
    del served.items[MAX_ITEMS:]
    whole = preview_source(lister, pattern, [], log_mode="live", now=context.clock.now())
    assert whole.truncation_note is None


class _LongInstallation:
    """The list of an App's installation on acme, of which only a part is read."""

    def list_queries_for(
        self, owners: Collection[str], *, of_all_owners: bool
    ) -> list[RepositoryListQuery]:
        return [RepositoryListQuery("app acme", "*", "acme")] if owners or of_all_owners else []

    def fetch_repositories(
        self, query: RepositoryListQuery, validator: str | None = None
    ) -> Answer[RepositoryList]:
        return Answer(RepositoryList((), is_whole=False), None)

    def credentials(self) -> list[CredentialInfo]:
        return []


@pytest.mark.parametrize(
    ("source", "is_noted"),
    [("acme", True), ("*/api", True), ("ac*/api", True), ("octo", False), ("oct*/api", False)],
)
def test_a_preview_tells_that_the_list_of_an_installation_is_longer(
    stage: OpenStage, source: str, is_noted: bool
) -> None:
    """If the source may match repositories of the installation's account."""
    context = stage(WorldBuilder()).join()
    lists: Any = _LongInstallation()
    preview = preview_source(
        GithubApis(lists, context.github),
        parse_source(source),
        [],
        log_mode="live",
        now=context.clock.now(),
    )
    assert (preview.truncation_note is not None) == is_noted
    if is_noted:
        assert "of acme" in str(preview.truncation_note)
