"""The run or job in the payload of a webhook, with the same value as if it had been read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ..domain.ledger import DeliveredEvent
from ..errors import MalformedPayload
from .fields import mapping
from .payloads import parse_job, parse_run
from .webhooks import Delivery

#: A payload without these has an older form, and its run is requested instead.
_NEEDED = ("id", "run_attempt", "status", "created_at")


def parse_delivered_event(delivery: Delivery, *, received_at: datetime) -> DeliveredEvent | None:
    """Return the run or job of a delivery; None if the delivery does not contain all of it."""
    payload = mapping(delivery.payload.get(delivery.event))
    if not all(payload.get(name) for name in _NEEDED):
        return None
    event = DeliveredEvent(delivery_id=delivery.delivery_id, received_at=received_at)
    try:
        if delivery.event == "workflow_run" and delivery.repository is not None:
            run = parse_run(payload, repository=delivery.repository)
            return replace(event, run=run)
        if delivery.event == "workflow_job":
            return replace(event, job=parse_job(payload))
    except MalformedPayload:
        pass
    return None
