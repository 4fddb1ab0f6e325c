"""What every queue does: in memory, in SQS, in Service Bus and in Pub/Sub.

Where Google's emulator is on this machine, Pub/Sub is tested on it too.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from azure.servicebus.amqp import AmqpAnnotatedMessage, AmqpMessageProperties
from ingest.adapters.aws.provision import ensure_queues
from ingest.adapters.aws.queues import queue_depth
from ingest.adapters.aws.sqs import SqsWorkQueue
from ingest.adapters.azure.bus import ServiceBusBus
from ingest.adapters.azure.servicebus import ServiceBusWorkQueue
from ingest.adapters.gcp.bus import PubsubBus
from ingest.adapters.gcp.provision import MAX_DELIVERY_ATTEMPTS
from ingest.domain.counters import Counters
from ingest.messaging.encoding import QueueMessage
from ingest.ports import WorkQueue
from ingest.settings import AzureSettings, QueueSettings, Secret
from support.aws_server import LocalAws, sqs_client
from support.manual_clock import ManualClock
from support.memory_queue import MemoryQueue
from support.pubsub_emulator import find_emulator, running_emulator
from support.pubsub_server import PubsubServer, running_pubsub
from support.real_buses import REAL_BUSES, EmulatedPubsub
from support.servicebus_server import ServiceBusServer, running_servicebus
from support.work_messages import a_message


class MemoryWorld:
    """Open queues in memory, whose time passes when it is advanced."""

    refuses_characters = True
    max_receives = 5

    def __init__(self) -> None:
        self.clock = ManualClock(datetime(2026, 11, 24, tzinfo=timezone.utc))
        self.counters = Counters()
        self.queue: MemoryQueue | None = None

    def open(self, *, suffix: str = "", visibility_seconds: int = 60) -> WorkQueue:
        self.queue = MemoryQueue(
            f"work-{uuid.uuid4()}{suffix}",
            self.clock,
            self.counters,
            visibility_seconds=visibility_seconds,
        )
        return self.queue

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def count_dead_letters(self) -> int:
        return len(self.queue.dead_letters())


class SqsWorld:
    """Open queues in the local SQS, whose time is the real one."""

    refuses_characters = True
    max_receives = 5

    def __init__(self, client) -> None:
        self.client = client
        self.counters = Counters()
        self.dead_letters = ""

    def open(self, *, suffix: str = "", visibility_seconds: int = 60) -> WorkQueue:
        name = f"work-{uuid.uuid4()}"
        ensure_queues(
            self.client, metrics=f"m-{name}", logs=f"l-{name}", job_events=f"{name}{suffix}"
        )
        self.dead_letters = f"{name}_dlq{suffix}"
        url = self.client.get_queue_url(QueueName=f"{name}{suffix}")["QueueUrl"]
        self.client.set_queue_attributes(
            QueueUrl=url, Attributes={"VisibilityTimeout": str(visibility_seconds)}
        )
        return SqsWorkQueue.open(self.client, f"{name}{suffix}", self.counters)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def count_dead_letters(self) -> int:
        return queue_depth(self.client, self.dead_letters).visible


#: A pull takes a second where nothing is there, so holds are longer than in SQS.
_PULLS = 4


class PubsubWorld:
    """Open queues in the stand-in for Pub/Sub, whose time is the real one."""

    refuses_characters = False
    max_receives = MAX_DELIVERY_ATTEMPTS

    def __init__(self, server: PubsubServer) -> None:
        self.server = server
        self.counters = Counters()
        self.name = ""
        self.bus: PubsubBus | None = None

    def open(self, *, suffix: str = "", visibility_seconds: int = 60) -> WorkQueue:
        if suffix:
            pytest.skip("Pub/Sub has no FIFO queues")
        self.name = f"work-{uuid.uuid4()}"
        self.bus = PubsubBus(
            "here",
            QueueSettings(
                metrics_queue=f"m-{self.name}",
                logs_queue=f"l-{self.name}",
                job_events_queue=self.name,
            ),
        )
        list(self.bus.set_up())
        self.server.change_deadline(
            f"projects/here/subscriptions/{self.name}", visibility_seconds * _PULLS
        )
        return self.bus.open_work_queue(self.name, self.counters)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds * _PULLS)

    def count_dead_letters(self) -> int:
        return len(self.server.messages(f"projects/here/subscriptions/{self.name}_dlq"))

    def close(self) -> None:
        if self.bus is not None:
            self.bus.close()


#: A receiver waits half a second at least, so locks are longer than in SQS.
_RECEIVES = 3


class ServiceBusWorld:
    """Empty one queue in the stand-in for Service Bus: its links are slow to open and to close."""

    refuses_characters = False
    max_receives = 5

    def __init__(
        self, server: ServiceBusServer, queue: ServiceBusWorkQueue, counters: Counters
    ) -> None:
        self.server = server
        self.queue = queue
        self.counters = counters

    def open(self, *, suffix: str = "", visibility_seconds: int = 60) -> WorkQueue:
        if suffix:
            pytest.skip("Service Bus has no FIFO queues without sessions")
        if self.server.messages("work"):
            # Its last messages may be on the link already.
            self.server.create("work")
            self.queue.receive(max_messages=100, wait_seconds=0)
        lock_seconds = visibility_seconds * _RECEIVES
        self.server.create("work", lock_seconds=lock_seconds, max_deliveries=5)
        return self.queue

    def wait(self, seconds: float) -> None:
        time.sleep(seconds * _RECEIVES)

    def count_dead_letters(self) -> int:
        return len(self.server.messages("work/$DeadLetterQueue"))


@pytest.fixture(scope="module")
def servicebus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenedServiceBus]:
    with running_servicebus(tmp_path_factory.mktemp("servicebus")) as running:
        azure = AzureSettings(servicebus_connection=Secret(running.connection_string))
        running.server.create("work")
        with closing(ServiceBusBus(azure, QueueSettings())) as bus:
            counters = Counters()
            yield running.server, bus.open_work_queue("work", counters), counters


@pytest.fixture(scope="module")
def pubsub() -> Iterator[tuple[PubsubServer, str]]:
    with running_pubsub() as opened:
        yield opened


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with running_emulator() as address:
        yield address


OpenedServiceBus = tuple[ServiceBusServer, ServiceBusWorkQueue, Counters]
World = MemoryWorld | SqsWorld | ServiceBusWorld | PubsubWorld | EmulatedPubsub

EMULATED = ["emulator"] if find_emulator() else []


@pytest.fixture(params=["memory", "sqs", "servicebus", "pubsub", *EMULATED, *REAL_BUSES])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Run every test on every queue."""
    if request.param in REAL_BUSES:
        with closing(REAL_BUSES[request.param]()) as opened:
            yield opened
    elif request.param == "memory":
        yield MemoryWorld()
    elif request.param == "emulator":
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", request.getfixturevalue("emulator"))
        with closing(EmulatedPubsub()) as opened:
            yield opened
    elif request.param == "servicebus":
        yield ServiceBusWorld(*request.getfixturevalue("servicebus"))
    elif request.param == "pubsub":
        server, address = request.getfixturevalue("pubsub")
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
        with closing(PubsubWorld(server)) as opened:
            yield opened
    else:
        aws: LocalAws = request.getfixturevalue("aws")
        with closing(sqs_client(aws)) as client:
            yield SqsWorld(client)


