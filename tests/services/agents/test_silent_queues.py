"""A task says which queue accepts connections and answers nothing, while it waits for it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from ingest.adapters.aws.clients import sqs_client
from ingest.adapters.aws.queues import QueueInfo
from ingest.adapters.aws.sqs import SqsWorkQueue
from ingest.bootstrap.collector import open_collector
from ingest.domain.agent_states import AgentState
from ingest.domain.counters import Counters
from ingest.domain.ledger import AgentRecord
from ingest.domain.pending_requests import PendingRequests
from ingest.domain.timestamps import parse_timestamp
from ingest.errors import QueueUnavailable
from ingest.services.agents import heartbeat, tick
from ingest.services.agents.heartbeat import Heartbeat
from ingest.services.agents.tick import log_tick, report_error
from ingest.services.context import LOG_INGESTION_AGENT
from ingest.services.intercepted_ports import TrackedRequests, intercept
from ingest.settings import AwsSettings, Secret, read_settings
from support.world import Stage
from support.world_builder import WorldBuilder

HOST = "tasks"


class SilentServer:
    """A server that accepts connections and answers nothing until it ends."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """Reset every connection, and refuse others."""
        self._listener.close()

    def named_by(self, store) -> _EndedWhenNamed:
        """Return a store whose first heartbeat that names somebody silent ends this server."""
        return _EndedWhenNamed(store, self)


class _EndedWhenNamed:
    def __init__(self, store, server: SilentServer) -> None:
        self._store = store
        self._server = server
        self.named: list[Mapping[str, str]] = []

    def __getattr__(self, name):
        return getattr(self._store, name)

    def save_agent(self, record: AgentRecord) -> None:
        self._store.save_agent(record)
        if record.unanswered_since:
            self.named.append(record.unanswered_since)
            self._server.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentServer]:
    """Run a silent server, which is silent for too long at once; the tests' clock stands still."""
    monkeypatch.setattr(heartbeat, "SILENCE_SECONDS", 0.0)
    monkeypatch.setattr(heartbeat, "HEARTBEAT_INTERVAL", timedelta(0))
    with closing(SilentServer()) as server:
        yield server


@pytest.fixture
def here(stage) -> Stage:
    return stage(WorldBuilder().run(seconds=60).job("a"), at=100)


def settings_of(bus: str, address: str) -> dict[str, str]:
    return {
        "sqs": {
            "AWS_ENDPOINT_URL": f"http://{address}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        },
        "servicebus": {
            "SERVICEBUS_CONNECTION_STRING": f"Endpoint=sb://{address};SharedAccessKeyName=all;"
            "SharedAccessKey=secret;UseDevelopmentEmulator=true"
        },
        "pubsub": {"GOOGLE_CLOUD_PROJECT": "here"},
    }[bus] | {"EVENT_BUS": bus, "METRICS_QUEUE": "metrics", "GITHUB_TOKENS": "ghp_1"}


def open_silent(here: Stage, server: SilentServer, values: Mapping[str, str]) -> AgentRecord:
    """Open a collector as a task does, and fail as it does; return the last heartbeat."""
    store, counters = server.named_by(here.state), Counters()
    beat = Heartbeat(
        LOG_INGESTION_AGENT, host=HOST, store=store, clock=here.clock, counters=counters
    )
    open_it = partial(
        open_collector,
        read_settings(values.get),
        state=here.state,
        clock=here.clock,
        counters=counters,
    )
    with pytest.raises(QueueUnavailable) as raised:
        beat.save_during(open_it)
    assert store.named
    now, pending = here.clock.now(), counters.pending_requests
    report_error(here.state, LOG_INGESTION_AGENT, raised.value, host=HOST, now=now, pending=pending)
    [last] = here.state.list_agents()
    return last


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # by Azure's library
@pytest.mark.parametrize("bus", ["sqs", "servicebus", "pubsub"])
def test_who_is_silent_while_a_task_opens_its_queues_is_named(
    here: Stage, server: SilentServer, bus: str, monkeypatch: pytest.MonkeyPatch
):
    """At once, and also by the error that follows, until the next task tries again."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", server.address)
    last = open_silent(here, server, settings_of(bus, server.address))
    assert last.state == "error"
    assert set(last.unanswered_since) == {"Queue metrics"}


def test_a_bucket_that_is_silent_while_a_task_opens_it_is_named(here: Stage, server: SilentServer):
    values = settings_of("sqs", server.address) | {"LOG_BUCKET": "long-logs"}
    assert set(open_silent(here, server, values).unanswered_since) == {"LOG_BUCKET long-logs"}


def test_the_next_task_names_it_since_the_first_one(here: Stage, server: SilentServer):
    """Also where it asks before it reads what the first one reported."""
    values = settings_of("sqs", server.address)
    since = parse_timestamp(open_silent(here, server, values).unanswered_since["Queue metrics"])
    here.advance(60)
    counters = Counters()
    counters.pending_requests.begin("Queue metrics", at=time.monotonic())
    beat = Heartbeat(
        LOG_INGESTION_AGENT, host=HOST, store=here.state, clock=here.clock, counters=counters
    )
    beat.save(AgentState.RUNNING)
    [record] = here.state.list_agents()
    continued = parse_timestamp(record.unanswered_since["Queue metrics"])
    assert since is not None
    assert continued is not None
    assert abs((continued - since).total_seconds()) <= 2


def silent_queue(server: SilentServer, pending: PendingRequests, name: str) -> SqsWorkQueue:
    """Return a tracked queue that was opened before the server fell silent."""
    url, key = f"http://{server.address}", Secret("key")
    aws = AwsSettings(access_key_id=key, secret_access_key=key, endpoint_url=url)
    info = QueueInfo(
        name=name,
        url=f"{url}/1/{name}",
        max_message_bytes=262_144,
        visibility_seconds=30,
        is_fifo=False,
    )
    queue = SqsWorkQueue(sqs_client(aws), info, Counters())
    return intercept(queue, TrackedRequests(f"Queue {name}", pending).send)


def test_a_queue_that_falls_silent_is_named_by_the_task_that_receives(
    here: Stage, server: SilentServer, monkeypatch: pytest.MonkeyPatch
):
    """Once it is silent for longer than it was asked to wait."""
    monkeypatch.setattr(tick, "LONGEST_WAIT_SECONDS", 1)
    store = server.named_by(here.state)
    queue = silent_queue(server, here.counters.pending_requests, "job_events")
    context = replace(here.context, store=store, job_events_queue=queue)

    def report(_name: str, _value: object) -> None:
        here.advance(heartbeat.HEARTBEAT_INTERVAL.total_seconds())  # real seconds pass meanwhile

    with pytest.raises(QueueUnavailable):
        log_tick(context, seconds=3600, host=HOST, set_task_state=report)
    assert store.named
    assert set(store.named[0]) == {"Queue job_events"}
