"""Real accounts for the contract of queues: `make test-sqs`, `test-servicebus`, `test-pubsub`.

Queues are created for each test and deleted after it. Holds are as short as each service permits,
so these tests take minutes. They cost cents.
"""

from __future__ import annotations

import os
import time
import uuid
from datetime import timedelta

import boto3
import pytest
from azure.servicebus.management import ServiceBusAdministrationClient
from google.api_core.exceptions import NotFound
from ingest.adapters.aws.provision import ensure_queues
from ingest.adapters.aws.queues import queue_depth
from ingest.adapters.aws.sqs import SqsWorkQueue
from ingest.adapters.azure.bus import ServiceBusBus
from ingest.adapters.gcp.bus import PubsubBus
from ingest.adapters.gcp.provision import MAX_DELIVERY_ATTEMPTS
from ingest.domain.counters import Counters
from ingest.ports import WorkQueue
from ingest.settings import AzureSettings, QueueSettings, Secret

#: Read at import, because each test begins with an empty environment.
_CONNECTION = os.environ.get("RUNSTREAM_TEST_SERVICEBUS")
_PROJECT = os.environ.get("RUNSTREAM_TEST_PUBSUB")
_SQS = os.environ.get("RUNSTREAM_TEST_SQS")


class RealSqs:
    """Open queues in the AWS account of the environment."""

    refuses_characters = True
    max_receives = 5
    client = boto3.client("sqs") if _SQS else None

    def __init__(self) -> None:
        self.counters = Counters()
        self.names: list[str] = []

    def open(self, *, suffix: str = "", visibility_seconds: int = 60) -> WorkQueue:
        name = f"runstream-test-{uuid.uuid4()}"
        queues = [f"m-{name}", f"l-{name}", f"{name}{suffix}"]
        ensure_queues(self.client, metrics=queues[0], logs=queues[1], job_events=queues[2])
        letters = [f"m-{name}_dlq", f"l-{name}_dlq", f"{name}_dlq{suffix}"]
        self.names = [*queues, *letters]
        url = self.client.get_queue_url(QueueName=queues[2])["QueueUrl"]
        self.client.set_queue_attributes(
            QueueUrl=url, Attributes={"VisibilityTimeout": str(visibility_seconds)}
        )
        return SqsWorkQueue.open(self.client, queues[2], self.counters)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def count_dead_letters(self) -> int:
        return queue_depth(self.client, self.names[-1]).visible or 0

    def close(self) -> None:
        for name in self.names:
            try:
                url = self.client.get_queue_url(QueueName=name)["QueueUrl"]
            except self.client.exceptions.QueueDoesNotExist:
                continue
            self.client.delete_queue(QueueUrl=url)


class RealServiceBus:
    """Open queues in a namespace; a lock lasts 5 s at least."""

    refuses_characters = False
    max_receives = 5
    scale = 6

    def __init__(self) -> None:
        self.counters = Counters()
        self.admin = ServiceBusAdministrationClient.from_connection_string(_CONNECTION)
        azure = AzureSettings(servicebus_connection=Secret(_CONNECTION))
        self.bus = ServiceBusBus(azure, QueueSettings())
        self.name = f"runstream-test-{uuid.uuid4()}"
        self.is_there = False

    def open(self, *, suffix: str = "", visibility_seconds: int = 60) -> WorkQueue:
        if suffix:
            pytest.skip("Service Bus has no FIFO queues without sessions")
        lock = timedelta(seconds=min(visibility_seconds * self.scale, 300))
        self.admin.create_queue(self.name, lock_duration=lock, max_delivery_count=5)
        self.is_there = True
        return self.bus.open_work_queue(self.name, self.counters)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds * self.scale)

    def count_dead_letters(self) -> int:
        return self.admin.get_queue_runtime_properties(self.name).dead_letter_message_count

    def close(self) -> None:
        self.bus.close()
        if self.is_there:
            self.admin.delete_queue(self.name)
        self.admin.close()


class RealPubsub:
    """Open topics in a project; a hold lasts 10 s at least."""

    refuses_characters = False
    max_receives = MAX_DELIVERY_ATTEMPTS
    project = _PROJECT
    scale = 10

    def __init__(self) -> None:
        self.counters = Counters()
        self.name = f"runstream-test-{uuid.uuid4()}"
        names = (f"m-{self.name}", f"l-{self.name}", self.name)
        self.names = [*names, *(f"{each}_dlq" for each in names)]
        queues = QueueSettings(
            metrics_queue=names[0], logs_queue=names[1], job_events_queue=names[2]
        )
        self.bus = PubsubBus(self.project, queues)

    def open(self, *, suffix: str = "", visibility_seconds: int = 60) -> WorkQueue:
        if suffix:
            pytest.skip("Pub/Sub has no FIFO queues")
        list(self.bus.set_up())
        clients = self.bus._clients
        hold = min(visibility_seconds * self.scale, 600)
        clients.subscriber.update_subscription(
            subscription={
                "name": clients.subscription_path(self.name),
                "topic": clients.topic_path(self.name),
                "ack_deadline_seconds": hold,
            },
            update_mask={"paths": ["ack_deadline_seconds"]},
        )
        return self.bus.open_work_queue(self.name, self.counters)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds * self.scale)

    def count_dead_letters(self) -> int:
        letters = self.bus.open_dead_letters(self.name, self.counters)
        return len(letters.receive(max_messages=10, wait_seconds=20))

    def close(self) -> None:
        clients = self.bus._clients
        for name in self.names:
            try:
                clients.subscriber.delete_subscription(subscription=clients.subscription_path(name))
                clients.publisher.delete_topic(topic=clients.topic_path(name))
            except NotFound:
                continue
        self.bus.close()


class EmulatedPubsub(RealPubsub):
    """Open topics in Google's emulator, which takes shorter holds than the service."""

    project = "here"
    scale = 4


REAL_BUSES = {
    name: world
    for name, world, chosen in (
        ("real-sqs", RealSqs, _SQS),
        ("real-servicebus", RealServiceBus, _CONNECTION),
        ("real-pubsub", RealPubsub, _PROJECT),
    )
    if chosen
}