def bodies(queue: WorkQueue, *, wait_seconds: int = 0) -> list[str]:
    return sorted(m.body for m in queue.receive(max_messages=10, wait_seconds=wait_seconds))


def refused(queue: WorkQueue, message: QueueMessage) -> bool:
    """Return whether a message is refused for good while the others are taken."""
    others = [a_message(101), a_message(102)]
    failures = queue.send([others[0], message, others[1]])
    taken = bodies(queue, wait_seconds=1)
    assert {each.body for each in others} <= set(taken)
    return [(r.event_id, r.is_final) for r in failures] == [(message.event_id, True)]


def test_what_is_sent_is_received_as_it_was(world) -> None:
    """Ten messages in one request, bodies of all of Unicode."""
    queue = world.open()
    sent = [a_message(n, body=f'"é€😀\u2028 {n}"') for n in range(10)]
    assert queue.send(sent) == ()
    assert bodies(queue, wait_seconds=1) == sorted(message.body for message in sent)


def test_accepted_messages_are_counted(world) -> None:
    """The meter knows how many the queue took, and asked how often."""
    queue = world.open()
    before = world.counters.read("queue_requests")
    taken = world.counters.read(f"queue_messages.{queue.queue_name}")
    queue.send([a_message(1), a_message(2, body="")])
    assert world.counters.read(f"queue_messages.{queue.queue_name}") == taken + 1
    assert world.counters.read("queue_requests") == before + 1


def test_nothing_to_send_asks_nothing(world) -> None:
    """An empty batch is no request."""
    queue = world.open()
    before = world.counters.read("queue_requests")
    assert queue.send([]) == ()
    assert world.counters.read("queue_requests") == before


