"""Claim checks: a message that says where in S3 its payload lies.

The wire format is the Amazon SQS Extended Client Library's, so its readers in Java and Python get
the payload without knowing of us. Nothing is stored or fetched here.
https://github.com/awslabs/amazon-sqs-java-extended-client-lib
https://github.com/awslabs/amazon-sqs-python-extended-client-lib
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from .encoding import QueueMessage, encode_envelope, encode_json, envelope_attributes
from .envelope import Envelope

#: Says how many bytes the payload has, and by being there that the body is a pointer. SQS must be
#: written with the type Number; the name of that type is as long as String, so sizes stay right.
PAYLOAD_SIZE_ATTRIBUTE = "ExtendedPayloadSize"

_POINTER_CLASS = "software.amazon.payloadoffloading.PayloadS3Pointer"


class Pointer(NamedTuple):
    """The reference to the S3 object that holds a payload."""

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
            **envelope_attributes(envelope),
            PAYLOAD_SIZE_ATTRIBUTE: str(payload_bytes),
        },
    )


def content_url_message(envelope: Envelope, content_url: str) -> QueueMessage:
    """Encode a log's own message with the address of its content in place of the content.

    The object is the log alone, byte for byte. For buses that have no format of their own for this.
    """
    data = {**envelope.data, "log_content": None, "content_url": content_url}
    return encode_envelope(replace(envelope, data=data))
