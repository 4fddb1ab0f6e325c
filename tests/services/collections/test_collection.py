"""A collection in threads, and what ends it early."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ingest.domain.ledger import LOG_PENDING
from ingest.errors import GithubUnavailable
from ingest.messaging.log_work import work_item_job
from ingest.services.collections import collect_logs
from ingest.services.collections.collect_logs import LogCollection
from ingest.services.collections.collection import Collection
from ingest.services.collections.collection_plan import COMPLETE_COLLECTION, CollectionPlan
from ingest.services.log_ingestion.log_results import LogNotReady
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


def test_it_ends_when_every_log_has_failed_and_not_before(stage, monkeypatch):
    """Also where more are pending than are loaded at once."""
    monkeypatch.setattr(collect_logs, "MAX_PENDING", 1)
    here = stage(WorldBuilder().run(seconds=60).job("a").job("b").job("c"), at=600)
    here.watch()
    here.poll()
    policy = replace(COMPLETE_COLLECTION, item_tries=1)
    plan = CollectionPlan(repositories=[REPOSITORY], policy=policy)
    logs = LogCollection(here.context, plan, should_continue=lambda: True)
    pending = here.state.load_waiting_logs(
        LOG_PENDING, None, updated_before=here.clock.now() + timedelta(1), limit=9
    )
    assert len(pending) == 3
    for log in pending:
        assert not logs.is_over()
        failure = LogNotReady(job=work_item_job(log), error=GithubUnavailable("502"))
        logs._count_failure(log.key, failure)
    assert logs.is_over()
