"""The list of an owner whose name belongs to an account of another kind now."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.domain.sources import parse_sources
from ingest.services.sources.discover_sources import discover_at_start, discover_sources
from support.stub_github import Asked, Reply, stub_github
from support.world import OpenStage
from support.world_builder import WorldBuilder


class _Account:
    """A GitHub with one account; its list has the same ETag whatever the kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/user/repos":
            return 200, {}, []
        if asked.path != f"/{self.kind}/octo/repos":
            return 404, {}, {}
        if asked.headers.get("if-none-match") == '"1"':
            return 304, {"ETag": '"1"'}, None
        return 200, {"ETag": '"1"'}, [{"full_name": f"octo/of-{self.kind}", "id": len(self.kind)}]


@pytest.mark.parametrize(("before", "after"), [("orgs", "users"), ("users", "orgs")])
def test_an_account_of_another_kind_is_found(stage: OpenStage, before: str, after: str) -> None:
    """Neither the kind nor the ETag of the account before counts for it."""
    account = _Account(before)
    with stub_github(account.answer) as github:
        joined = stage(WorldBuilder()).join(api_url=github.url)
        context = replace(joined, sources=parse_sources(["octo"]))
        discover_at_start(context)
        assert context.store.load_repository(f"octo/of-{before}") is not None
        account.kind = after
        result = discover_sources(context)
    assert not result.errors
    assert context.store.load_repository(f"octo/of-{after}") is not None
