"""Messages as CloudEvents 1.0: the same data in another envelope, readable by any of its SDKs.

The body is a CloudEvent in JSON (structured mode). SQS has no binding, so its attributes repeat the
event's with the prefix ``ce-``, as in the headers of the HTTP binding.
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/amqp-protocol-binding.md
"""

from __future__ import annotations

from typing import Any

from ..domain.timestamps import format_timestamp
from .envelope import SCHEMA_VERSION, Envelope

TYPE_PREFIX = "runstream."

#: The content type of a CloudEvent in structured mode: the body is the whole event.
CLOUDEVENT_CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

_SPEC_VERSION = "1.0"

#: SQS accepts 10 attributes: these six, three of Runstream, and the one of a claim check.
_AS_ATTRIBUTES = ("specversion", "id", "source", "type", "time", "subject")


def cloudevent_fields(envelope: Envelope) -> dict[str, Any]:
    """Return an envelope as a CloudEvent; ``data`` is its last field."""
    return {
        "specversion": _SPEC_VERSION,
        "id": envelope.event_id,
        "source": f"{envelope.cloudevents_source_root}/{envelope.repo}",
        "type": TYPE_PREFIX + envelope.event_type,
        "time": format_timestamp(envelope.timestamp),
        "subject": _subject(envelope),
        "datacontenttype": "application/json",
        "partitionkey": envelope.group,
        "schemaversion": SCHEMA_VERSION,
        "data": envelope.data,
    }


def cloudevent_attributes(envelope: Envelope) -> dict[str, str]:
    """Return the message attributes of a CloudEvent."""
    fields = cloudevent_fields(envelope)
    return {f"ce-{name}": str(fields[name]) for name in _AS_ATTRIBUTES}


def _subject(envelope: Envelope) -> str:
    """Name the attempt or the job within the repository, as GitHub's addresses do."""
    data = envelope.data
    attempt = f"runs/{data['run_id']}/attempts/{data['run_attempt']}"
    return f"{attempt}/jobs/{data['job_id']}" if "job_id" in data else attempt
