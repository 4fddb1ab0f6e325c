"""The three buses as read_queues.py reads them: messages, and where large logs are stored.

Each bus needs its own packages: boto3 and amazon-sqs-extended-client for SQS; azure-servicebus,
azure-storage-blob and azure-identity for Service Bus; google-cloud-pubsub and google-cloud-storage
for Pub/Sub. Credentials come from the environment, as the vendors' own tools read them.
"""

# ruff: noqa: INP001 - a script, not a module of a package

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]

#: A received message's body, and the call that removes it from its queue.
Received = tuple[Json, Callable[[], object]]


class Sqs:
    """Queues of SQS; the extended client replaces a pointer to S3 by the object."""

    def __init__(self) -> None:
        import boto3

        # This import changes every SQS client of the process to an extended client.
        import sqs_extended_client
        from botocore.config import Config

        self._marker = sqs_extended_client.client.S3_KEY_MARKER
        config = Config(retries={"mode": "standard", "total_max_attempts": 5})
        session: Any = boto3.session.Session()
        region = session.region_name or "us-east-1"
        self._sqs = session.client("sqs", region_name=region, config=config)
        self._sqs.s3_client = session.client("s3", region_name=region, config=config)

    def receive(self, name: str, maximum: int, wait_seconds: int) -> Iterator[Received]:
        """Yield the messages of one request; none if the queue stays empty."""
        url = name if "://" in name else self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        for message in self._sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=maximum,
            WaitTimeSeconds=wait_seconds,
            MessageAttributeNames=["All"],
        ).get("Messages", []):
            handle = self._own_handle(message)
            yield (
                json.loads(message["Body"]),
                lambda handle=handle: self._sqs.delete_message(QueueUrl=url, ReceiptHandle=handle),
            )

    def _own_handle(self, message: Json) -> str:
        """Return the original receipt handle of SQS.

        For a message from S3, the extended client prepends the location of the object to the
        handle, and removes it with ``handle.split("-")[-1]``. A handle that contains a hyphen then
        loses its beginning, and the message is never deleted. The prefix is therefore removed here.
        """
        handle: str = message["ReceiptHandle"]
        return handle.rpartition(self._marker)[2]


class ServiceBus:
    """Queues of a Service Bus namespace, by connection string or Entra ID."""

    def __init__(self) -> None:
        from azure.servicebus import ServiceBusClient

        text = os.environ.get("SERVICEBUS_CONNECTION_STRING")
        if text:
            self._client = ServiceBusClient.from_connection_string(text)
        else:
            from azure.identity import DefaultAzureCredential

            namespace = os.environ["SERVICEBUS_NAMESPACE"]
            self._client = ServiceBusClient(namespace, DefaultAzureCredential())
        self._receivers: dict[str, Any] = {}

    def receive(self, name: str, maximum: int, wait_seconds: int) -> Iterator[Received]:
        """Yield the messages of one request; none if the queue stays empty."""
        if name not in self._receivers:
            self._receivers[name] = self._client.get_queue_receiver(name)
        receiver = self._receivers[name]
        for message in receiver.receive_messages(maximum, max_wait_time=wait_seconds):
            yield (
                json.loads(b"".join(message.body)),
                lambda message=message: receiver.complete_message(message),
            )


class Pubsub:
    """Subscriptions of Pub/Sub, named as their topics, with application default credentials."""

    def __init__(self) -> None:
        from google.pubsub_v1 import SubscriberClient

        self._project = os.environ["GOOGLE_CLOUD_PROJECT"]
        emulator = os.environ.get("PUBSUB_EMULATOR_HOST")
        if emulator:
            import grpc
            from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

            # By default gRPC refuses messages of more than 4 MB; the vendor's channel allows them.
            unlimited = [("grpc.max_receive_message_length", -1)]
            channel = grpc.insecure_channel(emulator, options=unlimited)
            self._client = SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))
        else:
            self._client = SubscriberClient()

    def receive(self, name: str, maximum: int, wait_seconds: int) -> Iterator[Received]:
        """Yield the messages of one pull; none if the subscription stays empty."""
        from google.api_core.exceptions import DeadlineExceeded

        path = f"projects/{self._project}/subscriptions/{name}"
        request = {"subscription": path, "max_messages": maximum}
        try:
            pulled = self._client.pull(request, timeout=wait_seconds, retry=None).received_messages
        except DeadlineExceeded:
            return
        for each in pulled:
            yield (
                json.loads(each.message.data),
                lambda ack=each.ack_id: self._client.acknowledge(subscription=path, ack_ids=[ack]),
            )


BUSES: dict[str, Callable[[], Any]] = {"sqs": Sqs, "servicebus": ServiceBus, "pubsub": Pubsub}


def download(url: str, first_byte: int = 0, last_byte: int | None = None) -> bytes:
    """Return the log at a ``content_url``, or a range of its bytes, both ends included."""
    read = _from_cloud_storage if url.startswith("gs://") else _from_blob_storage
    return read(url, first_byte, last_byte)


def _from_cloud_storage(url: str, first_byte: int, last_byte: int | None) -> bytes:
    from google.cloud.storage import Client

    bucket, _, key = url.removeprefix("gs://").partition("/")
    blob = Client(project=os.environ["GOOGLE_CLOUD_PROJECT"]).bucket(bucket).blob(key)
    content: bytes = blob.download_as_bytes(start=first_byte, end=last_byte, raw_download=True)
    return content


def _from_blob_storage(url: str, first_byte: int, last_byte: int | None) -> bytes:
    from azure.storage.blob import BlobClient

    text = os.environ.get("AZURE_STORAGE_CONNECTION_STRING")
    if text:
        named = BlobClient.from_blob_url(url)
        client = BlobClient.from_connection_string(text, named.container_name, named.blob_name)
    else:
        from azure.identity import DefaultAzureCredential

        client = BlobClient.from_blob_url(url, DefaultAzureCredential())
    length = None if last_byte is None else last_byte - first_byte + 1
    return client.download_blob(first_byte, length, decompress=False).readall()
