"""The registration of a GitHub App from a manifest.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ..domain.repositories import OWNER_LOGIN
from ..domain.web_links import web_link
from ..errors import MalformedPayload, Rejected
from .fields import integer, mapping, text

#: The permissions that collecting needs; it writes nothing.
PERMISSIONS = {
    "actions": "read",
    "checks": "read",
    "contents": "read",
    "metadata": "read",
    "pull_requests": "read",
}

#: GitHub sends `installation` and `installation_repositories` to every App.
EVENTS = ("workflow_run", "workflow_job", "repository")

#: GitHub allows names of this length.
MAX_NAME_LENGTH = 34

#: GitHub requires a webhook URL, even if the webhook of the App is not active.
_NO_WEBHOOK = "https://example.com/github/webhook"
_HOMEPAGE = "https://github.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRegistration:
    """The values for the registration of an App.

    ``setup_url``: where GitHub redirects after an installation. The webhook is inactive if
    ``webhook_url`` is None, or GitHub cannot reach it.
    """

    redirect_url: str
    name: str
    webhook_url: str | None = None
    setup_url: str | None = None
    organization: str | None = None

    def as_manifest(self) -> dict[str, Any]:
        """Return the manifest as GitHub reads it."""
        is_active = self.webhook_url is not None and is_reachable(self.webhook_url)
        manifest: dict[str, Any] = {
            "name": self.name[:MAX_NAME_LENGTH],
            "url": self.setup_url or _HOMEPAGE,
            "redirect_url": self.redirect_url,
            "public": False,
            "hook_attributes": {
                "url": self.webhook_url if is_active else _NO_WEBHOOK,
                "active": is_active,
            },
            "default_permissions": dict(PERMISSIONS),
            "default_events": list(EVENTS),
        }
        return manifest if self.setup_url is None else {**manifest, "setup_url": self.setup_url}

    def registration_url(self, web_url: str, state: str) -> str:
        """Return the URL to which a form posts the manifest. Raises Rejected."""
        if self.organization is not None:
            require_organization(self.organization)
        owner = f"/organizations/{self.organization}" if self.organization else ""
        return f"{web_url}{owner}/settings/apps/new?{urlencode({'state': state})}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredApp:
    """An App that was just registered. Its secrets appear in no log and no message."""

    app_id: int
    slug: str
    name: str
    private_key: str = field(repr=False)
    webhook_secret: str | None = field(repr=False)
    html_url: str | None = None

    def installation_url(self, web_url: str) -> str:
        """Return the URL at which the App is installed."""
        hosts = (urlsplit(web_url).hostname or "",)
        page = web_link(self.html_url, hosts) or f"{web_url}/apps/{quote(self.slug, safe='')}"
        return f"{page}/installations/new"

    def as_settings(self) -> dict[str, str]:
        """Return the settings that make Runstream use the App."""
        settings = {
            "GITHUB_APP_ID": str(self.app_id),
            "GITHUB_APP_PRIVATE_KEY": self.private_key,
        }
        secret = self.webhook_secret
        return settings if secret is None else {**settings, "GITHUB_WEBHOOK_SECRET": secret}


def require_organization(name: str) -> None:
    """Raise Rejected if a text cannot be the name of an organization."""
    if not OWNER_LOGIN.fullmatch(name):
        raise Rejected(f"{name[:100]!r} is not the name of an organization.")


def is_reachable(url: str) -> bool:
    """Return whether GitHub accepts a webhook URL: not one of this machine."""
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:  # for an unclosed bracket
        return False
    is_local = host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".local")
    return bool(host) and not is_local


def parse_registered_app(payload: object) -> RegisteredApp:
    """Read GitHub's answer to the exchange of a code. Raises MalformedPayload."""
    found: Mapping[str, Any] = mapping(payload)
    app_id, slug = integer(found.get("id")), text(found.get("slug"))
    key = text(found.get("pem"))
    if app_id is None or slug is None or key is None:
        raise MalformedPayload("GitHub's answer does not contain an App with its private key.")
    return RegisteredApp(
        app_id=app_id,
        slug=slug,
        name=text(found.get("name")) or slug,
        private_key=key,
        webhook_secret=text(found.get("webhook_secret")),
        html_url=text(found.get("html_url")),
    )
