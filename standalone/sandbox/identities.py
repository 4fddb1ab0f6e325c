"""The sender of a request: its token, and what the token may see."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from .answers import SSO_MESSAGE, Refusal, error_answer, sso_headers
from .repository import Repository
from .settings import AppSpec, TokenSpec
from .times import UnixSeconds


@dataclass(frozen=True, slots=True)
class Identity:
    """The sender of requests, with or without a token: `limit` an hour, counted by `key`."""

    key: str
    login: str
    token: TokenSpec | None
    limit: int

    def require_permission(self, permission: str) -> None:
        """Refuse if the token lacks a permission."""
        token = self.token
        if token is None and permission in {"logs", "hooks"}:
            raise Refusal(error_answer(403, "Must have admin rights to Repository."))
        if token is None or token.permissions is None:
            return
        needed = "actions" if permission == "logs" else permission
        if needed not in token.permissions:
            headers = (("X-Accepted-GitHub-Permissions", f"{needed}=read"),)
            kind = "integration" if token.kind == "installation" else "personal access token"
            message = f"Resource not accessible by {kind}"
            raise Refusal(error_answer(403, message, headers=headers))

    def require_sso(self, owner: str) -> None:
        """Refuse if the token is not authorized for the organization's single sign-on.

        https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
        """
        if self.token is not None and owner in self.token.sso_unauthorized_owners:
            raise Refusal(error_answer(403, SSO_MESSAGE, headers=sso_headers(owner)))

    def sees(self, repository: Repository) -> bool:
        """Return whether the repository exists for this token."""
        if not repository.spec.private:
            return True
        if self.token is None:
            return False
        if self.token.kind == "classic" and "repo" not in self.token.scopes:
            return False
        allowed = self.token.repositories
        return allowed is None or repository.spec.full_name in allowed


def require_active(app: AppSpec | None, installation: int | None) -> None:
    """Refuse if an installation is suspended."""
    for each in () if app is None else app.installations:
        if each.id == installation and each.is_suspended:
            raise Refusal(error_answer(403, "This installation has been suspended"))


class Tokens:
    """All known tokens: those in the settings, and those minted for the app."""

    def __init__(self, specs: tuple[TokenSpec, ...]) -> None:
        self._specs = {spec.value: spec for spec in specs}
        self._lock = threading.Lock()

    def add(self, spec: TokenSpec) -> None:
        """Accept a new token."""
        with self._lock:
            self._specs[spec.value] = spec

    def revoke(self, authorization: str | None) -> None:
        """Revoke the token of an Authorization header."""
        with self._lock:
            self._specs.pop(_token(authorization or ""), None)

    def identify(self, authorization: str | None, now: UnixSeconds) -> Identity:
        """Return the sender of an Authorization header; refuse an unknown or expired token."""
        if not authorization:
            return Identity(key="anonymous", login="127.0.0.1", token=None, limit=60)
        spec = self._specs.get(_token(authorization))
        if spec is None or (spec.expires_at is not None and now >= spec.expires_at):
            raise Refusal(error_answer(401, "Bad credentials", cost=0))
        return Identity(key=f"token:{spec.value}", login=spec.login, token=spec, limit=spec.limit)


def _token(authorization: str) -> str:
    return authorization.partition(" ")[2].strip()
