"""Accept webhooks: each makes its run due, and the API is then read for the details.

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
    """Verify one delivery and make its run due; return the response text.

    Header names are in lower case, ``body`` is the raw request body. A delivery is accepted once;
    unknown events and repositories are acknowledged and ignored. Raises InvalidSignature, or
    MalformedPayload for a signed body that is not a JSON object.
    """
    delivery = parse_delivery(headers, body, secret=secret.reveal() if secret else "")
    if delivery.repository is None or delivery.run_id is None:
        return f"ignored: {delivery.event} does not concern a run"
    if store.load_repository(delivery.repository) is None:
        return f"ignored: {delivery.repository} is not watched"
    if not store.claim_delivery(delivery.delivery_id, now=now):
        return "ignored: this delivery was received before"
    store.save_run_hint(delivery.repository, delivery.run_id, now=now)
    store.make_due(delivery.repository, now=now)
    return f"accepted: run {delivery.run_id} is due now"


def refuse_webhook(error: IngestError) -> tuple[int, str]:
    """Return the HTTP status and text for a delivery that was not accepted."""
    if isinstance(error, InvalidSignature):
        return 401, str(error)
    if isinstance(error, (Rejected, Skippable)):
        return 400, str(error)
    # GitHub lists it as a failed delivery, and that list is read later.
    logger.error("webhook not stored", exc_info=error)
    return 503, "The webhook could not be stored."
