"""The credentials of one collector, and which repository uses which."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...domain.counters import Counters
from ...ports import Budget, Clock
from ...settings import GithubSettings
from .client import GithubClient

if TYPE_CHECKING:
    from github.Auth import Auth


class TokenPool:
    """Hold one client per credential; a repository stays with one, for ETags are the token's."""

    def __init__(self, clients: Sequence[GithubClient]) -> None:
        self._clients = sorted(clients, key=lambda client: client.name)

    def client_for(self, repository: str) -> GithubClient:
        """Choose the repository's client, the same one in every process.

        Rendezvous hashing: adding or removing a token moves only the repositories it must.
        """
        return max(self._clients, key=lambda client: _rank(client.name, repository.lower()))

    def clients(self) -> list[GithubClient]:
        """List all clients, by name."""
        return list(self._clients)

    def budget(self) -> Budget:
        """Sum up what is left of the hour's REST requests; None before the first answer."""
        limits = [
            limit
            for client in self._clients
            for limit in client.rate_limiter.limits()
            if limit.resource == "core"
        ]
        if not limits:
            return Budget(limit=None, remaining=None, reset_at=None)
        return Budget(
            limit=sum(limit.limit for limit in limits),
            remaining=sum(limit.remaining for limit in limits),
            reset_at=min(limit.reset_at for limit in limits),
            interval_factor=max(client.interval_factor() for client in self._clients),
        )

    def close(self) -> None:
        """Close every client."""
        for client in self._clients:
            client.close()


def open_token_pool(settings: GithubSettings, *, clock: Clock, counters: Counters) -> TokenPool:
    """Build a client for every configured credential, or an anonymous one where there is none."""
    auths = _auths(settings)
    return TokenPool(
        [
            GithubClient(
                name=name, auth=auth, api_url=settings.api_url, clock=clock, counters=counters
            )
            for name, auth in auths.items()
        ]
    )


def _auths(settings: GithubSettings) -> dict[str, Auth | None]:
    from github import Auth

    if settings.app_id and settings.app_private_key is not None:
        from .app_auth import installation_auths

        return {**installation_auths(settings)}
    tokens = [token.reveal() for token in settings.tokens]
    if not tokens:
        return {"anonymous": None}
    return {_name(token): Auth.Token(token) for token in tokens}


def _name(token: str) -> str:
    """Name a token without telling it: ETags are kept under this name."""
    return "token-" + hashlib.sha256(token.encode()).hexdigest()[:12]


def _rank(name: str, repository: str) -> bytes:
    return hashlib.sha256(f"{name} {repository}".encode()).digest()
