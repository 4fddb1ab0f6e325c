"""The lists that GitHub gives to a token: of an installation, or without some organizations."""

from __future__ import annotations

from dataclasses import replace

from ingest.domain.sources import parse_sources
from ingest.services.context import CollectorContext
from ingest.services.dashboard.health import load_health
from ingest.services.dashboard.sources import list_source_rows
from ingest.services.sources.discover_sources import discover_at_start, discover_sources
from ingest.settings import Settings
from support.stub_github import Asked, Reply, stub_github
from support.world import OpenStage
from support.world_builder import WorldBuilder

REPOSITORY = {"full_name": "octo/api", "id": 1, "private": True, "owner": {"login": "octo"}}
INSTALLATION_TOKEN = "ghs_" + 36 * "a"


def found_of(context: CollectorContext) -> tuple[str, list[str]]:
    """Return what `sources list` prints, and what `status` reports."""
    [row] = list_source_rows(context.store)
    now = context.clock.now()
    problems = load_health(context.store, Settings(), [], now=now).problems
    return row["finding"], [each.sentence for each in problems if "*" in each.sentence]


def test_organizations_that_single_sign_on_hides_are_reported(stage: OpenStage) -> None:
    """GitHub answers 200 without them. An unchanged list keeps the note, another one ends it."""
    hidden = "partial-results; organizations=21955855,20582480"
    header: dict[str, str] = {"X-GitHub-SSO": hidden}

    def answer(asked: Asked) -> Reply:
        etag = f'"{len(header)}"'
        if asked.headers.get("if-none-match") == etag:
            return 304, {"ETag": etag}, None
        return 200, {"ETag": etag, **header}, [REPOSITORY]

    with stub_github(answer) as github:
        context = stage(WorldBuilder()).join(api_url=github.url)
        context = replace(context, sources=parse_sources(["*"]))
        discover_at_start(context)
        for _ in range(2):
            finding, problems = found_of(context)
            assert "hides the repositories of 2 organizations (id 21955855, 20582480)" in finding
            assert "https://github.com/settings/tokens" in finding
            assert problems == ["Not all repositories of * are watched."]
            discover_sources(context)
        header.clear()
        discover_sources(context)
        finding, problems = found_of(context)
        assert "hides" not in finding
        assert problems == []


def test_what_is_hidden_from_one_of_several_tokens_is_not_reported(stage: OpenStage) -> None:
    """Another one may list it."""

    def answer(asked: Asked) -> Reply:
        header = {"X-GitHub-SSO": "partial-results; organizations=5"}
        return 200, header if asked.token == "one" else {}, [REPOSITORY]

    with stub_github(answer) as github:
        context = stage(WorldBuilder()).join(api_url=github.url, tokens=("one", "two"))
        discover_at_start(replace(context, sources=parse_sources(["*"])))
        assert found_of(context)[1] == []


def test_a_token_of_an_installation_lists_what_the_installation_reads(stage: OpenStage) -> None:
    """GitHub refuses it a user's own lists, and shows no private repository of the user."""

    def answer(asked: Asked) -> Reply:
        if asked.path == "/installation/repositories":
            return 200, {}, {"total_count": 1, "repositories": [REPOSITORY]}
        if asked.path == "/users/octo/repos":
            return 200, {}, []
        if asked.path == "/orgs/octo/repos":
            return 404, {}, {"message": "Not Found"}
        return 403, {}, {"message": "Resource not accessible by integration"}

    with stub_github(answer) as github:
        context = stage(WorldBuilder()).join(api_url=github.url, tokens=(INSTALLATION_TOKEN,))
        discover_at_start(replace(context, sources=parse_sources(["octo"])))
        assert [each.full_name for each in context.store.list_repositories()] == ["octo/api"]
        assert github.count("/user/repos") == 0
        assert [row["error"] for row in list_source_rows(context.store)] == [None]
