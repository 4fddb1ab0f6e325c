"""Pub/Sub's limits and faults, through Google's own client."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from google.api_core.exceptions import ServiceUnavailable
from google.auth.exceptions import RefreshError, TransportError
from ingest.adapters.gcp.bus import PubsubBus
from ingest.adapters.gcp.clients import open_clients
from ingest.adapters.gcp.errors import NETWORK_REMEDY, translate_google_errors
from ingest.adapters.gcp.pubsub import (
    MAX_MESSAGE_BYTES,
    NOT_BEFORE_ATTRIBUTE,
    PubsubWorkQueue,
)
from ingest.adapters.gcp.storage import GcsBlobStore, open_storage
from ingest.domain.counters import Counters
from ingest.errors import AccessDenied, QueueMissing, QueueUnavailable
from ingest.ports import BlobReference
from ingest.ports.queues import MAX_DELAY_SECONDS
from ingest.settings import QueueSettings
from support.pubsub_server import PubsubServer, running_pubsub
from support.work_messages import a_message


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PubsubServer]:
    with running_pubsub() as (server, address):
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
        yield server


@pytest.fixture
def bus(server: PubsubServer) -> Iterator[PubsubBus]:
    name = f"work-{uuid.uuid4()}"
    settings = QueueSettings(metrics_queue="m", logs_queue="l", job_events_queue=name)
    with closing(PubsubBus("here", settings)) as bus:
        list(bus.set_up())
        yield bus


@pytest.fixture
def queue(bus: PubsubBus) -> PubsubWorkQueue:
    return bus.open_work_queue("m", Counters())


def test_a_moment_of_throttling_is_waited_for(server: PubsubServer, queue: PubsubWorkQueue):
    """The client sends again what was not taken."""
    server.faults += [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED]
    assert queue.send([a_message(1)]) == ()
    assert server.published == 1


def test_an_outage_is_reported_when_nothing_was_taken(server: PubsubServer, queue: PubsubWorkQueue):
    """A service that stays away is no endless retry."""
    server.faults += [grpc.StatusCode.UNAVAILABLE] * 100
    with pytest.raises(QueueUnavailable):
        queue.send([a_message(1)])


@pytest.mark.parametrize(
    ("host", "reason"),
    [("127.0.0.1:1", "Connection refused"), ("nowhere.invalid:443", "Domain name not found")],
)
def test_an_unreachable_service_is_one_sentence_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, host: str, reason: str
):
    """The reason of the system remains of what gRPC quotes: its calls, addresses and retries."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", host)
    settings = QueueSettings(metrics_queue="m", logs_queue="l", job_events_queue="w")
    with closing(PubsubBus("here", settings)) as bus, pytest.raises(QueueUnavailable) as raised:
        list(bus.set_up())
    assert str(raised.value) == f"Topic projects/here/topics/m cannot be reached: {reason}."
    assert raised.value.remedy == NETWORK_REMEDY


def test_an_unreachable_bucket_is_one_sentence_too(monkeypatch: pytest.MonkeyPatch):
    """A check or a read does not retry for the minutes that an upload may take."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    store = GcsBlobStore(open_storage("here"), "logs")
    began_at = time.monotonic()
    with pytest.raises(QueueUnavailable, match=r"^Bucket logs cannot be reached: Connection refu"):
        store.check_can_store()
    with (
        pytest.raises(QueueUnavailable, match=r"^Bucket logs cannot be reached: Connection refu"),
        store.open(BlobReference("logs", "key")) as chunks,
    ):
        list(chunks)
    assert time.monotonic() - began_at < 60
    left = [thread.name for thread in threading.enumerate() if "_fetch_background" in thread.name]
    assert not left, "the client reads the bucket for its traces"


def test_one_refused_message_keeps_no_neighbour_back(server: PubsubServer, queue: PubsubWorkQueue):
    """A request that is refused whole is sent message by message."""
    failures = queue.send([a_message(1), a_message(2, body="poison"), a_message(3)])
    assert [(each.event_id, each.is_final) for each in failures] == [("e2", True)]
    assert server.published == 2


@pytest.mark.parametrize("text", ["soon", "inf", "nan", "-1"])
def test_a_foreign_message_with_another_time_is_received(queue: PubsubWorkQueue, text: str):
    """What is no time in the attribute of ours holds back neither it nor others."""
    foreign = replace(a_message(1), attributes={NOT_BEFORE_ATTRIBUTE: text})
    assert queue.send([foreign, a_message(2)]) == ()
    received = queue.receive(max_messages=10, wait_seconds=1)
    assert len(received) == 2


def test_an_item_that_is_delayed_too_long_is_received(queue: PubsubWorkQueue):
    """Its sender's clock was ahead; each time that it is hidden counts as a delivery."""
    due_at = time.time() + 3 * MAX_DELAY_SECONDS
    delayed = replace(a_message(1), attributes={NOT_BEFORE_ATTRIBUTE: f"{due_at:.3f}"})
    assert queue.send([delayed]) == ()
    assert len(queue.receive(max_messages=10, wait_seconds=1)) == 1


