"""Accept webhooks: their runs and jobs are kept until the next poll, which is due at once.

Without webhooks, a collector misses nothing; with them it is faster and sends fewer requests.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ...domain.ledger import DeliveredEvent, RepositoryRecord
from ...errors import IngestError, InvalidSignature, Rejected, Skippable
from ...ports import StateStore
from ...settings import Secret
from ...wire.webhooks import parse_delivered_event, parse_delivery
from ..sources.source_hints import SOURCES_PSEUDO_RUN

logger = logging.getLogger(__name__)

#: Events that may change what sources include.
SOURCE_EVENTS = frozenset({"repository", "installation", "installation_repositories"})

#: The name under which replayed bodies are counted.
REPLAYED_WEBHOOKS = "webhooks_replayed"

#: The prefix of the key that a delivery claims for its body's digest.
_BODY_PREFIX = "body "


def receive_webhook(
    store: StateStore,
    headers: Mapping[str, str],
    body: bytes,
    *,
    secret: Secret | None,
    now: datetime,
) -> str:
    """Verify one delivery and make its run due; return the response text.

    Header names are in lower case, ``body`` is the raw request body. Each delivery id and each body
    is accepted once, because the id is not signed; replayed bodies are counted. A delivery that
    could not be stored is not claimed: it is accepted when it is sent again. Unknown events and
    repositories are acknowledged and ignored. Raises InvalidSignature, or MalformedPayload for a
    signed body that is not a JSON object.
    """
    delivery = parse_delivery(headers, body, secret=secret.reveal() if secret else "")
    # A delivery's id is not signed: the prefix keeps it apart from the keys of other claims.
    keys = (f"delivery {delivery.delivery_id}", f"{_BODY_PREFIX}{hashlib.sha256(body).hexdigest()}")
    if delivery.event in SOURCE_EVENTS:
        return _list_sources_now(store, keys, now=now)
    run_id = delivery.run_id
    if delivery.repository is None or run_id is None:
        return f"ignored: {delivery.event} does not concern a run"
    record = store.load_repository(delivery.repository)
    if record is None:
        record = _find_renamed(store, delivery.repository_id)
        if record is None:
            return f"ignored: {delivery.repository} is not watched"
        delivery = replace(delivery, repository=record.full_name)
    # Nothing is processed while a repository is paused, so its run is read later.
    event = None if record.paused else parse_delivered_event(delivery, received_at=now)
    replay = _claim(store, keys, (record.full_name, run_id), now=now, event=event)
    return replay or f"accepted: run {run_id} is due now"


def _find_renamed(store: StateStore, repository_id: int | None) -> RepositoryRecord | None:
    """Find a repository that was renamed or transferred and is watched under its former name."""
    if repository_id is None:
        return None
    former = store.find_discovered_repositories(repository_id)
    records = (store.load_repository(each.full_name) for each in former)
    return next((record for record in records if record is not None), None)


def _list_sources_now(store: StateStore, keys: Sequence[str], *, now: datetime) -> str:
    """Make discovery due: a repository was created, renamed, archived, deleted or installed."""
    if not store.list_sources():
        return "ignored: no source lists repositories"
    replay = _claim(store, keys, SOURCES_PSEUDO_RUN, now=now)
    return replay or "accepted: the repositories of all sources are listed now"


def _claim(
    store: StateStore,
    keys: Sequence[str],
    hinted_run: tuple[str, int],
    *,
    now: datetime,
    event: DeliveredEvent | None = None,
) -> str | None:
    """Claim a delivery and save its hint or event; return the response if it is ignored."""
    claimed_before = store.save_delivery_once(keys, *hinted_run, now=now, event=event)
    if claimed_before is None:
        return None
    if not claimed_before.startswith(_BODY_PREFIX):
        return "ignored: this delivery was received before"
    store.add_to_saved_counters({REPLAYED_WEBHOOKS: 1}, now=now)
    return "ignored: this body was received before under another delivery id"


def webhook_error_response(error: IngestError) -> tuple[int, str]:
    """Return the HTTP status and text for a delivery that was not accepted."""
    if isinstance(error, InvalidSignature):
        return 401, str(error)
    if isinstance(error, (Rejected, Skippable)):
        return 400, str(error)
    # GitHub lists it as a failed delivery, and that list is read later.
    logger.error("webhook not stored", exc_info=error)
    return 503, "The webhook could not be stored."
