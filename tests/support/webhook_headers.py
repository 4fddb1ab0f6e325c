"""The headers of a webhook as GitHub sends them."""

from __future__ import annotations

import hashlib
import hmac


def signed_headers(
    event: str, body: bytes, *, secret: str | bytes, delivery: str = "d1"
) -> dict[str, str]:
    """Name a delivery's event and id, and sign its body."""
    key = secret.encode() if isinstance(secret, str) else secret
    return {
        "x-hub-signature-256": f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}",
        "x-github-event": event,
        "x-github-delivery": delivery,
    }
