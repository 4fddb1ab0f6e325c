"""The list of an owner whose name belongs to an account of another kind now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from ingest.domain.sources import parse_sources
from ingest.services.context import CollectorContext
from ingest.services.sources.discover_sources import discover_at_start, discover_sources
from support.stub_github import Asked, Reply, StubGithub, stub_github
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


@contextmanager
def _discovered(
    stage: OpenStage, account: _Account | _ConvertedUser
) -> Iterator[tuple[StubGithub, CollectorContext]]:
    """Discover the repositories of the account octo for the first time."""
    with stub_github(account.answer) as github:
        joined = stage(WorldBuilder()).join(api_url=github.url)
        context = replace(joined, sources=parse_sources(["octo"]))
        discover_at_start(context)
        yield github, context


@pytest.mark.parametrize(("before", "after"), [("orgs", "users"), ("users", "orgs")])
def test_an_account_of_another_kind_is_found(stage: OpenStage, before: str, after: str) -> None:
    """Neither the kind nor the ETag of the account before counts for it."""
    account = _Account(before)
    with _discovered(stage, account) as (_, context):
        assert context.store.load_repository(f"octo/of-{before}") is not None
        account.kind = after
        result = discover_sources(context)
    assert not result.errors
    assert context.store.load_repository(f"octo/of-{after}") is not None


class _ConvertedUser:
    """A user whose account becomes an organization: GitHub still lists it as a user, in part."""

    is_organization = False
    hides_organization = False

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/user/repos":
            return 200, {}, []
        kind = "Organization" if self.is_organization else "User"
        listed = [{"full_name": "octo/public", "id": 1, "owner": {"type": kind}}]
        if asked.path == "/orgs/octo/repos":
            if not self.is_organization or self.hides_organization:
                return 404, {}, {}
            listed.append({"full_name": "octo/private", "id": 2, "owner": {"type": kind}})
        etag = f'"{asked.path} {kind}"'
        if asked.headers.get("if-none-match") == etag:
            return 304, {"ETag": etag}, None
        return 200, {"ETag": etag}, listed


def test_a_user_that_becomes_an_organization_is_asked_as_one(stage: OpenStage) -> None:
    """Its list as a user lacks what is private."""
    account = _ConvertedUser()
    with _discovered(stage, account) as (github, context):
        discover_sources(context)
        assert context.store.load_repository("octo/private") is None
        account.is_organization = True
        discover_sources(context)
        assert context.store.load_repository("octo/private") is not None
        github.asked.clear()
        discover_sources(context)
        asked_for = {asked.path for asked in github.asked}
        assert "/orgs/octo/repos" in asked_for
        assert "/users/octo/repos" not in asked_for


def test_an_organization_that_hides_its_list_keeps_the_one_of_a_user(stage: OpenStage) -> None:
    """That list says the same as before."""
    account = _ConvertedUser()
    with _discovered(stage, account) as (_, context):
        account.is_organization = account.hides_organization = True
        result = discover_sources(context)
        assert not result.errors
        assert context.store.load_repository("octo/public") is not None
