"""The envelope around every message, and the ids of events."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..domain.runs import AttemptKey

#: A change that consumers may ignore raises the minor number, any other change the major one.
SCHEMA_VERSION = "1.1"

#: The namespace of event ids. A change would give every published event a new id.
_EVENT_NAMESPACE = uuid.UUID("5a2f0b9e-9f0e-5c8e-8c43-2f7d1a3f6b11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One event, before it is encoded for a queue.

    ``event_id`` is always the same for the same event, so that readers can drop repeats. ``group``
    is the FIFO message group, which keeps the messages of a run in order.
    ``cloudevents_source_root``: the URL of the GitHub server, which is the beginning of the
    ``source`` of CloudEvents; None for Runstream's own format.
    """

    event_type: str
    event_id: str
    repo: str
    group: str
    timestamp: datetime
    data: Mapping[str, Any]
    cloudevents_source_root: str | None = None


def event_id(*parts: object) -> str:
    """Derive an event's id from what identifies it."""
    identity = "\x1f".join(map(str, parts)).encode(errors="backslashreplace").decode()
    return str(uuid.uuid5(_EVENT_NAMESPACE, identity))


def attempt_envelope(
    event_type: str,
    key: AttemptKey,
    *identity: object,
    timestamp: datetime,
    data: Mapping[str, Any],
    cloudevents_source_root: str | None = None,
) -> Envelope:
    """Build the envelope of an event of an attempt, of one of its jobs or of one of its logs.

    ``identity`` distinguishes an attempt's events of the same type.
    """
    return Envelope(
        event_type=event_type,
        event_id=event_id(event_type, key.repository, key.run_id, key.run_attempt, *identity),
        repo=key.repository,
        group=message_group(key),
        timestamp=timestamp,
        data=data,
        cloudevents_source_root=cloudevents_source_root,
    )


def attempt_fields(key: AttemptKey) -> dict[str, Any]:
    """Return the fields that identify an attempt in a message's data."""
    return {"repo": key.repository, "run_id": key.run_id, "run_attempt": key.run_attempt}


def message_group(key: AttemptKey) -> str:
    """Return the FIFO message group of a run, which keeps its messages in order."""
    # SQS takes 128 characters; the id alone identifies a run, the name is for readers.
    return f"{key.repository[:100]}/{key.run_id}"
