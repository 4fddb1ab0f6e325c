"""The check of repositories that are new to the state."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from ingest.errors import RepositoryUnavailable, StateUnavailable
from ingest.ports import StateStore
from support.world import REPOSITORY
from support.world_builder import WorldBuilder

from standalone.repositories import (
    FIRST_PAUSE,
    FoundRepositories,
    RecheckedRepositories,
    check_repositories,
)


class AddsAfterClaim:
    """A state in which another process adds a repository once its claim was refused."""

    def __init__(self, stage, state: StateStore) -> None:
        self._stage, self._state = stage, state

    def __getattr__(self, name: str):
        return getattr(self._state, name)

    def claim_once(self, key: str, *, now) -> bool:
        is_first = self._state.claim_once(key, now=now)
        if not is_first:
            threading.Timer(0.1, self._stage.watch).start()
        return is_first


def test_processes_that_start_at_once_check_a_repository_once(stage):
    """The second one waits until the first has added it."""
    here = stage(WorldBuilder().repository(REPOSITORY))
    here.state.remove_repository(REPOSITORY)
    here.clock.sleep = lambda seconds: threading.Event().wait(seconds)
    second = replace(here.context, store=AddsAfterClaim(here, here.state))
    for context in (here.context, second):
        checked = check_repositories([REPOSITORY], SimpleNamespace(context=context))
        assert (checked.names, checked.refused) == ((REPOSITORY,), {})
    assert here.requests("get_repository") == 1


def test_a_repository_that_the_first_process_refused_is_checked_by_the_second(stage):
    """It is added by none of them."""
    here = stage(WorldBuilder().repository(REPOSITORY))
    for _ in range(2):
        collector = SimpleNamespace(context=here.context)
        checked = check_repositories([REPOSITORY, "octo/none"], collector)
        assert isinstance(checked.refused["octo/none"], RepositoryUnavailable)
        assert checked.names == (REPOSITORY,)
    assert here.state.load_repository("octo/none") is None


def test_the_former_and_the_present_name_are_one_repository(stage):
    """It is watched under the name that GitHub gives it, whichever is typed."""
    here = stage(WorldBuilder().repository(REPOSITORY, former_names=["octo/before"]))
    here.state.remove_repository(REPOSITORY)
    collector = SimpleNamespace(context=here.context)
    assert check_repositories(["octo/before"], collector).names == (REPOSITORY,)
    here.watch(REPOSITORY)
    assert check_repositories(["octo/before", REPOSITORY], collector).names == (REPOSITORY,)


def test_a_repository_that_could_not_be_added_is_checked_again_at_once(stage, monkeypatch):
    """The state was away for a moment, and the next check is up to an hour later."""
    here = stage(WorldBuilder().repository(REPOSITORY))
    here.state.remove_repository(REPOSITORY)
    collector = SimpleNamespace(context=here.context)
    refused = {REPOSITORY: RepositoryUnavailable("hidden")}
    found = FoundRepositories(names=(), refused=refused)
    repositories = RecheckedRepositories(collector, found)
    here.advance((FIRST_PAUSE + timedelta(seconds=1)).total_seconds())

    def fail(_record: object) -> None:
        raise StateUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(here.context.store, "add_repository", fail)
        with pytest.raises(StateUnavailable):
            repositories.names()
    assert repositories.names() == (REPOSITORY,)
    assert here.state.load_repository(REPOSITORY) is not None
