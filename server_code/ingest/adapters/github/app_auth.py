"""GitHub App installations as credentials.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ...errors import BadCredentials
from ...settings import GithubSettings

if TYPE_CHECKING:
    from github.Auth import AppAuth, AppInstallationAuth, Auth


def once_minted_auth(app: AppAuth, installation_id: int) -> AppInstallationAuth:
    """Build a credential that mints one token for all threads: PyGithub's own has no lock."""
    from github.Auth import AppInstallationAuth

    class OnceMintedAuth(AppInstallationAuth):
        """Hold a lock while the current token is given, or a new one minted before it expires."""

        @property
        def token(self) -> str:
            with mint_lock:
                return super().token

    mint_lock = threading.Lock()
    return OnceMintedAuth(app, installation_id)


def installation_auths(settings: GithubSettings) -> dict[str, Auth]:
    """Build a credential for the configured installation, or for every installation of the app.

    Asks GitHub for the installations where none is configured. Raises BadCredentials.
    """
    from github.Auth import AppAuth

    if settings.app_private_key is None:
        raise BadCredentials("GITHUB_APP_ID is set but GITHUB_APP_PRIVATE_KEY is not.")
    app = AppAuth(settings.app_id or "", settings.app_private_key.reveal())
    _require_usable(app)
    ids = [settings.app_installation_id] if settings.app_installation_id else _list(settings, app)
    return {f"installation-{number}": once_minted_auth(app, number) for number in ids}


def _require_usable(app: AppAuth) -> None:
    """Sign once, for a key that is none is found out only then."""
    import jwt

    try:
        app.create_jwt()
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise BadCredentials(
            "GITHUB_APP_PRIVATE_KEY is no private key in PEM form: give the whole file that GitHub "
            "made, with its first and last line and its line breaks."
        ) from error


def _list(settings: GithubSettings, app: AppAuth) -> list[int]:
    import github
    import requests

    try:
        integration = github.GithubIntegration(auth=app, base_url=settings.api_url, timeout=20)
        found = [installation.id for installation in integration.get_installations()]
    except (github.GithubException, requests.exceptions.RequestException) as error:
        raise BadCredentials(
            "GitHub does not list the app's installations: check GITHUB_APP_ID and "
            "GITHUB_APP_PRIVATE_KEY, or set GITHUB_APP_INSTALLATION_ID."
        ) from error
    if not found:
        raise BadCredentials(
            "The GitHub App is installed nowhere: install it on the repositories' owner."
        )
    return found
