"""Envelopes as the messages of a queue: JSON and attributes that every bus accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..domain.timestamps import format_timestamp
from .cloudevents import CLOUDEVENT_CONTENT_TYPE, cloudevent_attributes, cloudevent_fields
from .envelope import SCHEMA_VERSION, Envelope

#: SQS accepts only the characters of XML 1.0. JSON escapes control characters itself, but not
#: these.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_FORBIDDEN = re.compile("[\ud800-\udfff\ufffe\uffff]")

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)

JSON_CONTENT_TYPE = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMessage:
    """An encoded message, as a queue will hold it. ``group``: its message group in a FIFO queue."""

    event_id: str
    group: str
    body: str
    attributes: Mapping[str, str]
    delay_seconds: int = 0
    content_type: str = JSON_CONTENT_TYPE

    @property
    def size_bytes(self) -> int:
        """Measure the body in UTF-8, and each attribute as in SQS: name, type ``String``, value."""
        names, values = "".join(self.attributes), "".join(self.attributes.values())
        types = len(self.attributes) * len("String")
        return _size(self.body) + _size(names) + types + _size(values)


def _size(text: str) -> int:
    """Measure a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def encode_json(value: object) -> str:
    """Encode a value as JSON; only characters that a bus does not accept are escaped."""
    text = _JSON.encode(value)
    if text.isascii():
        return text  # has none of them, and the search is slow
    return _FORBIDDEN.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def escape_json(text: str) -> str:
    """Return a text as it is written within a JSON string, without the quotes."""
    return encode_json(text)[1:-1]


def message_attributes(event_type: str, repo: str) -> dict[str, str]:
    """Return the attributes by which readers can filter messages without parsing them."""
    return {"event_type": event_type, "repo": repo, "schema_version": SCHEMA_VERSION}


def envelope_fields(envelope: Envelope) -> dict[str, Any]:
    """Return the envelope as its readers see it; ``data`` is the last field."""
    if envelope.cloudevents_source_root is not None:
        return cloudevent_fields(envelope)
    return {
        "event_type": envelope.event_type,
        "event_id": envelope.event_id,
        "schema_version": SCHEMA_VERSION,
        "timestamp": format_timestamp(envelope.timestamp),
        "data": envelope.data,
    }


def encode_envelope(
    envelope: Envelope, *, body: str | None = None, delay_seconds: int = 0
) -> QueueMessage:
    """Encode an envelope for a queue; ``body``: its JSON, if the caller has written it."""
    attributes = message_attributes(envelope.event_type, envelope.repo)
    is_plain = envelope.cloudevents_source_root is None
    return QueueMessage(
        event_id=envelope.event_id,
        group=envelope.group,
        body=encode_json(envelope_fields(envelope)) if body is None else body,
        attributes=attributes if is_plain else {**attributes, **cloudevent_attributes(envelope)},
        delay_seconds=delay_seconds,
        content_type=JSON_CONTENT_TYPE if is_plain else CLOUDEVENT_CONTENT_TYPE,
    )
