"""A claim check is the SQS Extended Client's, to the byte."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from ingest.messaging.claim_check import BlobReference, pointer_message
from ingest.messaging.envelope import Envelope

ENVELOPE = Envelope(
    event_type="job_log_fetched",
    event_id="e-1",
    repo="octo/api",
    group="octo/api/7",
    timestamp=datetime(2026, 11, 24, tzinfo=timezone.utc),
    data={},
)
POINTER = BlobReference("logs-bucket", "logs/octo/api/7/1/9.json")


def test_a_pointer_is_written_as_the_extended_client_writes_it() -> None:
    """Body and size attribute are what its readers look for."""
    message = pointer_message(ENVELOPE, POINTER, payload_bytes=2_000_000)
    assert json.loads(message.body) == [
        "software.amazon.payloadoffloading.PayloadS3Pointer",
        {"s3BucketName": "logs-bucket", "s3Key": "logs/octo/api/7/1/9.json"},
    ]
    assert message.attributes == {
        "event_type": "job_log_fetched",
        "repo": "octo/api",
        "schema_version": "1.1",
        "ExtendedPayloadSize": "2000000",
    }
    assert (message.event_id, message.group) == ("e-1", "octo/api/7")


def test_the_type_number_takes_as_many_bytes_as_string() -> None:
    """The size of a message stays exact although one attribute is a Number."""
    assert len("Number") == len("String")
