"""What GitHub says of the credentials themselves: the port GithubInspector."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from ...domain.timestamps import parse_timestamp
from ...errors import AccessDenied, NotFound
from ...inspection import CredentialFacts, GithubInspector
from ...ports import Budget
from ...wire.fields import integer, mapping, text
from .client import GithubClient, Request
from .tokens import TokenPool

_ANONYMOUS = "anonymous"


class GithubCredentials(GithubInspector):
    """Ask GitHub about each credential of a pool; a question costs one request or none."""

    def __init__(self, tokens: TokenPool) -> None:
        self._tokens = tokens

    def credentials(self) -> list[str]:
        """Name the credentials."""
        return [client.name for client in self._tokens.clients()]

    def inspect(self, credential: str) -> CredentialFacts:
        """Ask who a credential is, what it may, until when, and how much is left of its hour."""
        client = next(each for each in self._tokens.clients() if each.name == credential)
        login, headers = (None, {}) if credential == _ANONYMOUS else _identity(client)
        limits = client.get(Request.to("/rate_limit"))
        return CredentialFacts(
            kind=_kind(credential, headers),
            login=login,
            scopes=_scopes(headers),
            expires_at=_expiry(headers),
            budget=_budget(mapping(limits.json())),
            server_time=_server_time(limits.headers),
        )

    def retention_days(self, repository: str) -> int | None:
        """Ask for how long logs are kept, which only administrators are told."""
        path = "/repos/{}/actions/permissions/artifact-and-log-retention"
        try:
            response = self._tokens.client_for(repository).get(Request.to(path, repository))
        except (AccessDenied, NotFound):
            return None
        return integer(mapping(response.json()).get("days"))


def _identity(client: GithubClient) -> tuple[str | None, Mapping[str, str]]:
    """Ask for the user of a token; an installation has none, and is refused with 403."""
    try:
        response = client.get(Request.to("/user"))
    except AccessDenied:
        return None, {}
    return text(mapping(response.json()).get("login")), response.headers


def _kind(credential: str, headers: Mapping[str, str]) -> str:
    if credential == _ANONYMOUS:
        return "no token"
    if credential.startswith("installation") or not headers:
        return "app installation"
    return "classic token" if "x-oauth-scopes" in headers else "fine-grained token"


def _scopes(headers: Mapping[str, str]) -> tuple[str, ...] | None:
    listed = headers.get("x-oauth-scopes")
    if listed is None:
        return None
    return tuple(scope.strip() for scope in listed.split(",") if scope.strip())


def _expiry(headers: Mapping[str, str]) -> datetime | None:
    """Read GitHub's own way to write a time: ``2026-05-01 12:00:00 UTC``, or with an offset."""
    return parse_timestamp(
        headers.get("github-authentication-token-expiration", "").replace(" UTC", "Z")
    )


def _budget(payload: Mapping[str, object]) -> Budget:
    core = mapping(mapping(payload.get("resources")).get("core"))
    reset = integer(core.get("reset"))
    return Budget(
        limit=integer(core.get("limit")),
        remaining=integer(core.get("remaining")),
        reset_at=None if reset is None else datetime.fromtimestamp(reset, timezone.utc),
    )


def _server_time(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers.get("date", "")).astimezone(timezone.utc)
    except ValueError:
        return None
