"""Apps that were registered from a manifest, and whose code is not exchanged yet."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any

from .settings import AppSpec
from .times import UnixSeconds

_KEY_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingApp:
    """An App that a person has confirmed on the web page."""

    name: str
    owner: str
    manifest: dict[str, Any]
    confirmed_at: UnixSeconds

    @property
    def slug(self) -> str:
        """Return the name in the form that addresses contain."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-") or "app"

    @property
    def setup_url(self) -> str | None:
        """Return the address to which an installation redirects, or None."""
        url = self.manifest.get("setup_url")
        return str(url) if url else None


def new_app(pending: PendingApp) -> tuple[AppSpec, str]:
    """Create the App with a new key, and return both; the private key is in PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    app_id = 100_000 + secrets.randbelow(900_000)
    return AppSpec(id=app_id, public_key=public.decode(), slug=pending.slug), private.decode()
