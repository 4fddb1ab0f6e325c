"""Webhooks: signed, and as unreliable as configured."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading

import pytest
from sandbox.receiver import Receiver
from support.command_line import wait_until
from support.world_builder import WorldBuilder

from standalone.sandbox.settings import HookFaults

SECRET = "it's a secret"
TRUE_ORDER = [
    ("workflow_run", "requested"),
    ("workflow_job", "queued"),
    ("workflow_run", "in_progress"),
    ("workflow_job", "in_progress"),
    ("workflow_run", "completed"),
    ("workflow_job", "completed"),
]


@pytest.fixture
def receiver():
    """Receive webhooks."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def send(serve, receiver):
    """Serve a run with one job and step its clock until it is over."""

    def start(**settings):
        builder = (
            WorldBuilder()
            .repository("octo/api")
            .hook(receiver.url, secret=SECRET)
            .run("failure", id=1, created=100)
            .job("test", id=9)
        )
        api = serve(builder, at=0, **settings)
        api.server.advance(300)
        return api

    return start


def received_events(receiver):
    """Return (event, action) of everything received but pings."""
    heads = [(head["X-GitHub-Event"], json.loads(body)) for head, body in receiver.received]
    return [(event, body["action"]) for event, body in heads if event != "ping"]


def test_every_change_is_reported_once_and_in_order(send, receiver):
    """A run and its job send each of their states."""
    send()
    assert received_events(receiver) == TRUE_ORDER


def test_deliveries_are_signed(send, receiver):
    """The signature is HMAC-SHA256 over the raw bytes; each delivery has an id."""
    send()
    for head, body in receiver.received:
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert head["X-Hub-Signature-256"] == f"sha256={digest}"
    assert len({head["X-GitHub-Delivery"] for head, _ in receiver.received}) == len(
        receiver.received
    )


def test_a_payload_shows_the_world_just_after_the_change(send, receiver):
    """The run of `in_progress` is in progress, though it is long over now."""
    send()
    bodies = [json.loads(body) for _, body in receiver.received]
    found = next(
        body for body in bodies if "workflow_run" in body and body["action"] == "in_progress"
    )
    assert found["workflow_run"]["status"] == "in_progress"
    assert found["repository"]["full_name"] == "octo/api"


def test_lost_deliveries_are_listed(send, receiver):
    """A lost delivery is listed as failed."""
    api = send(hook_faults=HookFaults(lost=1.0))
    assert received_events(receiver) == []
    assert api.server.stats()["webhooks"]["lost"] == 6
    hook = api.get("/repos/octo/api/hooks").json()[0]["id"]
    newest = api.get(f"/repos/octo/api/hooks/{hook}/deliveries").json()[0]
    assert newest["status_code"] == 502


def test_deliveries_are_listed_page_by_page(send):
    """A cursor leads through them, newest first, each once."""
    api = send()
    hook = api.get("/repos/octo/api/hooks").json()[0]["id"]
    url, seen = f"/repos/octo/api/hooks/{hook}/deliveries?per_page=3", []
    while url:
        answer = api.get(url)
        seen += [item["id"] for item in answer.json()]
        url = answer.headers.get("Link", "").split(">")[0][1:]
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) >= 6


def test_doubled_deliveries_share_their_id(send, receiver):
    """The same delivery arrives twice."""
    api = send(hook_faults=HookFaults(doubled=1.0))
    heads = [head for head, _ in receiver.received if head["X-GitHub-Event"] != "ping"]
    assert len(heads) == 12
    assert len({head["X-GitHub-Delivery"] for head in heads}) == 6
    assert api.server.stats()["webhooks"]["doubled"] == 6


def test_late_deliveries_arrive_after_their_time(send, receiver):
    """Nothing comes until the clock has moved on."""
    api = send(hook_faults=HookFaults(late=1.0, late_seconds=50))
    assert received_events(receiver) == []
    api.server.advance(51)
    assert len(received_events(receiver)) == 6


def test_some_overtake_others(send, receiver):
    """Half of them held back change the order, and none is missing."""
    api = send(hook_faults=HookFaults(late=0.5, late_seconds=10))
    api.server.advance(20)
    order = received_events(receiver)
    assert len(order) == 6
    assert order != TRUE_ORDER
    assert sorted(order) == sorted(TRUE_ORDER)


def test_a_receiver_that_fails_is_noted(send, receiver):
    """An error of the receiver is listed with its status."""
    receiver.status = 500
    api = send()
    hook = api.get("/repos/octo/api/hooks").json()[0]["id"]
    newest = api.get(f"/repos/octo/api/hooks/{hook}/deliveries").json()[0]
    assert newest["status_code"] == 500
    assert api.server.stats()["webhooks"]["failed"] >= 6


def test_no_webhook_begins_after_the_end(serve, receiver):
    """A slow receiver would hold up the end of the sandbox once for each that is due."""
    api = serve(WorldBuilder().repository("octo/api").hook(receiver.url).run(id=1), at=0)
    hooks = api.server._hooks
    wait_until(lambda: api.server.stats().get("webhooks", {}).get("sent"))  # the ping
    receiver.may_answer.clear()
    api.server.clock.advance(300)
    wait_until(lambda: len(receiver.received) == 2)
    closing = threading.Thread(target=hooks.close)
    closing.start()
    assert hooks._stop.wait(60)
    receiver.may_answer.set()
    closing.join(60)
    assert not hooks._thread.is_alive()
    assert len(receiver.received) == 2
