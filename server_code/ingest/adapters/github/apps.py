"""GitHub Apps: their registration, and their installations, each of which is a credential.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...domain.backoff import backoff
from ...domain.counters import Counters
from ...domain.due import is_still_ahead
from ...domain.source_records import MAX_REFUSAL_PAUSE
from ...domain.timestamps import parse_timestamp
from ...errors import (
    BadCredentials,
    BadRequest,
    CredentialSuspended,
    Fatal,
    GithubUnavailable,
    IngestError,
    NotFound,
    Rejected,
    RepositoryUnavailable,
    RequestFailed,
    Skippable,
)
from ...ports import Clock
from ...settings import GithubSettings
from ...wire.answers import MANIFESTS_PATH
from ...wire.app_keys import has_encrypted_key, parse_private_keys
from ...wire.app_manifest import RegisteredApp, parse_registered_app
from ...wire.app_permissions import granted_permissions, missing_permissions
from ...wire.fields import integer, mapping, text
from .client import GithubClient
from .credential_access import CredentialAccess
from .credentials import APP_REMEDY, AppToken, Credential, InstallationToken, StaticToken
from .lists import ListReader, ListRequest
from .request import Request

logger = logging.getLogger(__name__)

#: New installations are found within this time.
LISTING_INTERVAL = timedelta(minutes=10)

#: A failed listing is repeated after this time, which doubles with each failure.
FAILED_LIST_PAUSE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class _Installation:
    """An installation as the list of them describes it."""

    account: str | None
    permissions: Mapping[str, object]
    is_suspended: bool


class App:
    """A GitHub App: its installations and their tokens. Safe for many threads.

    ``failure`` is why the last listing failed, or was not read to its end; the known installations
    remain in use. So does one that a single listing lacks: a list loses items that move up a page
    while it is read.
    """

    def __init__(
        self,
        app: GithubClient,
        open_client: Callable[[InstallationToken], GithubClient],
        *,
        installation_id: int | None,
        access: CredentialAccess,
        clock: Clock,
    ) -> None:
        self.name = app.name
        self.failure: IngestError | None = None
        self._app = app
        self._open_client = open_client
        self._only_installation_id = installation_id
        self._access = access
        self._clock = clock
        self._lock = threading.Lock()
        self._must_list = True
        self._next_listing_at = clock.now()
        self._failures = 0
        self._clients: dict[int, GithubClient] = {}
        self._tokens: dict[int, InstallationToken] = {}
        self._unlisted: set[int] = set()

    def known_clients(self) -> list[GithubClient]:
        """Return a client for each known installation; waits for no request, nor for a lock."""
        return list(self._clients.values())

    def clients(self) -> list[GithubClient]:
        """Return a client for each installation; lists them anew every ten minutes."""
        with self._lock:
            if self._only_installation_id is not None:
                self._open(self._only_installation_id)
            elif self._must_list or not is_still_ahead(
                self._next_listing_at, self._clock.now(), max_plausible=MAX_REFUSAL_PAUSE
            ):
                self._list()
            return self.known_clients()

    @property
    def failure_without_installations(self) -> IngestError | None:
        """Return why no installation is known to use; None if there is one."""
        return None if self._clients else self.failure

    def refresh_installations(self) -> None:
        """List the installations anew when they are needed next, also if they are being listed.

        It takes no lock: a token that is minted calls it, for which a listing may wait.
        """
        self._must_list = True

    def close(self) -> None:
        """Close every client."""
        for client in (self._app, *self._clients.values()):
            client.close()

    def _list(self) -> None:
        self._must_list = False
        try:
            found, is_whole = self._fetch_installations()
        except IngestError as error:
            self._note_failure(error, max_pause=_longest_pause(error))
            return
        if not found:
            # The pause does not grow: somebody is probably about to install the app.
            failure = BadCredentials(
                f"The GitHub App {self.name} is not installed anywhere.",
                remedy="Install the app on the account that owns the repositories.",
            )
            self._note_failure(failure, max_pause=FAILED_LIST_PAUSE)
            return
        self.failure = None if is_whole else _not_all_listed(self.name, len(found))
        self._failures = 0
        unlisted = self._clients.keys() - found.keys()
        for gone in unlisted & self._unlisted:
            self._clients.pop(gone).close()
            self._tokens.pop(gone)
        self._unlisted = unlisted - self._unlisted
        pause = FAILED_LIST_PAUSE if self._unlisted else LISTING_INTERVAL
        self._next_listing_at = self._clock.now() + pause
        for installation_id, each in found.items():
            client = self._open(installation_id)
            self._note_permissions(installation_id, client, granted_permissions(each.permissions))
            client.permissions_not_granted = missing_permissions(each.permissions)
            if each.account is not None:
                self._access.accounts[client.name] = each.account.lower()
            if not each.is_suspended:
                self._access.note_unsuspended(client.name)

    def _note_permissions(
        self, installation_id: int, client: GithubClient, granted: frozenset[str]
    ) -> None:
        """Note what an installation was given, and use more than before at once."""
        if client.was_used and granted - client.permissions_granted:
            self._tokens[installation_id].discard()
            self._access.retry_denied(client.name)
        client.permissions_granted = granted

    def _note_failure(self, error: IngestError, *, max_pause: timedelta) -> None:
        self.failure = error
        self._failures += 1
        pause = backoff(self._failures, first=FAILED_LIST_PAUSE, maximum=max_pause)
        self._next_listing_at = self._clock.now() + pause
        logger.info("app installations not listed", extra={"error": str(error)})

    def _fetch_installations(self) -> tuple[dict[int, _Installation], bool]:
        """Fetch the installations by id, and whether these are all."""
        wanted = ListRequest(request=Request.to("/app/installations"), items_field=None)
        try:
            answer = ListReader().fetch(self._app, wanted)
        except Skippable as error:
            raise BadCredentials(
                f"GitHub does not list the installations of {self.name}: {error}",
                remedy=APP_REMEDY,
            ) from error
        found = {
            number: _Installation(
                account=text(mapping(each.get("account")).get("login")),
                permissions=mapping(each.get("permissions")),
                is_suspended=each.get("suspended_at", "unknown") is not None,
            )
            for each in answer.items or ()
            if (number := integer(each.get("id"))) is not None
        }
        return found, not answer.has_next

    def _open(self, installation_id: int) -> GithubClient:
        if installation_id not in self._clients:
            token = self._tokens[installation_id] = InstallationToken(installation_id, self._mint)
            self._clients[installation_id] = self._open_client(token)
        return self._clients[installation_id]

    def _mint(self, installation_id: int) -> tuple[str, datetime]:
        """Mint an installation's token. Raises BadCredentials if the app is not installed there."""
        request = Request.to("/app/installations/{}/access_tokens", installation_id)
        try:
            payload = mapping(self._app.post(request).json())
        except (NotFound, BadRequest) as error:
            self.refresh_installations()  # it may be installed again, under another number
            raise BadCredentials(
                f"{self.name} is not installed as installation {installation_id}: {error}",
                remedy="Check GITHUB_APP_INSTALLATION_ID and that the app is installed.",
            ) from error
        except RequestFailed as error:
            # RequestFailed would make the reader of a list try smaller pages, which do not help.
            raise GithubUnavailable(str(error), remedy=error.remedy) from error
        token, expires_at = text(payload.get("token")), parse_timestamp(payload.get("expires_at"))
        if token is None or expires_at is None:
            raise GithubUnavailable(f"GitHub's answer for {request.path} contains no token.")
        return token, expires_at


