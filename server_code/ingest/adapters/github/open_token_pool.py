"""The pool of the credentials that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...domain.counters import Counters
from ...errors import AccessDenied, BadCredentials
from ...ports import Clock
from ...settings import GithubSettings
from .client import GithubClient
from .credential_access import CredentialAccess
from .credentials import Credential, StaticToken
from .tokens import TokenPool

if TYPE_CHECKING:
    from .apps import App


def open_token_pool(settings: GithubSettings, *, clock: Clock, counters: Counters) -> TokenPool:
    """Open a client for every token and every app installation, or an anonymous one.

    Raises BadCredentials or AccessDenied where an app is the only credential and is rejected, and
    BadCredentials for IDs and keys of apps that do not belong together.
    """

    def open_client(credential: Credential) -> GithubClient:
        return GithubClient(
            credential=credential, api_url=settings.api_url, clock=clock, counters=counters
        )

    access = CredentialAccess(clock)
    apps: list[App] = []
    if settings.app_id:
        from .apps import open_apps

        apps = open_apps(settings, open_client, access, clock=clock)
    tokens: list[str | None] = [token.reveal() for token in settings.tokens]
    if not tokens and not apps:
        tokens = [None]
    clients = [open_client(StaticToken(token)) for token in tokens]
    pool = TokenPool(clients, apps, access, api_url=settings.api_url, clock=clock)
    if not pool.clients():
        for error in pool.failed_apps().values():
            if isinstance(error, (BadCredentials, AccessDenied)):
                raise error
    return pool
