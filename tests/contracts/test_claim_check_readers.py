"""A log too large for the queue reaches readers who have never heard of us."""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
import uuid
from contextlib import closing
from datetime import datetime, timezone

import pytest
from ingest.adapters.aws.s3 import S3BlobStore
from ingest.adapters.aws.sqs import SqsPublisher
from ingest.domain.counters import Counters
from ingest.domain.runs import AttemptKey
from ingest.messaging.claim_check import pointer_message
from ingest.messaging.log_content import inspect_log
from ingest.messaging.log_events import (
    LogMetadata,
    log_envelope,
    log_object_key,
    log_payload,
)
from support.aws_server import LocalAws, s3_client, sqs_client

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


def a_log_s_facts() -> LogMetadata:
    log_bytes, log_sha256, is_text = inspect_log(io.BytesIO(LOG))
    return LogMetadata(
        key=AttemptKey("octo/api", 7, 1),
        job_id=9,
        job_name="build",
        log_bytes=log_bytes,
        log_sha256=log_sha256,
        fetched_at=datetime(2026, 11, 24, tzinfo=timezone.utc),
        is_text=is_text,
    )


@pytest.mark.skipif(
    importlib.util.find_spec("sqs_extended_client") is None,
    reason="amazon-sqs-extended-client is not installed",
)
def test_the_extended_client_of_aws_reads_a_claim_check(aws: LocalAws) -> None:
    """The Amazon SQS Extended Client for Python receives the whole envelope as the body."""
    name = f"logs-{uuid.uuid4()}"
    metadata = a_log_s_facts()
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
    read = subprocess.run(
        [sys.executable, "-c", READER, aws.endpoint_url, name],
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    assert json.loads(read.stdout)["data"]["log_content"].encode() == LOG
