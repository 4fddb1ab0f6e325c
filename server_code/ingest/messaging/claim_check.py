"""Claim checks: a message that says where in S3 its payload lies.

The wire format is the Amazon SQS Extended Client Library's, so its readers in Java and Python get
the payload without knowing of us. Nothing is stored or fetched here.
https://github.com/awslabs/amazon-sqs-java-extended-client-lib
https://github.com/awslabs/amazon-sqs-python-extended-client-lib
"""

from __future__ import annotations

import json
from typing import NamedTuple

from ..errors import MalformedPayload
from .envelope import Envelope, QueueMessage, encode_json, message_attributes

#: Says how many bytes the payload has, and by being there that the body is a pointer. SQS must be
#: told that its type is Number; the name of that type is as long as String, so sizes stay right.
PAYLOAD_SIZE_ATTRIBUTE = "ExtendedPayloadSize"

_POINTER_CLASS = "software.amazon.payloadoffloading.PayloadS3Pointer"


class Pointer(NamedTuple):
    """Name the S3 object that holds a payload."""

    bucket: str
    key: str


def pointer_message(envelope: Envelope, pointer: Pointer, *, payload_bytes: int) -> QueueMessage:
    """Encode a message whose payload lies at ``pointer``; ids and attributes are the envelope's."""
    location = {"s3BucketName": pointer.bucket, "s3Key": pointer.key}
    return QueueMessage(
        event_id=envelope.event_id,
        event_type=envelope.event_type,
        group=envelope.group,
        body=encode_json([_POINTER_CLASS, location]),
        attributes={
            **message_attributes(envelope.event_type, envelope.repo),
            PAYLOAD_SIZE_ATTRIBUTE: str(payload_bytes),
        },
    )


def parse_pointer(body: str) -> Pointer | None:
    """Find out where a body points; None for a body that is a payload itself.

    Raises MalformedPayload for a pointer without a bucket or key.
    """
    if not body.lstrip().startswith("["):
        return None
    try:
        name, location = json.loads(body)
    except ValueError:
        return None
    if name != _POINTER_CLASS:
        return None
    match location:
        case {"s3BucketName": str(bucket), "s3Key": str(key)}:
            return Pointer(bucket, key)
    raise MalformedPayload(f"A claim check names no bucket or no key: {body[:200]}")