def _longest_pause(error: IngestError) -> timedelta:
    """Return the longest pause after failed listings, which is longer if GitHub refused them."""
    is_refused = isinstance(error, Fatal) and not isinstance(error, CredentialSuspended)
    return MAX_REFUSAL_PAUSE if is_refused else LISTING_INTERVAL


def _not_all_listed(app: str, installations: int) -> GithubUnavailable:
    return GithubUnavailable(
        f"GitHub lists more than {installations:,} installations of {app}, and only the first "
        f"{installations:,} are used.",
        remedy="Name the installation to use in GITHUB_APP_INSTALLATION_ID, or use an App that "
        "fewer accounts have installed.",
    )


def open_apps(
    settings: GithubSettings,
    open_client: Callable[[Credential], GithubClient],
    access: CredentialAccess,
    *,
    clock: Clock,
) -> list[App]:
    """Open the configured apps. Raises BadCredentials for a key that is missing or invalid."""
    key = settings.app_private_key.reveal() if settings.app_private_key else ""
    if has_encrypted_key(key):
        raise BadCredentials(
            "GITHUB_APP_PRIVATE_KEY is encrypted with a password.",
            remedy="Set it to the key that `openssl rsa -in FILE` writes, or generate another "
            "one on the page of the App.",
        )
    ids = [number.strip() for number in (settings.app_id or "").split(",") if number.strip()]
    keys = parse_private_keys(key)
    if len(ids) != len(keys):
        raise BadCredentials(
            f"GITHUB_APP_ID names {len(ids)} apps, GITHUB_APP_PRIVATE_KEY holds {len(keys)} keys.",
            remedy="Set one private key for each app, in the same order, separated by commas.",
        )
    only = settings.app_installation_id if len(ids) == 1 else None
    return [
        App(
            open_client(AppToken(app_id, key, clock.now)),
            open_client,
            installation_id=only,
            access=access,
            clock=clock,
        )
        for app_id, key in zip(ids, keys, strict=True)
    ]


def exchange_code(code: str, *, api_url: str, clock: Clock) -> RegisteredApp:
    """Exchange the code of an App that was just created; it is valid once and for an hour.

    Raises Rejected for a code that GitHub does not accept, and what ``GithubClient.post`` does.
    """
    client = GithubClient(
        credential=StaticToken(None), api_url=api_url, clock=clock, counters=Counters()
    )
    try:
        request = Request.to(MANIFESTS_PATH + "{}/conversions", code)
        return parse_registered_app(client.post(request).json())
    except (NotFound, RepositoryUnavailable) as error:
        raise Rejected(
            "GitHub does not accept this code: it is used or older than one hour. If GitHub lists "
            "an App whose key was never received, because an answer was lost, delete it there. "
            "Then create the App again."
        ) from error
    except BadRequest as error:
        raise Rejected(
            f"{error} The App can be received again for an hour after it was created; if GitHub "
            "keeps rejecting it, delete the App on GitHub and create another one."
        ) from error
    finally:
        client.close()
