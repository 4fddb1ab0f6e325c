"""The envelope around every message, and the ids of events."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    identity = "\x1f".join(map(str, parts)).encode(errors="backslashreplace")
    # The same as ``uuid.uuid5``, which takes three times as long because it builds an object first.
    digest = hashlib.sha1(_EVENT_NAMESPACE.bytes + identity, usedforsecurity=False).hexdigest()
    variant = f"{int(digest[16], 16) & 0x3 | 0x8:x}"
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"
