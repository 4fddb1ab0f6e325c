"""How requests are authenticated: by a token, as an app, as its installation, or not at all."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache, partial
from typing import Protocol

from ...errors import BadCredentials
from ...ports.repository_api import ANONYMOUS, ANONYMOUS_KIND

#: It may take this long until all of GitHub's servers accept a new token.
TOKEN_PROPAGATION_TIME = timedelta(seconds=60)

#: A new installation token is created this long before the old one expires.
RENEWAL_MARGIN = timedelta(minutes=2)

#: A token keeps the permissions that the installation had when it was minted. An older one that is
#: denied access is replaced, in case more were granted since.
MAX_DENIED_AGE = timedelta(minutes=10)

_JWT_BACKDATED_SECONDS = 60
_JWT_SECONDS = 540
_ALGORITHM = "RS256"

APP_REMEDY = "Check GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY, and this machine's clock."

#: The prefix of the names of installations.
INSTALLATION_PREFIX = "installation-"

#: Kinds of tokens by their prefixes.
#: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
_PREFIXES = {
    "ghp_": "classic token",
    "github_pat_": "fine-grained token",
    "gho_": "OAuth token",
    "ghs_": "app installation",
}

#: Kinds that have permissions of their own, instead of an account's in each repository.
KINDS_WITH_PERMISSIONS = frozenset({"fine-grained token", "app installation"})


def _kind_of(token: str) -> str:
    """Return the kind of a token by its prefix."""
    known = (kind for prefix, kind in _PREFIXES.items() if token.startswith(prefix))
    return next(known, "token")


class Credential(Protocol):
    """What authenticates requests. ``name`` is no secret: ETags and pauses are kept under it.

    ``kind`` is for people. ``remedy``: what to do where GitHub rejects it (401), and
    ``remedy_of_expired`` where it has expired.
    """

    name: str
    kind: str
    remedy: str
    remedy_of_expired: str

    def token(self, github_now: datetime) -> str | None:
        """Return the secret to send; None for anonymous access."""

    def is_fresh(self, github_now: datetime) -> bool:  # noqa: ARG002
        """Return whether some of GitHub's servers may not accept the secret yet."""
        return False

    def renew(self, rejected: str | None, github_now: datetime) -> bool:  # noqa: ARG002
        """Discard a rejected secret; return whether ``token`` may give an accepted one now."""
        return False

    def renew_denied(self, denied: str | None, github_now: datetime) -> bool:  # noqa: ARG002
        """Discard a secret that was denied access; return whether another one may be granted it."""
        return False


class StaticToken(Credential):
    """A token of the settings, which only a person can renew; None is anonymous access."""

    remedy = "It is wrong, revoked or expired: create a new token and set GITHUB_TOKEN."
    remedy_of_expired = "Create a new token and set GITHUB_TOKEN."

    def __init__(self, token: str | None) -> None:
        if token is None:
            self.remedy = self.remedy_of_expired = "Set GITHUB_TOKEN, or create a GitHub App."
        self._token = token
        digest = "" if token is None else hashlib.sha256(token.encode()).hexdigest()[:12]
        self.name = f"token-{digest}" if token is not None else ANONYMOUS
        self.kind = ANONYMOUS_KIND if token is None else _kind_of(token)

    def token(self, github_now: datetime) -> str | None:  # noqa: ARG002
        """Return the token."""
        return self._token


class AppToken(Credential):
    """An app's JWT, dated by GitHub's clock: a wrong clock here would make it invalid.

    https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
    """

    kind = "app"
    remedy = remedy_of_expired = APP_REMEDY

    def __init__(self, app_id: str, private_key: str, clock_now: Callable[[], datetime]) -> None:
        """Sign once, because only then an invalid key fails. Raises BadCredentials."""
        import jwt
        from github.Auth import AppAuth

        # PyGithub adds a handler for stderr at its import, in addition to the configured log.
        logging.getLogger("github").handlers.clear()
        self.name = f"app-{app_id}"
        self._app_id = app_id
        # Checking a key takes far longer than signing with it.
        key = cache(partial(jwt.get_algorithm_by_name(_ALGORITHM).prepare_key, private_key))
        self._sign = AppAuth.create_jwt_sign(key, _ALGORITHM)
        self._clock_now = clock_now
        self._signed_offset = timedelta(0)
        self._require_usable()

    def token(self, github_now: datetime) -> str:
        """Sign a JWT that holds for a few minutes."""
        self._signed_offset = github_now - self._clock_now()
        issued_at = int(github_now.timestamp()) - _JWT_BACKDATED_SECONDS
        claims = {"iat": issued_at, "exp": issued_at + _JWT_SECONDS, "iss": self._app_id}
        signed = self._sign(claims)
        return signed.decode() if isinstance(signed, bytes) else signed

    def renew(self, rejected: str | None, github_now: datetime) -> bool:  # noqa: ARG002
        """Return whether GitHub's clock differs from the one by which the last JWT was signed."""
        difference = github_now - self._clock_now() - self._signed_offset
        return abs(difference) > timedelta(seconds=_JWT_BACKDATED_SECONDS / 2)

    def _require_usable(self) -> None:
        import jwt

        try:
            self.token(datetime.now(timezone.utc))
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
            # PyJWT raises AttributeError for a public key.
            raise BadCredentials(
                "GITHUB_APP_PRIVATE_KEY is not a private key in PEM form.",
                remedy="Set it to the content of the .pem file that GitHub generated: as it is, in "
                "one line with \\n for line breaks, or encoded in base64.",
            ) from error


class InstallationToken(Credential):
    """An installation's token: minted once for all threads, and again before it expires."""

    kind = "app installation"
    remedy = "Check that the GitHub App is still installed. Runstream mints a new token by itself."
    remedy_of_expired = remedy

    def __init__(self, installation_id: int, mint: Callable[[int], tuple[str, datetime]]) -> None:
        self.name = f"{INSTALLATION_PREFIX}{installation_id}"
        self._id = installation_id
        self._mint = mint
        self._lock = threading.Lock()
        self._token: str | None = None
        self._expires_at: datetime | None = None
        self._minted_at: datetime | None = None

    def token(self, github_now: datetime) -> str:
        """Return the current token, or mint one. Raises what minting raises."""
        with self._lock:
            token, expires_at = self._token, self._expires_at
            if token is None or expires_at is None or expires_at - RENEWAL_MARGIN <= github_now:
                token, self._expires_at = self._mint(self._id)
                self._token, self._minted_at = token, github_now
            return token

    def is_fresh(self, github_now: datetime) -> bool:
        """Return whether the token was minted in the last minute."""
        return self._minted_at is not None and github_now - self._minted_at < TOKEN_PROPAGATION_TIME

    def renew(self, rejected: str | None, github_now: datetime) -> bool:
        """Discard a token that is not fresh: it was revoked, or expired early.

        If the requests of many threads were rejected, the first thread discards it.
        """
        with self._lock:
            if self._token != rejected:
                return True
            if self.is_fresh(github_now):
                return False
            self._token = None
            return True

    def renew_denied(self, denied: str | None, github_now: datetime) -> bool:
        """Discard a token that was denied access, unless it was minted a short time ago."""
        with self._lock:
            if self._token != denied:
                return True
            if self._minted_at is None or github_now - self._minted_at < MAX_DENIED_AGE:
                return False
            self._token = None
            return True

    def discard(self) -> None:
        """Let the next request mint a token."""
        with self._lock:
            self._token = None
