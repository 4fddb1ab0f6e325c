"""An organization that denies a credential: one report, and one request an hour per repository."""

from __future__ import annotations

import pytest
from ingest.domain.ledger import ErrorRecord
from ingest.services.monitoring.poll_runs import poll_due_repository
from support.world import OpenStage
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault

NAMES = [f"octo/repository-{number}" for number in range(12)]
OTHER = "other/api"


def test_what_an_organization_denies_is_reported_once(
    stage: OpenStage, caplog: pytest.LogCaptureFixture
) -> None:
    """With its remedy; each repository keeps its reason, and another owner's is reported too."""
    builder = WorldBuilder()
    for name in (*NAMES, OTHER):
        builder.repository(name).run(seconds=20).job(seconds=10)
    here = stage(builder, at=100)
    here.fail(
        Fault(path="^/repos/octo/", do="sso"),
        Fault(path="^/repos/other/", do="sso"),
    )
    here.poll_when_due(7200, every=4)
    errors = here.state.list_errors(limit=99)
    assert sorted(str(each.repository).partition("/")[0] for each in errors) == ["octo", "other"]
    assert all("single sign-on" in each.remedy for each in errors)
    records = here.state.list_repositories()
    assert all("SAML" in (each.last_error or "") for each in records)
    assert sum("SAML" in each.getMessage() for each in caplog.records) == 2
    # After four in the first minutes, one an hour.
    assert here.requests("list_runs") <= 6 * len(records)
    here.fail()
    here.advance(3600)
    here.poll_due()
    assert not any(each.failed_polls for each in here.state.list_repositories())


def test_what_was_reported_before_is_not_looked_for_again(stage: OpenStage) -> None:
    """A denied repository is asked for every hour, and its reason is in its own record."""
    here = stage(WorldBuilder().repository(OTHER).run().job(), at=100)
    here.fail(Fault(path="^/repos/other/", do="sso"))
    list_errors, looked = here.state.list_errors, list[int]()

    def noted(*, limit: int) -> list[ErrorRecord]:
        looked.append(limit)
        return list_errors(limit=limit)

    here.state.list_errors = noted
    polled = []
    for _ in range(20):
        polled.append(poll_due_repository(here.context, should_continue=lambda: True))
        here.advance(600)
        if len(polled) == 1:
            assert looked
            looked.clear()
    assert sum(polled) > 2
    assert not looked
