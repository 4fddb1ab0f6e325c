"""A log too large for the queue reaches readers who have never heard of us."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import uuid
from contextlib import closing

import pytest
from ingest.adapters.aws.s3 import S3BlobStore
from ingest.adapters.aws.sqs import SqsPublisher
from ingest.domain.counters import Counters
from ingest.messaging.claim_check import pointer_message
from ingest.messaging.log_events import (
    log_envelope,
    log_object_key,
    log_payload,
)
from support.aws_server import LocalAws, s3_client, sqs_client
from support.message_examples import log_metadata
from support.processes import run_program

LOG = "2026-11-24T06:30:00Z \x1b[32mgreen\x1b[0m é😀\r\n".encode() * 40_000


#: Importing the client replaces boto3's sessions, so it reads in a process of its own.
READER = """
import sys
import boto3
import sqs_extended_client

endpoint, name = sys.argv[1:]
session = boto3.session.Session(
    aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1"
)
sqs = session.client("sqs", endpoint_url=endpoint)
sqs.s3_client = session.client("s3", endpoint_url=endpoint)
sqs.large_payload_support = name
url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
(message,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
sys.stdout.buffer.write(message["Body"].encode())
"""


@pytest.mark.skipif(
    importlib.util.find_spec("sqs_extended_client") is None,
    reason="amazon-sqs-extended-client is not installed",
)
def test_the_extended_client_of_aws_reads_a_claim_check(aws: LocalAws) -> None:
    """The Amazon SQS Extended Client for Python receives the whole envelope as the body."""
    name = f"logs-{uuid.uuid4()}"
    metadata = log_metadata(LOG)
    with closing(s3_client(aws)) as s3, closing(sqs_client(aws)) as sqs:
        s3.create_bucket(Bucket=name)
        sqs.create_queue(QueueName=name)
        stored = S3BlobStore(s3, name).put(
            log_object_key(metadata, "json"),
            log_payload(metadata, lambda: io.BytesIO(LOG)),
            content_type="application/json",
        )
        size = s3.head_object(Bucket=name, Key=stored.key)["ContentLength"]
        message = pointer_message(log_envelope(metadata), stored, payload_bytes=size)
        assert SqsPublisher.open(sqs, name, Counters()).send([message]) == ()
    read = run_program([sys.executable, "-c", READER, aws.endpoint_url, name])
    assert read.returncode == 0, read.stderr
    assert json.loads(read.stdout)["data"]["log_content"].encode() == LOG
