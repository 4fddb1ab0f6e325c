"""Webhooks over real HTTP."""

from __future__ import annotations

import json
import socket
import threading

import pytest
import requests
from ingest.errors import StateUnavailable
from ingest.settings import Secret
from support.changed_ports import Changed, raising
from support.webhook_headers import signed_headers
from support.webhook_server import WebhookServer
from support.world import FIRST_RUN, REPOSITORY, assert_all_published
from support.world_builder import WorldBuilder

from standalone.http.webhook_app import PATH

SECRET = "a secret"
BODY = json.dumps(
    {"repository": {"full_name": REPOSITORY}, "workflow_run": {"id": FIRST_RUN + 1}}
).encode()


@pytest.fixture
def here(stage):
    return stage(WorldBuilder().run(seconds=60).job("a"), at=100)


@pytest.fixture
def serve():
    servers = []

    def start(store, clock):
        servers.append(WebhookServer(store, clock, secret=Secret(SECRET), host="127.0.0.1", port=0))
        return f"http://127.0.0.1:{servers[-1].port}"

    yield start
    for server in servers:
        server.close()


def post(url, body=BODY, *, secret=SECRET, delivery="d1"):
    headers = signed_headers("workflow_run", body, secret=secret, delivery=delivery)
    headers["content-type"] = "application/json"
    return requests.post(url, data=body, headers=headers, timeout=60)


@pytest.mark.parametrize("path", [PATH, f"/_/api{PATH}"])
def test_a_signed_delivery_is_accepted_and_its_run_due(here, serve, path):
    """The address that Anvil's hosts have is taken, too."""
    url = serve(here.state, here.clock)
    answer = post(url + path)
    assert answer.status_code == 202
    assert str(FIRST_RUN + 1) in answer.text
    assert list(here.state.load_run_hints(REPOSITORY)) == [FIRST_RUN + 1]


def test_what_is_refused_reports_why(here, serve):
    """A wrong signature, a body that is no JSON, another place, another method."""
    url = serve(here.state, here.clock)
    assert post(url + PATH, secret="other").status_code == 401
    assert post(url + PATH, b"[").status_code == 400
    assert post(url + "/elsewhere").status_code == 404
    assert requests.get(url + PATH, timeout=60).status_code == 405
    assert here.state.load_run_hints(REPOSITORY) == {}


def test_a_delivery_that_cannot_be_kept_is_failed(here, serve):
    """GitHub lists it then, and it is made good from that list."""
    gone = Changed(here.state, load_repository=raising(StateUnavailable("no database")))
    assert post(serve(gone, here.clock) + PATH).status_code == 503


def test_a_server_closes_at_once_with_connections_open(here):
    """No thread is left, and the port is free again."""
    before = {thread.ident for thread in threading.enumerate()}
    server = WebhookServer(here.state, here.clock, secret=Secret(SECRET), host="127.0.0.1", port=0)
    with socket.create_connection(("127.0.0.1", server.port)), requests.Session() as session:
        session.get(f"http://127.0.0.1:{server.port}/", timeout=60)
        server.close()
    left = [thread.name for thread in threading.enumerate() if thread.ident not in before]
    assert left == []
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_webhooks_of_a_living_repository_lead_to_messages(stage, serve):
    """From GitHub's own signed deliveries to the queue, at the next poll."""
    builder = WorldBuilder().repository(REPOSITORY)
    probe = stage(WorldBuilder())
    probe.watch()
    url = serve(probe.state, probe.clock)
    builder.hook(url + PATH, secret=SECRET).run(created=100, seconds=60).job("a")
    here = stage(builder)
    here.advance(300)
    assert here.server.stats()["webhooks"]["sent"] >= 6
    assert {
        fact.run.run_id
        for fact in probe.state.load_delivered_events(REPOSITORY, limit=9)
        if fact.run
    } == {FIRST_RUN + 1}
    here.poll()
    assert_all_published(here)
