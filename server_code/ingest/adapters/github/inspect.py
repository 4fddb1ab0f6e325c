"""Facts about the credentials themselves: the port ``GithubInspector`` over GitHub's API."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import AccessDenied, RequestFailed, Skippable
from ...ports.inspection import GithubInspector, InspectedCredential
from ...ports.repository_api import ANONYMOUS, ANONYMOUS_KIND
from ...wire.fields import integer, mapping, text
from ...wire.rate_limits import parse_http_date
from ...wire.token_expiration import parse_token_expiration
from .client import GithubClient
from .credentials import INSTALLATION_PREFIX
from .rate_limit_sums import sum_rate_limits
from .request import RATE_LIMIT, Request
from .tokens import TokenPool

#: A part of GitHub's message when it refuses ``/user`` to an installation.
_NOT_FOR_INSTALLATIONS = "by integration"


class CredentialInspector(GithubInspector):
    """An inspector of the credentials of a pool."""

    def __init__(self, tokens: TokenPool) -> None:
        self._tokens = tokens

    def credentials(self) -> list[str]:
        """List the credentials and the apps that failed, by name."""
        names = [client.name for client in self._tokens.clients()]
        return [*names, *self._tokens.failed_apps()]

    def inspect(self, credential: str) -> InspectedCredential:
        """Fetch a credential's user, scopes, expiry and rate limit. Raises an app's failure."""
        failure = self._tokens.failed_apps().get(credential)
        if failure is not None:
            raise failure
        client = self._tokens.client_named(credential)
        login, headers = (None, {}) if credential == ANONYMOUS else _identity(client)
        limit_headers = _fetch_rate_limit(client)
        return InspectedCredential(
            kind=_kind(credential, headers),
            login=login,
            scopes=_scopes(headers),
            expires_at=parse_token_expiration(headers),
            rate_limit_status=sum_rate_limits([client], now=self._tokens.clock.now()),
            server_time=parse_http_date(limit_headers.get("date", headers.get("date"))),
        )

    def retention_days(self, repository: str) -> int | None:
        """Fetch how long logs are kept, which only administrators may read."""
        path = "/repos/{}/actions/permissions/artifact-and-log-retention"
        try:
            response = self._tokens.client_for(repository).get(Request.to(path, repository))
        except (AccessDenied, Skippable):
            return None
        return integer(mapping(response.json()).get("days"))


def _identity(client: GithubClient) -> tuple[str | None, Mapping[str, str]]:
    """Fetch the user of a token; an installation has none, also where its token is GITHUB_TOKEN."""
    if client.name.startswith(INSTALLATION_PREFIX):
        return None, {}
    try:
        response = client.get(Request.to("/user"))
    except AccessDenied as error:
        if _NOT_FOR_INSTALLATIONS not in str(error):
            raise
        return None, {}
    return text(mapping(response.json()).get("login")), response.headers


def _kind(credential: str, headers: Mapping[str, str]) -> str:
    if credential == ANONYMOUS:
        return ANONYMOUS_KIND
    if credential.startswith(INSTALLATION_PREFIX) or not headers:
        return "app installation"
    return "classic token" if "x-oauth-scopes" in headers else "fine-grained token"


def _scopes(headers: Mapping[str, str]) -> tuple[str, ...] | None:
    listed = headers.get("x-oauth-scopes")
    if listed is None:
        return None
    return tuple(scope.strip() for scope in listed.split(",") if scope.strip())


def _fetch_rate_limit(client: GithubClient) -> Mapping[str, str]:
    """Fetch the rate limit, which the client keeps; return the headers of the answer.

    A GitHub Enterprise Server without limits, or a proxy in front of it, answers 404 or another
    error. Raises GithubUnavailable where nothing answers.
    """
    try:
        return client.get(Request.to(RATE_LIMIT)).headers
    except (AccessDenied, Skippable, RequestFailed):
        return {}
