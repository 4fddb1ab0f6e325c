"""A webhook delivery: verified, then read, with the run or job in its payload.

https://docs.github.com/en/webhooks
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from ..domain.ledger import DeliveredEvent
from ..domain.repositories import parse_full_name
from ..errors import InvalidRepository, InvalidSignature, MalformedPayload
from .fields import integer, load_json, mapping, text
from .payloads import parse_job, parse_run

#: GitHub caps payloads at 25 MB. https://docs.github.com/en/webhooks/webhook-events-and-payloads
MAX_BODY_BYTES = 25 * 1024 * 1024

#: GitHub's ids are GUIDs. They are not signed, and the state stores them as keys.
_DELIVERY_ID = re.compile(r"[ -~]{1,100}")

#: The one field of ``application/x-www-form-urlencoded``.
_FORM_FIELD = b"payload="

#: A payload without these has an older form, and its run is requested instead.
_NEEDED_FIELDS = ("id", "run_attempt", "status", "created_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One verified delivery. ``event`` stays a string: GitHub adds events without notice."""

    delivery_id: str
    event: str
    repository: str | None
    payload: Mapping[str, Any]

    @property
    def repository_id(self) -> int | None:
        """Return the id of its repository, which stays the same when the repository is renamed."""
        return integer(mapping(self.payload.get("repository")).get("id"))

    @property
    def run_id(self) -> int | None:
        """Return the id of its run; None if the delivery is not about a run."""
        if self.event == "workflow_run":
            return integer(mapping(self.payload.get("workflow_run")).get("id"))
        if self.event == "workflow_job":
            return integer(mapping(self.payload.get("workflow_job")).get("run_id"))
        return None


def parse_delivery(headers: Mapping[str, str], body: bytes, *, secret: str) -> Delivery:
    """Verify and read one delivery. Header names are in lower case.

    Raises InvalidSignature; MalformedPayload for a header or a body that cannot be read.
    """
    verify_signature(headers.get("x-hub-signature-256"), body, secret=secret)
    event, delivery_id = headers.get("x-github-event"), headers.get("x-github-delivery")
    if not event or not delivery_id:
        raise MalformedPayload("A webhook came without X-GitHub-Event or X-GitHub-Delivery.")
    if not _DELIVERY_ID.fullmatch(delivery_id):
        raise MalformedPayload("A webhook's X-GitHub-Delivery is not an id of GitHub.")
    payload = _json_object(body)
    return Delivery(
        delivery_id=delivery_id,
        event=event,
        repository=_repository(payload),
        payload=payload,
    )


def verify_signature(signature: str | None, body: bytes, *, secret: str) -> None:
    """Compare the HMAC-SHA256 of the raw body with GitHub's, in constant time.

    Raises InvalidSignature. https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    """
    if not secret:
        raise InvalidSignature("No webhook secret is set here: set GITHUB_WEBHOOK_SECRET.")
    if not signature:
        raise InvalidSignature("The webhook carries no X-Hub-Signature-256.")
    key = secret.encode(errors="surrogateescape")  # an environment variable may hold any bytes
    expected = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
        raise InvalidSignature("The webhook is not signed with the secret configured here.")


def parse_delivered_event(delivery: Delivery, *, received_at: datetime) -> DeliveredEvent | None:
    """Return the run or job of a delivery; None if the delivery does not contain all of it."""
    payload = mapping(delivery.payload.get(delivery.event))
    if not all(payload.get(name) for name in _NEEDED_FIELDS):
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


def _repository(payload: Mapping[str, Any]) -> str | None:
    """Return the full name of a delivery's repository; None if it is not a valid name."""
    full_name = text(mapping(payload.get("repository")).get("full_name")) or ""
    try:
        return full_name if parse_full_name(full_name) == full_name else None
    except InvalidRepository:
        return None


def _json_in(body: bytes) -> bytes:
    """Return the JSON of a body, which a webhook of GitHub's default content type has in a form."""
    if not body.startswith(_FORM_FIELD):
        return body
    return unquote_to_bytes(body.removeprefix(_FORM_FIELD).replace(b"+", b" "))


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        payload = load_json(_json_in(body))
    except (ValueError, RecursionError) as error:
        raise MalformedPayload(
            "A webhook's body is not JSON: set its content type to application/json."
        ) from error
    if not isinstance(payload, dict):
        raise MalformedPayload("A webhook's body is not a JSON object.")
    return payload
