"""The envelope of an event of an attempt, of one of its jobs or of one of its logs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..domain.runs import AttemptKey
from .envelope import Envelope, event_id


def attempt_envelope(
    event_type: str,
    key: AttemptKey,
    *identity: object,
    now: datetime,
    data: Mapping[str, Any],
    cloudevents_source_root: str | None = None,
) -> Envelope:
    """Build an envelope; ``identity`` distinguishes an attempt's events of the same type."""
    return Envelope(
        event_type=event_type,
        event_id=event_id(event_type, key.repository, key.run_id, key.run_attempt, *identity),
        repo=key.repository,
        group=message_group(key),
        timestamp=now,
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