def test_our_own_limit_stays_within_the_services(server: PubsubServer, queue: PubsubWorkQueue):
    """A full batch fits one request with all that surrounds its messages."""
    each = MAX_MESSAGE_BYTES // 1000
    overhead = a_message(100, body="").size_bytes
    batch = [a_message(100 + n, body="x" * (each - overhead - 1)) for n in range(1000)]
    assert queue.send(batch) == ()
    assert server.published == 1000


def test_ordered_topics_get_one_key_a_request(server: PubsubServer, bus: PubsubBus):
    """Messages of a run have its name as ordering key."""
    server.order("projects/here/subscriptions/l")
    publisher = bus.open_publisher("l", Counters())
    assert publisher.send([a_message(1), a_message(2, group="octo/api/2"), a_message(3)]) == ()
    keys = [message.ordering_key for message in server.messages("projects/here/subscriptions/l")]
    assert keys == ["octo/api/7", "octo/api/2", "octo/api/7"]


def test_doctor_sees_limits_and_dead_letters(bus: PubsubBus):
    """Pub/Sub does not count what waits."""
    condition = bus.inspector().inspect_queue("m")
    assert (condition.max_message_bytes, condition.waiting) == (MAX_MESSAGE_BYTES, None)
    assert condition.dead_letter_queue == "m_dlq"
    bus.inspector().check_can_send("m")


def test_a_subscription_of_other_means_gets_dead_letters_and_time(
    server: PubsubServer, bus: PubsubBus
):
    """As `doctor` advises; `gcloud` creates it without, and with 10 s."""
    clients, name = bus._clients, bus._queues.job_events_queue
    path, topic = clients.subscription_path(name), clients.topic_path(name)
    del server._subscriptions[path]
    clients.subscriber.create_subscription(name=path, topic=topic)
    server.change_deadline("projects/here/subscriptions/l", 600)
    done = list(bus.set_up())
    assert [each for each in done if "corrected" in each] == [f"Subscription {name} corrected."]
    corrected = bus.inspector().inspect_queue(name)
    assert (corrected.dead_letter_queue, corrected.visibility_seconds) == (f"{name}_dlq", 120)
    assert bus.inspector().inspect_queue("l").visibility_seconds == 600
    assert not any("corrected" in each for each in bus.set_up())


def test_a_subscription_of_a_deleted_topic_is_named(server: PubsubServer, bus: PubsubBus):
    """A new topic of the same name does not feed it: all messages would be lost."""
    server.delete_topic("projects/here/topics/m")
    for call in (
        lambda: list(bus.set_up()),
        lambda: bus.inspector().inspect_queue("m"),
        lambda: bus.open_work_queue("m", Counters()),
    ):
        with pytest.raises(QueueMissing, match="subscriptions/m receives nothing"):
            call()


@pytest.mark.parametrize("content", [None, "[1]", '"text"', "{}", "{nope", '{"type": "user"}'])
def test_credentials_that_cannot_be_read_are_reported_as_such(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A volume of a container that has nothing to mount is an empty folder."""
    path = tmp_path / "credentials.json"
    path.mkdir() if content is None else path.write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    for open_client in (open_clients, open_storage):
        with pytest.raises(AccessDenied, match="no application default credentials are valid"):
            open_client("here")


@pytest.mark.parametrize("is_metadata_server", [True, False])
def test_credentials_that_are_issued_later_are_waited_for(is_metadata_server: bool) -> None:
    """The metadata server of a pod starts after it, and the token endpoint answers 503 at times."""
    cause = TransportError("The metadata server is unavailable") if is_metadata_server else None
    error = RefreshError("no token", retryable=not is_metadata_server)
    with (
        pytest.raises(QueueUnavailable, match="no access token was issued") as late,
        translate_google_errors("Bucket b"),
    ):
        raise error from cause
    assert late.value.remedy == NETWORK_REMEDY


def test_a_machine_without_a_service_account_is_not_waited_for() -> None:
    """The metadata server is there and says so, by way of gRPC in the text of an outage."""
    answer = "Failed to retrieve it from the Google Compute Engine metadata service. Status: 404"
    cause = TransportError(f"{answer} Response:\nb'not found'", object())
    outage = ServiceUnavailable(f"Getting metadata from plugin failed with error: {cause}")
    for error in (RefreshError(cause), outage):
        with (
            pytest.raises(AccessDenied, match=r"Status: 404 .*give this machine a service account"),
            translate_google_errors("Bucket b"),
        ):
            raise error from cause
