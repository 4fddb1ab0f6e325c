"""The envelope of a fact about an attempt, one of its jobs or one of its logs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..domain.runs import AttemptKey
from .envelope import Envelope, event_id


def attempt_envelope(
    kind: str,
    key: AttemptKey,
    *identity: object,
    now: datetime,
    data: Mapping[str, Any],
    cloudevents_root: str | None = None,
) -> Envelope:
    """Build an envelope; ``identity`` is what tells facts of one kind about an attempt apart."""
    return Envelope(
        event_type=kind,
        event_id=event_id(kind, key.repository, key.run_id, key.run_attempt, *identity),
        repo=key.repository,
        group=run_group(key),
        timestamp=now,
        data=data,
        cloudevents_root=cloudevents_root,
    )


def attempt_fields(key: AttemptKey) -> dict[str, Any]:
    """Return the fields that name the attempt."""
    return {"repo": key.repository, "run_id": key.run_id, "run_attempt": key.run_attempt}


def run_group(key: AttemptKey) -> str:
    """Name the FIFO group in which a run's messages keep their order."""
    # SQS takes 128 characters; the id alone identifies a run, the name is for readers.
    return f"{key.repository[:100]}/{key.run_id}"
