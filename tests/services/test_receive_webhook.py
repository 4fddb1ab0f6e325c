"""A webhook makes its run due now, and the API says what happened."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from ingest.errors import InvalidSignature, MalformedPayload
from ingest.services.receive_webhook import receive_webhook
from ingest.settings import Secret
from support.world import FIRST_RUN, REPOSITORY, assert_all_told

from standalone.sandbox.builder import WorldBuilder

SECRET = "a secret"


def deliver(here, payload, *, event="workflow_run", delivery="d1", secret=SECRET, **headers):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    sent = {
        "x-hub-signature-256": f"sha256={signature}",
        "x-github-event": event,
        "x-github-delivery": delivery,
        **headers,
    }
    return receive_webhook(here.state, sent, body, secret=Secret(SECRET), now=here.clock.now())


def of_run(number=1, name=REPOSITORY):
    return {
        "action": "completed",
        "repository": {"full_name": name},
        "workflow_run": {"id": FIRST_RUN + number},
        "workflow_job": {"id": 1, "run_id": FIRST_RUN + number},
    }


@pytest.fixture
def here(stage):
    world = WorldBuilder().run("failure", seconds=60).job("a").rerun(at=1000, seconds=5).job("a")
    for number in range(110):
        world.run(created=100 + number, seconds=5, sha="a" * 40)
    opened = stage(world, at=500)
    opened.poll()
    opened.move_to(1100)
    return opened


@pytest.mark.parametrize("event", ["workflow_run", "workflow_job"])
def test_a_delivery_makes_its_run_due_at_once(here, event):
    """A re-run deep in the list is told at the next poll."""
    assert deliver(here, of_run(), event=event).startswith("accepted")
    assert here.record().next_poll_at <= here.clock.now()
    here.poll()
    assert here.attempt(2).published_statuses == ("completed",)
    assert_all_told(here)


def test_a_delivery_counts_once(here):
    """A repeated delivery is acknowledged and ignored."""
    deliver(here, of_run())
    assert "received before" in deliver(here, of_run())
    assert deliver(here, of_run(), delivery="d2").startswith("accepted")


@pytest.mark.parametrize(
    ("payload", "event", "why"),
    [
        (of_run(), "push", "does not concern a run"),
        ({"zen": "x"}, "ping", "does not concern a run"),
        (of_run(name="octo/other"), "workflow_run", "not watched"),
    ],
)
def test_what_is_not_ours_is_acknowledged_and_ignored(here, payload, event, why):
    """GitHub is told that it arrived."""
    assert why in deliver(here, payload, event=event)
    assert here.state.load_run_hints(REPOSITORY) == {}


def test_what_is_not_signed_with_our_secret_is_refused(here):
    """Nothing of it is kept."""
    with pytest.raises(InvalidSignature):
        deliver(here, of_run(), secret="another")
    with pytest.raises(InvalidSignature):
        receive_webhook(here.state, {}, b"{}", secret=None, now=here.clock.now())
    assert here.state.load_run_hints(REPOSITORY) == {}


def test_a_signed_body_that_is_no_object_is_malformed(here):
    """It is refused with a sentence."""
    with pytest.raises(MalformedPayload):
        deliver(here, b"[1")
