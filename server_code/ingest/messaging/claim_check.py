"""Claim checks: messages that contain the place of their payload in S3 instead of the payload.

The format is that of the Amazon SQS Extended Client Library, so its readers in Java and Python
get the payload without any change. Nothing is stored or fetched here.
https://github.com/awslabs/amazon-sqs-java-extended-client-lib
https://github.com/awslabs/amazon-sqs-python-extended-client-lib
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from .encoding import JSON_CONTENT_TYPE, QueueMessage, encode_envelope, encode_json
from .envelope import Envelope

#: The size of the payload in bytes. A message with this attribute has a pointer as its body. Its
#: type in SQS is Number, which is as long as String, so the message's ``size_bytes`` is right.
PAYLOAD_SIZE_ATTRIBUTE = "ExtendedPayloadSize"

_POINTER_CLASS = "software.amazon.payloadoffloading.PayloadS3Pointer"


class BlobReference(NamedTuple):
    """The bucket and key of a stored object."""

    bucket: str
    key: str


class LogObjects(NamedTuple):
    """The objects of one log: ``payload`` holds the complete envelope, ``plain_log`` the log."""

    payload: BlobReference
    payload_bytes: int
    plain_log: BlobReference


def pointer_message(
    envelope: Envelope, payload: BlobReference, *, payload_bytes: int
) -> QueueMessage:
    """Encode a message that points to its payload, with the envelope's id and attributes."""
    location = {"s3BucketName": payload.bucket, "s3Key": payload.key}
    message = encode_envelope(envelope, body=encode_json([_POINTER_CLASS, location]))
    attributes = {**message.attributes, PAYLOAD_SIZE_ATTRIBUTE: str(payload_bytes)}
    return replace(message, attributes=attributes, content_type=JSON_CONTENT_TYPE)


def content_url_message(envelope: Envelope, content_url: str) -> QueueMessage:
    """Encode the message of a log with the URL of the content in place of the content.

    The object is the log alone, byte for byte. This is for buses that have no claim checks of their
    own.
    """
    data = {**envelope.data, "log_content": None, "content_url": content_url}
    return encode_envelope(replace(envelope, data=data))