@pytest.mark.parametrize("body", ["\x1b[0m", "\x00", "\x0b", "\ufffe", "\uffff", ""])
def test_characters_that_sqs_does_not_take_are_refused(world, body: str) -> None:
    """Escape sequences, NUL and non-characters must go escaped; nothing must not go at all."""
    if body and not world.refuses_characters:
        pytest.skip("this queue takes every character")
    assert refused(world.open(), a_message(1, body=body))


def test_a_message_may_fill_the_limit_and_no_more(world) -> None:
    """One byte too many is refused, also beside small ones."""
    queue = world.open()
    attributes_bytes = a_message(body="").size_bytes
    full = "x" * (queue.max_message_bytes - attributes_bytes)
    assert queue.send([a_message(1, body=full)]) == ()
    assert refused(queue, a_message(2, body="x" * (queue.max_message_bytes + 1)))


def test_a_batch_over_the_limit_arrives_all_the_same(world) -> None:
    """Messages that do not fit one request together are sent apart."""
    queue = world.open()
    half = "x" * (queue.max_message_bytes // 2)
    assert queue.send([a_message(n, body=half) for n in range(3)]) == ()
    # One answer may hold fewer than there are, as Pub/Sub's does, which ends at its own limit.
    taken = [body for _ in range(3) for body in bodies(queue, wait_seconds=1)]
    assert taken == [half] * 3


def test_a_received_message_is_hidden_and_comes_back(world) -> None:
    """Undeleted work is done again by another when its time is over."""
    queue = world.open(visibility_seconds=1)
    queue.send([a_message()])
    (first,) = queue.receive(max_messages=10, wait_seconds=1)
    assert queue.receive(max_messages=10, wait_seconds=0) == []
    world.wait(1.2)
    (second,) = queue.receive(max_messages=10, wait_seconds=1)
    assert (first.receive_count, second.receive_count) == (1, 2)


@pytest.mark.slow
def test_extended_work_stays_hidden(world) -> None:
    """A worker that needs longer keeps its message."""
    queue = world.open(visibility_seconds=3)
    queue.send([a_message()])
    (message,) = queue.receive(max_messages=10, wait_seconds=1)
    world.wait(2)
    queue.extend_visibility(message, seconds=queue.visibility_seconds)
    world.wait(1.5)
    assert queue.receive(max_messages=10, wait_seconds=0) == []


def test_work_is_given_back_at_once(world) -> None:
    """Zero seconds make a message visible to others."""
    queue = world.open()
    queue.send([a_message()])
    (message,) = queue.receive(max_messages=10, wait_seconds=1)
    queue.release(message, after_seconds=0)
    assert bodies(queue, wait_seconds=1) == [message.body]


def test_deleted_messages_do_not_come_back(world) -> None:
    """Work that is done is gone, any number of messages at once."""
    queue = world.open()
    for start in (0, 10):
        queue.send([a_message(n) for n in range(start, start + 10)])
    received = [m for _ in range(2) for m in queue.receive(max_messages=10, wait_seconds=1)]
    queue.delete(received)
    for message in received:
        queue.release(message, after_seconds=0)
    assert len(received) == 20
    assert queue.receive(max_messages=10, wait_seconds=0) == []


def test_a_receipt_that_ran_out_does_no_harm(world) -> None:
    """A worker that was too slow neither deletes nor hides what another works on."""
    queue = world.open(visibility_seconds=1)
    queue.send([a_message()])
    (stale,) = queue.receive(max_messages=10, wait_seconds=1)
    world.wait(1.2)
    (fresh,) = queue.receive(max_messages=10, wait_seconds=1)
    queue.release(stale, after_seconds=0)
    queue.delete([stale])
    assert queue.receive(max_messages=10, wait_seconds=0) == []
    queue.release(fresh, after_seconds=0)
    assert bodies(queue, wait_seconds=1) == [fresh.body]


def test_a_poison_message_is_put_aside_after_five_tries(world) -> None:
    """Work that nobody can do does not go round for ever."""
    queue = world.open()
    queue.send([a_message()])
    for _ in range(world.max_receives):
        (message,) = queue.receive(max_messages=10, wait_seconds=1)
        queue.release(message, after_seconds=0)
    assert message.receive_count == world.max_receives
    assert queue.receive(max_messages=10, wait_seconds=0) == []
    assert world.count_dead_letters() == 1


def test_a_delayed_message_comes_later(world) -> None:
    """A log that is not there yet is asked for again after a while."""
    queue = world.open()
    queue.send([a_message(1, delay_seconds=2)])
    assert queue.receive(max_messages=10, wait_seconds=0) == []
    assert bodies(queue, wait_seconds=4) == [a_message(1).body]


def test_waiting_for_work_ends(world) -> None:
    """An empty queue answers with nothing when the wait is over."""
    assert world.open().receive(max_messages=10, wait_seconds=1) == []


def test_no_more_is_received_than_was_asked_for(world) -> None:
    """A worker takes only what it can do."""
    queue = world.open()
    queue.send([a_message(n) for n in range(5)])
    assert len(queue.receive(max_messages=1, wait_seconds=1)) == 1


def test_fifo_drops_what_it_has_seen_also_after_it_was_deleted(world) -> None:
    """For five minutes the same fact is taken, and not delivered again."""
    queue = world.open(suffix=".fifo")
    assert queue.send([a_message(1)]) == ()
    received = queue.receive(max_messages=10, wait_seconds=1)
    assert queue.send([a_message(1)]) == ()
    queue.delete(received)
    assert queue.send([a_message(1)]) == ()
    assert queue.receive(max_messages=10, wait_seconds=0) == []


def test_fifo_keeps_the_order_of_a_group(world) -> None:
    """A run's messages are received in order, and none while an earlier one is worked on."""
    queue = world.open(suffix=".fifo")
    queue.send([a_message(n) for n in range(3)])
    (first,) = queue.receive(max_messages=1, wait_seconds=1)
    assert first.body == a_message(0).body
    assert queue.receive(max_messages=10, wait_seconds=0) == []
    queue.delete([first])
    rest = queue.receive(max_messages=10, wait_seconds=1)
    assert [m.body for m in rest] == [a_message(n).body for n in range(1, 1 + len(rest))]


def test_fifo_groups_do_not_wait_for_each_other(world) -> None:
    """One slow run does not stop the others."""
    queue = world.open(suffix=".fifo")
    queue.send([a_message(1, group="octo/api/7"), a_message(2, group="octo/api/8")])
    queue.receive(max_messages=1, wait_seconds=1)
    assert bodies(queue, wait_seconds=1) == [a_message(2).body]


def test_fifo_takes_a_delayed_message_at_once(world) -> None:
    """FIFO queues know no delay of a message; it is not lost for having one."""
    queue = world.open(suffix=".fifo")
    assert queue.send([a_message(1, delay_seconds=60)]) == ()
    assert bodies(queue, wait_seconds=1) == [a_message(1).body]


@pytest.mark.parametrize("suffix", ["", ".fifo"])
def test_a_rejected_message_is_a_dead_letter_at_once(world, suffix):
    """It is gone from the queue, and the others are still there."""
    queue = world.open(suffix=suffix)
    assert queue.send([a_message(1), a_message(2)]) == ()
    bad, good = queue.receive(max_messages=10, wait_seconds=1)
    queue.reject(bad, reason="not a work item: '\x00\ud800'")
    assert world.count_dead_letters() == 1
    queue.release(good, after_seconds=0)
    [left] = queue.receive(max_messages=10, wait_seconds=1)
    assert left.body == good.body


@pytest.mark.parametrize("content", ["{}", b"{}", {"job": 7}, None])
def test_a_message_of_service_bus_may_hold_one_value(
    servicebus: OpenedServiceBus, content: object
) -> None:
    """JMS sends texts so; the message of another program stops no work that came with it."""
    queue = ServiceBusWorld(*servicebus).open()
    properties = AmqpMessageProperties(message_id="1")
    message = AmqpAnnotatedMessage(value_body=content, properties=properties)
    queue._sender.send_messages(message)  # type: ignore[attr-defined]
    assert queue.send([a_message(2)]) == ()
    received = queue.receive(max_messages=1, wait_seconds=1)
    received += queue.receive(max_messages=1, wait_seconds=1)
    assert received[1].body == a_message(2).body
    assert received[0].body == "{}" or not isinstance(content, (str, bytes))


@pytest.mark.parametrize(("lock_seconds", "assumed"), [(-60, 5), (2, 5), (60, 60), (3600, 120)])
def test_a_wrong_clock_changes_the_lock_of_service_bus_within_bounds(
    servicebus: OpenedServiceBus, lock_seconds: int, assumed: int
) -> None:
    """When a lock ends is the server's time; work that is renewed too late is repeated."""
    _, queue, _ = servicebus
    until = datetime.now(timezone.utc) + timedelta(seconds=lock_seconds)
    queue._note_lock_duration(SimpleNamespace(locked_until_utc=until))  # type: ignore[arg-type]
    assert queue.visibility_seconds == pytest.approx(assumed, abs=1)
