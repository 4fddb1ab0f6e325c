"""A repository that GitHub hides for hours: what is due of it comes with the first poll after."""

from __future__ import annotations

import pytest
from ingest.adapters.github import credential_access
from support.world import REPOSITORY, OpenStage, assert_all_published, assert_nothing_twice
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault


@pytest.mark.parametrize("seconds", [60, 4 * 3600])
@pytest.mark.parametrize("minutes", [10, 150, 171])
def test_the_first_poll_that_reads_it_again_leaves_nothing_out(
    stage: OpenStage, monkeypatch: pytest.MonkeyPatch, seconds: int, minutes: int
) -> None:
    """Attempts that had ended unread, and attempts in flight, whose jobs end meanwhile."""
    # Time passes faster here than a proof that a repository is read grows old.
    monkeypatch.setattr(credential_access, "PROOF_SECONDS", 0.0)
    builder = WorldBuilder()
    for number in range(3):
        builder.run(created=number, seconds=seconds)
        builder.job("a", seconds=20).job("b", seconds=seconds // 4)
    here = stage(builder, at=90, log_mode="live")
    here.fail(Fault(path="/jobs$", do="busy"))
    here.poll()
    here.fail()
    spec = here.server.world.by_name(REPOSITORY)
    assert spec is not None
    here.server.world.remove(REPOSITORY)
    here.poll_when_due(minutes * 60, every=60)
    here.server.world.add(spec)
    assert here.poll() is None
    assert_all_published(here)
    assert_nothing_twice(here)
