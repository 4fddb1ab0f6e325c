"""A webhook makes its run due now, and the API says what happened."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.domain.ledger import new_repository
from ingest.domain.source_records import DiscoveredRepository
from ingest.domain.timestamps import format_timestamp
from ingest.errors import InvalidSignature, StateUnavailable
from ingest.services.monitoring.receive_webhook import REPLAYED_WEBHOOKS, receive_webhook
from ingest.settings import Secret
from support.webhook_headers import signed_headers
from support.world import FIRST_RUN, REPOSITORY, assert_all_published
from support.world_builder import WorldBuilder

SECRET = "a secret"


def deliver(here, payload, *, event="workflow_run", delivery="d1", secret=SECRET, state=None):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = signed_headers(event, body, secret=secret, delivery=delivery)
    now = here.clock.now()
    return receive_webhook(state or here.state, headers, body, secret=Secret(SECRET), now=now)


def of_run(number=1, name=REPOSITORY):
    return {
        "action": "completed",
        "repository": {"full_name": name},
        "workflow_run": {"id": FIRST_RUN + number},
        "workflow_job": {"id": 1, "run_id": FIRST_RUN + number},
    }


@pytest.fixture
def here(stage, ten_a_page):
    world = WorldBuilder().run("failure", seconds=60).job("a").rerun(at=1000, seconds=5).job("a")
    for number in range(11):
        world.run(created=100 + number, seconds=5, sha="a" * 40).job("build")
    opened = stage(world, at=500)
    opened.poll()
    opened.move_to(1100)
    return opened


@pytest.mark.parametrize("event", ["workflow_run", "workflow_job"])
def test_a_delivery_makes_its_run_due_at_once(here, event):
    """A re-run deep in the list is published at the next poll."""
    assert deliver(here, of_run(), event=event).startswith("accepted")
    assert here.record().next_poll_at <= here.clock.now()
    here.poll()
    assert here.attempt(2).published_statuses == ("completed",)
    assert_all_published(here)


def test_a_delivery_of_a_renamed_or_transferred_repository_is_of_the_watched_one(here):
    """GitHub's number decides; what it holds is published under the known name."""
    known = DiscoveredRepository(
        full_name=REPOSITORY, source=REPOSITORY, discovered_at=here.clock.now(), repository_id=7
    )
    here.state.save_discovered_repositories([known])
    run = here.attempt().run
    whole = {
        "id": run.run_id,
        "run_attempt": 2,
        "status": "queued",
        "created_at": format_timestamp(run.created_at),
    }
    moved = {**of_run(name="new/home"), "workflow_run": whole}
    moved["repository"]["id"] = 8
    assert "not watched" in deliver(here, moved, delivery="d8")
    moved["repository"]["id"] = 7
    assert deliver(here, moved).startswith("accepted")
    [fact] = here.state.load_delivered_events(REPOSITORY, limit=9)
    assert fact.run.repository == REPOSITORY


def test_a_delivery_counts_once(here):
    """A repeated delivery is acknowledged and ignored."""
    deliver(here, of_run())
    assert "delivery was received before" in deliver(here, of_run())
    assert here.state.load_saved_counters().totals.get(REPLAYED_WEBHOOKS) is None


def test_a_body_under_another_delivery_id_changes_nothing_and_is_counted(here):
    """The id is not signed, so whoever has a body could send it again and again."""
    deliver(here, of_run())
    here.poll()
    before = here.record()
    assert "another delivery id" in deliver(here, of_run(), delivery="d2")
    assert here.record() == before
    assert here.state.load_run_hints(REPOSITORY) == {}
    assert here.state.load_saved_counters().totals[REPLAYED_WEBHOOKS] == 1


def test_a_delivery_id_is_no_other_claim(here):
    """The id is not signed; with a body that was seen it would keep discovery from its turn."""
    deliver(here, of_run(), delivery="discovery 1")
    deliver(here, of_run(), delivery="discovery 2")
    assert here.state.claim_once("discovery 1", now=here.clock.now())
    assert here.state.claim_once("discovery 2", now=here.clock.now())
    assert deliver(here, of_run(2), delivery="discovery 2").startswith("accepted")


@pytest.mark.parametrize("table", ["run_hints", "repositories", "deliveries"])
def test_a_delivery_that_could_not_be_stored_is_accepted_when_it_is_sent_again(
    here, tmp_path, table
):
    """Nothing of it is claimed, whichever statement failed."""
    path, now = tmp_path / "state.db", here.clock.now()
    state = open_sql_state(f"sqlite:///{path}")
    state.add_repository(new_repository(REPOSITORY, backfill_days=1, now=now))
    with closing(sqlite3.connect(path)) as other:
        other.execute(
            f"CREATE TRIGGER broken BEFORE {'UPDATE' if table == 'repositories' else 'INSERT'} "
            f"ON {table} BEGIN SELECT RAISE(ROLLBACK, 'broken'); END"
        )
        with pytest.raises(StateUnavailable):
            deliver(here, of_run(), state=state)
        other.execute("DROP TRIGGER broken")
    assert deliver(here, of_run(), state=state).startswith("accepted")
    assert list(state.load_run_hints(REPOSITORY)) == [FIRST_RUN + 1]
    state.close()


@pytest.mark.parametrize("secret", [b"\xff\xfe", "\N{KEY}".encode(), b" a b "])
def test_a_secret_may_hold_any_bytes(here, secret):
    """As the environment holds them: bytes that are no UTF-8 arrive as surrogates."""
    body = json.dumps(of_run()).encode()
    headers = signed_headers("workflow_run", body, secret=secret)
    known = Secret(secret.decode(errors="surrogateescape"))
    now = here.clock.now()
    assert "accepted" in receive_webhook(here.state, headers, body, secret=known, now=now)


@pytest.mark.parametrize(
    ("payload", "event", "why"),
    [
        (of_run(), "push", "does not concern a run"),
        ({"zen": "x"}, "ping", "does not concern a run"),
        (of_run(name="octo/other"), "workflow_run", "not watched"),
    ],
)
def test_what_is_not_ours_is_acknowledged_and_ignored(here, payload, event, why):
    """GitHub gets an answer that it arrived."""
    assert why in deliver(here, payload, event=event)
    assert here.state.load_run_hints(REPOSITORY) == {}


def test_what_is_not_signed_with_our_secret_is_refused(here):
    """Nothing of it is kept."""
    with pytest.raises(InvalidSignature):
        deliver(here, of_run(), secret="another")
    with pytest.raises(InvalidSignature):
        receive_webhook(here.state, {}, b"{}", secret=None, now=here.clock.now())
    assert here.state.load_run_hints(REPOSITORY) == {}
