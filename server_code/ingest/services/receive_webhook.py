"""Taking in webhooks: they say that something happened, and the API says what.

A collector without webhooks is complete; with them it is faster.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from ..errors import IngestError, InvalidSignature, Rejected, Skippable
from ..ports import StateStore
from ..settings import Secret
from ..wire.webhooks import parse_delivery

logger = logging.getLogger(__name__)


def receive_webhook(
    store: StateStore,
    headers: Mapping[str, str],
    body: bytes,
    *,
    secret: Secret | None,
    now: datetime,
) -> str:
    """Verify one delivery and make its run due at once; return what was done, for the answer.

    Header names are in lower case, ``body`` is what came over the wire. A delivery counts once;
    unknown events and repositories are acknowledged and ignored. Raises InvalidSignature, or
    MalformedPayload for a signed body that is no JSON object.
    """
    delivery = parse_delivery(headers, body, secret=secret.reveal() if secret else "")
    if delivery.repository is None or delivery.run_id is None:
        return f"ignored: {delivery.event} says nothing of a run"
    if store.load_repository(delivery.repository) is None:
        return f"ignored: {delivery.repository} is not watched"
    if not store.claim_delivery(delivery.delivery_id, now=now):
        return "ignored: this delivery was received before"
    store.save_run_hint(delivery.repository, delivery.run_id, now=now)
    store.make_due(delivery.repository, now=now)
    return f"accepted: run {delivery.run_id} is looked at now"


def refuse_webhook(error: IngestError) -> tuple[int, str]:
    """Choose the HTTP status and the words for a delivery that was not taken in."""
    if isinstance(error, InvalidSignature):
        return 401, str(error)
    if isinstance(error, (Rejected, Skippable)):
        return 400, str(error)
    # GitHub lists it as failed, and it is made good from that list.
    logger.error("webhook not kept", exc_info=error)
    return 503, "The webhook could not be kept."
