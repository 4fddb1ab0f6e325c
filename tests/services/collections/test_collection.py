"""A collection in threads, and what ends it early."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.services.collections import collect_logs
from ingest.services.collections.collect_logs import LogCollection
from ingest.services.collections.collection import Collection
from ingest.services.collections.collection_plan import COMPLETE_COLLECTION, CollectionPlan
from support.changed_ports import Changed, raising
from support.world import REPOSITORY
from support.world_builder import WorldBuilder


@pytest.mark.parametrize("error", [BrokenPipeError, KeyboardInterrupt])
def test_its_threads_end_where_nobody_waits_for_them_any_more(stage, error):
    """As in `collect --once | head`: it would go on for hours, and then end with the error."""
    here = stage(WorldBuilder().run(seconds=60).job("a"), at=600)

    def claim_unless_ended(**options):
        if collection._must_end.wait(60):
            return None
        return here.state.claim_repository(**options)

    store = Changed(here.state, claim_repository=claim_unless_ended)
    plan = CollectionPlan(repositories=[REPOSITORY], policy=COMPLETE_COLLECTION)
    collection = Collection(replace(here.context, store=store), plan)
    with pytest.raises(error):
        collection.collect_in_threads(monitoring_threads=2, log_threads=1, on_wait=raising(error()))
    assert here.runs() == []


def test_logs_behind_the_loaded_ones_are_waited_for_until_nothing_changes(stage, monkeypatch):
    """That a thousand logs have failed for good says nothing of those behind them."""
    monkeypatch.setattr(collect_logs, "MAX_PENDING", 1)
    here = stage(WorldBuilder().run(seconds=60).job("a").job("b"), at=600)
    here.watch()
    here.poll()
    policy = replace(COMPLETE_COLLECTION, item_tries=0)
    plan = CollectionPlan(repositories=[REPOSITORY], policy=policy)
    logs = LogCollection(here.context, plan, should_continue=lambda: True)
    assert len(logs.load_pending()) == 1
    assert not logs.is_over()
    here.advance(policy.stall_timeout.total_seconds() + 1)
    assert logs.is_over()
