"""The objects of a GitHub App.

https://docs.github.com/rest/apps/apps
"""

from __future__ import annotations

from ..settings import AppSpec, InstallationSpec
from ..specs import Json
from .users import node_id, simple_user

#: The permissions that the app has in every installation.
PERMISSIONS = {
    "actions": "read",
    "checks": "read",
    "contents": "read",
    "metadata": "read",
    "pull_requests": "read",
}
_SINCE = "2024-01-01T00:00:00Z"


def app_payload(app: AppSpec) -> Json:
    """Describe the app itself, but for its name, its owner and its page."""
    return {
        "id": app.id,
        "slug": app.slug,
        "node_id": node_id("A", app.id),
        "client_id": f"Iv1.{app.id:016x}",
        "description": "",
        "external_url": "https://example.com",
        "created_at": _SINCE,
        "updated_at": _SINCE,
        "permissions": PERMISSIONS,
        "events": ["workflow_job", "workflow_run"],
        "installations_count": len(app.installations),
    }


def installation_payload(app: AppSpec, installation: InstallationSpec, base: str) -> Json:
    """Describe one installation of the app."""
    url = f"{base}/app/installations/{installation.id}"
    account = simple_user(installation.account, base, "Organization")
    return {
        "id": installation.id,
        "account": account,
        "repository_selection": "all" if installation.repositories is None else "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{base}/installation/repositories",
        "html_url": f"https://github.com/settings/installations/{installation.id}",
        "app_id": app.id,
        "app_slug": app.slug,
        "target_id": account["id"],
        "target_type": "Organization",
        "permissions": PERMISSIONS,
        "events": ["workflow_job", "workflow_run"],
        "created_at": _SINCE,
        "updated_at": _SINCE,
        "single_file_name": None,
        "suspended_at": _SINCE if installation.is_suspended else None,
        "suspended_by": None,
    }
