"""What every queue on a network does when its service throttles, refuses or is gone."""

from __future__ import annotations

import contextlib
import gc
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import grpc
import pytest
from ingest.adapters.aws.sqs import SqsWorkQueue
from ingest.adapters.azure.bus import ServiceBusBus
from ingest.adapters.gcp.bus import PubsubBus
from ingest.domain.counters import Counters
from ingest.errors import QueueUnavailable
from ingest.messaging.encoding import QueueMessage
from ingest.ports import WorkQueue
from ingest.settings import AzureSettings, QueueSettings, Secret
from support.amqp_server import Fault, Gone
from support.aws_server import LocalAws, sqs_client
from support.fault_proxy import Cut, FaultProxy, Reply
from support.pubsub_server import running_pubsub
from support.servicebus_server import running_servicebus
from support.tcp_relay import TcpRelay

#: The library of Service Bus leaves the sockets of broken connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Faulty(NamedTuple):
    """A queue whose service fails the next requests as configured."""

    queue: WorkQueue
    relay: TcpRelay
    throttle: Callable[[], object]
    cut: Callable[[int], object]
    recover: Callable[[], object]


def open_sqs(opened: ExitStack, aws: LocalAws) -> Faulty:
    proxy = FaultProxy(aws.endpoint_url)
    opened.callback(proxy.close)
    relay = opened.enter_context(closing(TcpRelay(urlsplit(proxy.endpoint_url).port)))
    client = opened.enter_context(closing(sqs_client(relay)))
    name = f"work-{uuid.uuid4()}"
    client.create_queue(QueueName=name)
    throttled = Reply(403, b'{"__type": "com.amazonaws.sqs#RequestThrottled", "message": "Wait."}')
    return Faulty(
        SqsWorkQueue.open(client, name, Counters()),
        relay,
        lambda: proxy.faults.append(throttled),
        lambda requests: proxy.faults.extend([Cut()] * requests),
        proxy.faults.clear,
    )


def open_servicebus(opened: ExitStack, folder: Path) -> Faulty:
    opened.callback(gc.collect)
    running = opened.enter_context(running_servicebus(folder))
    server = running.server
    server.create("work")
    relay = opened.enter_context(closing(TcpRelay(running.port)))
    secret = Secret(running.connection_string.replace(str(running.port), str(relay.port)))
    bus = ServiceBusBus(AzureSettings(servicebus_connection=secret), QueueSettings())
    opened.callback(bus.close)
    busy = Fault(b"com.microsoft:server-busy", "Wait.")
    return Faulty(
        bus.open_work_queue("work", Counters()),
        relay,
        lambda: server.faults.extend([busy] * 3),
        lambda requests: server.faults.extend([Gone] * requests),
        server.faults.clear,
    )


def open_pubsub(opened: ExitStack) -> Faulty:
    server, address = opened.enter_context(running_pubsub())
    relay = opened.enter_context(closing(TcpRelay(int(address.rpartition(":")[2]))))
    environment = opened.enter_context(pytest.MonkeyPatch.context())
    environment.setenv("PUBSUB_EMULATOR_HOST", f"127.0.0.1:{relay.port}")
    bus = PubsubBus("here", QueueSettings(metrics_queue="m", logs_queue="l", job_events_queue="w"))
    opened.callback(bus.close)
    list(bus.set_up())
    throttled, away = grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE
    return Faulty(
        bus.open_work_queue("w", Counters()),
        relay,
        lambda: server.faults.extend([throttled] * 50),
        lambda requests: server.faults.extend([away] * requests),
        server.faults.clear,
    )


@pytest.fixture(scope="module", params=["sqs", "servicebus", "pubsub"])
def faulty(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Faulty]:
    with ExitStack() as opened:
        if request.param == "sqs":
            yield open_sqs(opened, request.getfixturevalue("aws"))
        elif request.param == "servicebus":
            yield open_servicebus(opened, tmp_path_factory.mktemp("servicebus"))
        else:
            yield open_pubsub(opened)


def messages(*bodies: str) -> list[QueueMessage]:
    return [
        QueueMessage(event_id=str(uuid.uuid4()), group="g", body=body, attributes={"a": "b"})
        for body in bodies
    ]


def receive_all(queue: WorkQueue) -> list[str]:
    received = queue.receive(max_messages=10, wait_seconds=1)
    queue.delete(received)
    return sorted(each.body for each in received)


@pytest.mark.parametrize("fault", ["throttle", "cut"])
def test_what_is_not_taken_is_reported_and_taken_later(faulty: Faulty, fault: str) -> None:
    """A service that throttles or cuts loses nothing, and is no endless wait."""
    sent = messages("1", "2")
    if fault == "throttle":
        faulty.throttle()
    else:
        faulty.cut(50)
    with pytest.raises(QueueUnavailable):
        faulty.queue.send(sent)
    faulty.recover()
    assert faulty.queue.send(sent) == ()
    assert receive_all(faulty.queue) == ["1", "2"]


def when_back(call: Callable[[], object]) -> None:
    """Repeat a call until its service is found again, as an agent does."""
    while True:
        with contextlib.suppress(QueueUnavailable):
            call()
            return


@pytest.mark.slow
def test_what_was_received_before_an_outage_is_settled_after_it(faulty: Faulty) -> None:
    """While nothing answers, every call says so; held messages stay held."""
    queue = faulty.queue
    assert queue.send(messages("1", "2")) == ()
    one, two = sorted(queue.receive(max_messages=10, wait_seconds=1), key=lambda each: each.body)
    calls: list[Callable[[], object]] = [
        lambda: queue.send(messages("3")),
        lambda: queue.receive(max_messages=10, wait_seconds=1),
        lambda: queue.extend_visibility(one, seconds=60),
        lambda: queue.release(two, after_seconds=0),
        lambda: queue.delete([one]),
    ]
    faulty.relay.vanish()
    for call in calls:
        with pytest.raises(QueueUnavailable):
            call()
    faulty.relay.come_back()
    when_back(lambda: queue.extend_visibility(two, seconds=60))
    when_back(lambda: queue.delete([one]))
    assert queue.receive(max_messages=10, wait_seconds=1) == []
    queue.release(two, after_seconds=0)
    assert receive_all(queue) == ["2"]


def test_the_half_of_a_batch_that_is_refused_is_named(faulty: Faulty) -> None:
    """The other half is taken; what is refused for good says so."""
    too_large = "x" * (faulty.queue.max_message_bytes + 1)
    sent = messages("1", too_large, "2", "")
    failures = faulty.queue.send(sent)
    assert {(each.event_id, each.is_final) for each in failures} == {
        (sent[1].event_id, True),
        (sent[3].event_id, True),
    }
    assert receive_all(faulty.queue) == ["1", "2"]
