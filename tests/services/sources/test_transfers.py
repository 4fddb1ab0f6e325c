"""A repository that goes to another owner: its new credential, and its new source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from ingest.domain.filters import parse_filters
from ingest.domain.source_records import DiscoveredRepository
from ingest.domain.sources import parse_sources
from ingest.errors import AccessDenied
from ingest.services.context import CollectorContext
from ingest.services.source_filters import LOOK_UP_EVERY
from ingest.services.sources.discover_sources import discover_at_start, discover_sources
from ingest.services.sources.manage_sources import add_sources, change_filters
from support.organizations import (
    UMBRA,
    RefusalWitness,
    build_organizations,
    github_settings,
    organization_settings,
)
from support.world import Stage

#: Only the first token reads it, and only the App's second installation after its transfer.
BEFORE, POST_PREFIX = "acme/secret-a", "umbra/new"


class Transfer:
    """A collector of two owners, and the moment at which one gives a repository to the other."""

    def __init__(self, stage: Stage, witness: RefusalWitness) -> None:
        self.stage, self.witness = stage, witness
        context = stage.join(github=github_settings(stage.server.url))
        self.context: CollectorContext = replace(context, sources=parse_sources(["acme", "umbra"]))
        discover_at_start(self.context)
        stage.poll_due(context=self.context)

    def happen(self) -> None:
        """Transfer the repository."""
        self.stage.server.world.change(BEFORE, full_name=POST_PREFIX)

    def refused(self) -> list[tuple[str, str]]:
        """List which credentials were refused which paths."""
        return [(each.token, each.path) for each in self.witness.refused]

    def known(self) -> DiscoveredRepository:
        """Return what discovery knows of the repository."""
        return next(
            e for e in self.stage.state.list_discovered_repositories() if e.full_name == BEFORE
        )

    def branches(self) -> str:
        """Return which branches' runs the repository's source lets pass."""
        chain = self.context.filters_of(BEFORE).filters
        return ",".join(each.as_texts().get("branches", "") for each in chain).strip(",")


@pytest.fixture
def transfer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Transfer]:
    witness = RefusalWitness(monkeypatch)
    stage = Stage(build_organizations(), at=7000, settings=organization_settings())
    yield Transfer(stage, witness)
    stage.close()


def test_whoever_is_redirected_is_asked_by_the_new_name(transfer: Transfer) -> None:
    """Before any list has it: the others were refused under the former name already."""
    transfer.happen()
    assert transfer.stage.poll(BEFORE, context=transfer.context) is None
    assert ("tok-acme", f"/repos/{BEFORE}/actions/runs") in transfer.refused()
    for _ in range(2):
        transfer.stage.advance(60)
        assert transfer.stage.poll(BEFORE, context=transfer.context) is None
    assert transfer.context.github.fetch_repository(BEFORE).full_name == POST_PREFIX
    assert [path for _, path in transfer.refused() if POST_PREFIX in path] == []


def test_a_repository_that_is_looked_up_by_its_former_name_stays_with_who_was_redirected(
    transfer: Transfer,
) -> None:
    transfer.happen()
    assert transfer.context.github.fetch_repository(BEFORE).full_name == POST_PREFIX
    assert transfer.stage.poll(BEFORE, context=transfer.context) is None
    assert [path for _, path in transfer.refused() if POST_PREFIX in path] == []


def test_whoever_lists_a_repository_under_its_new_name_is_asked_for_it(
    transfer: Transfer,
) -> None:
    """Only the credential that has read it so far is asked in vain, by the former name."""
    transfer.happen()
    discover_sources(transfer.context)
    assert transfer.stage.poll(BEFORE, context=transfer.context) is None
    assert transfer.refused()[-1] == ("tok-acme", f"/repos/{BEFORE}/actions/runs")
    about = {token for token, path in transfer.refused() if BEFORE in path or POST_PREFIX in path}
    assert about == {"tok-acme"}


def test_a_path_that_the_new_credential_may_not_read_is_asked_of_no_other(
    transfer: Transfer,
) -> None:
    """The App has no permission for webhooks; others do not even see the repository."""
    github, since = transfer.context.github, transfer.stage.clock.now()
    with pytest.raises(AccessDenied):
        github.fetch_runs_of_failed_deliveries(UMBRA[0], since=since)
    transfer.happen()
    assert github.fetch_repository(BEFORE).full_name == POST_PREFIX
    with pytest.raises(AccessDenied):
        github.fetch_runs_of_failed_deliveries(BEFORE, since=since)
    assert [path for _, path in transfer.refused() if POST_PREFIX in path] == []


def test_the_filters_of_the_new_source_apply(transfer: Transfer) -> None:
    """They are of the source that the lists of sources and repositories show it with."""
    state = transfer.stage.state
    change_filters(state, "acme/*", parse_filters({"branches": "of-acme"}))
    change_filters(state, "umbra/*", parse_filters({"branches": "of-umbra"}))
    transfer.stage.advance(15)
    assert transfer.branches() == "of-acme"
    transfer.happen()
    discover_sources(transfer.context)
    transfer.stage.advance(LOOK_UP_EVERY.total_seconds())
    assert (transfer.known().source, transfer.branches()) == ("umbra/*", "of-umbra")


def test_a_source_that_names_a_repository_keeps_it_after_a_transfer(transfer: Transfer) -> None:
    state, now = transfer.stage.state, transfer.stage.clock.now()
    add_sources(state, parse_sources([BEFORE]), origin="test", now=now)
    change_filters(state, BEFORE, parse_filters({"branches": "own"}))
    transfer.happen()
    discover_sources(transfer.context)
    transfer.stage.advance(LOOK_UP_EVERY.total_seconds())
    assert (transfer.known().source, transfer.branches()) == (BEFORE, "own")
