"""The credentials of one collector, and which of them reads which repository."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from ...domain.source_records import ALL_REQUESTS, CredentialRefusal
from ...errors import (
    BadCredentials,
    GithubUnavailable,
    IngestError,
    NotFound,
    RateLimited,
    RepositoryUnavailable,
    Retriable,
)
from ...ports import Clock
from .client import GithubClient
from .credential_access import CredentialAccess
from .credentials import InstallationToken
from .refusal_reasons import (
    REFUSAL_ERRORS,
    is_worth_trying,
    least_restrictive_limit,
    list_refusal_reasons,
    most_informative_error,
)
from .refusal_scopes import (
    REPOSITORY_ENDPOINTS,
    RUNS_PATH,
    note_refusals,
    refusal_scopes_of,
)
from .request import RATE_LIMIT, Request, Response

if TYPE_CHECKING:
    from .apps import App

logger = logging.getLogger(__name__)

#: If a rate limit ends later than this, a repository is read with another credential meanwhile.
MAX_LIMIT_WAIT = timedelta(minutes=2)


class TokenPool:
    """One client per credential. Each repository is read with a credential that may read it.

    A repository stays with its credential, because ETags are valid for that one alone. It moves to
    another one that may read it where a rate limit would hold it for minutes. ``access``: what
    earlier answers have shown of who reads what.
    """

    def __init__(
        self,
        clients: Sequence[GithubClient],
        apps: Sequence[App],
        access: CredentialAccess,
        *,
        api_url: str,
        clock: Clock,
    ) -> None:
        self.api_url = api_url
        self.clock = clock
        self._clients = list(clients)
        self._apps = apps
        self.access = access
        self._lock = threading.Lock()
        self._unreported_rejections: dict[str, IngestError] = {}
        self._reported_apps: set[str] = set()

    def get(self, repository: str, request: Request) -> Response:
        """Send one GET with a credential that reads the repository.

        Raises what ``GithubClient.get`` does. NotFound and Gone are about the item: the same
        credential has just read the repository's runs.
        """
        clients, endpoint = self._by_name(), request.endpoint
        scopes = refusal_scopes_of(repository, endpoint)
        in_refusal_pause: dict[str, IngestError] = {}
        refused: dict[str, IngestError] = {}
        limited: list[RateLimited] = []
        note = partial(note_refusals, self.access, clients, repository, endpoint, refused)
        for client in self._candidates(clients.values(), repository, scopes):
            if not is_worth_trying(self.access, client.name, repository, refused, limited):
                continue
            if (refusal := self.access.refusals.refusal_or_probe(client.name, scopes)) is not None:
                in_refusal_pause[client.name] = refusal
                continue
            try:
                with self._noting_answer(client, scopes):
                    response = self._send(client, repository, request)
            except RateLimited as limit:
                if limit.retry_at - self.clock.now() < MAX_LIMIT_WAIT:
                    raise
                limited.append(limit)
            except REFUSAL_ERRORS as error:
                refused[client.name] = error
            except NotFound:
                note(other_accepted=True)
                raise
            else:
                note(other_accepted=True)
                self.access.note_read(client.name, repository, scopes, repin=bool(limited))
                return response
        failed = self.failed_apps().values()
        refused_before = {
            name: in_refusal_pause.get(name) or self.access.rejection_of(name) for name in clients
        }
        reasons = list_refusal_reasons(self.access, repository, refused, refused_before, failed)
        note(other_accepted=False)
        reasons = reasons or [*in_refusal_pause.values()]
        active = self._active_refusals(clients.values(), scopes).values()
        raise least_restrictive_limit(limited) or most_informative_error(
            repository, reasons, active
        )

    def client_for(self, repository: str, *, only_known: bool = False) -> GithubClient:
        """Return the client that is most likely to read a repository. Raises as ``get`` does."""
        clients = self._order(self.clients(only_known=only_known), repository)
        if not clients:
            raise most_informative_error(repository, [*self.failed_apps().values()])
        return clients[0]

    def pin_to_credential_of(self, repository: str, validator: str | None) -> None:
        """Pin a repository to the credential that got its validator, if it is still configured.

        The validator of a list contains that of each page, in quotes.
        """
        for name in self._by_name():
            if f'"{name} ' in f'"{validator}':
                self.access.pin(name, repository)

    def clients(self, *, only_known: bool = False) -> list[GithubClient]:
        """List all clients, by name; those that are known without a request, if only these."""
        lists = (app.known_clients() if only_known else app.clients() for app in self._apps)
        of_apps = (client for clients in lists for client in clients)
        return sorted((*self._clients, *of_apps), key=lambda client: client.name)

    def refresh_installations(self) -> None:
        """Let every app list its installations anew when clients are needed next."""
        for app in self._apps:
            app.refresh_installations()

    def client_named(self, name: str) -> GithubClient:
        """Return a client by name. Raises GithubUnavailable if it is no longer configured."""
        client = self._by_name().get(name)
        if client is None:
            raise GithubUnavailable(f"The credential {name} is no longer configured.")
        return client

    @contextmanager
    def noting_rejection(self, client: GithubClient) -> Iterator[None]:
        """Note whether GitHub accepts the credential of a request that ``get`` does not send.

        Raises BadCredentials, without a request, in the pause after a rejection of the credential.
        """
        scopes = (ALL_REQUESTS,)
        if (refusal := self.access.refusals.refusal_or_probe(client.name, scopes)) is not None:
            raise refusal
        with self._noting_answer(client, scopes):
            yield

    def restore_refusals(self, name: str, refusals: Iterable[CredentialRefusal]) -> None:
        """Restore what a credential was refused."""
        client = self._by_name().get(name)
        if client is not None and client.kind == InstallationToken.kind:
            # Its token is a new one, which GitHub has not rejected.
            refusals = [each for each in refusals if each.error != BadCredentials.__name__]
        self.access.restore_refusals(name, refusals)

    def apps_without_installations(self) -> dict[str, IngestError]:
        """Return the failures of apps of which no installation is known, by the app's name."""
        found = ((app.name, app.failure_without_installations) for app in self._apps)
        return {name: failure for name, failure in found if failure is not None}

    def failed_apps(self) -> dict[str, IngestError]:
        """Return why apps could not list their installations, or only a part, by the app's name."""
        return {app.name: app.failure for app in self._apps if app.failure is not None}

    def send_probe(self) -> None:
        """Request the rate limit with the first credential that is neither paused nor rejected.

        The request is free, and shows whether GitHub answers. Raises as ``GithubClient.get`` does.
        """
        for client in self.clients():
            if client.paused_until() is None and self.access.rejection_of(client.name) is None:
                with self.noting_rejection(client):
                    client.get(Request.to(RATE_LIMIT))
                return

    def pop_rejected_credentials(self) -> dict[str, IngestError]:
        """Return credentials that GitHub rejects, each once, by name."""
        failed = self.failed_apps()
        with self._lock:
            new = {name: error for name, error in failed.items() if name not in self._reported_apps}
            rejections = {**self._unreported_rejections, **new}
            self._unreported_rejections, self._reported_apps = {}, set(failed)
        return rejections

    def close(self) -> None:
        """Close every client."""
        for client in self._clients:
            client.close()
        for app in self._apps:
            app.close()

    def _send(self, client: GithubClient, repository: str, request: Request) -> Response:
        """Send one request. Raises NotFound for an item only if its repository can be read.

        A repository that was refused before is checked before the item is requested.
        """
        started = time.monotonic()
        is_of_item = request.endpoint not in REPOSITORY_ENDPOINTS
        if is_of_item and (client.name, repository.lower()) in self.access.refusals:
            self._check_readable(client, repository)
        try:
            return client.get(request)
        except (NotFound, RepositoryUnavailable):
            if is_of_item and not self.access.has_read(client.name, repository, since=started):
                self._check_readable(client, repository)
            raise

    def _check_readable(self, client: GithubClient, repository: str) -> None:
        """Read a repository's runs, and note whether they are refused. Raises as ``get`` does."""
        try:
            client.get(Request.to(RUNS_PATH, repository, per_page=1))
        except REFUSAL_ERRORS as error:
            refused = {client.name: error}
            note_refusals(
                self.access, self._by_name(), repository, RUNS_PATH, refused, other_accepted=False
            )
            raise
        self.access.note_read(client.name, repository)

    @contextmanager
    def _noting_answer(self, client: GithubClient, scopes: tuple[str, ...]) -> Iterator[None]:
        """Note whether GitHub's answer accepts or rejects a credential; a failure shows neither."""
        try:
            yield
        except BadCredentials as error:
            if self.access.note_rejection(client.name, error):
                logger.info("credential rejected", extra={"credential": client.name})
                with self._lock:
                    self._unreported_rejections[client.name] = error
            raise
        except Retriable:
            self.access.refusals.release_probe(client.name, scopes)
            raise
        except IngestError:
            self.access.note_accepted(client.name)
            raise
        self.access.note_accepted(client.name)

    def _candidates(
        self, clients: Iterable[GithubClient], repository: str, scopes: tuple[str, ...]
    ) -> list[GithubClient]:
        """Return the clients to try, in order. Raises the known refusal where there are none."""
        order = self._order(clients, repository)
        refused = self._active_refusals(order, scopes)
        allowed = [
            client
            for client in order
            if client.name not in refused
            and is_worth_trying(self.access, client.name, repository, refused)
        ]
        if not allowed:
            raise most_informative_error(
                repository, [*refused.values(), *self.failed_apps().values()]
            )
        return allowed

    def _active_refusals(
        self, clients: Iterable[GithubClient], scopes: tuple[str, ...]
    ) -> dict[str, IngestError]:
        """Return the refusals whose pauses are not over, by credential."""
        names = (client.name for client in clients)
        found = ((name, self.access.refusals.active_refusal(name, scopes)) for name in names)
        return {name: error for name, error in found if error is not None}

    def _order(self, clients: Iterable[GithubClient], repository: str) -> list[GithubClient]:
        """Order clients by how likely they read a repository, then by the requests left to them."""

        def preference(client: GithubClient) -> tuple[int, float, bytes]:
            # The share is in tenths: small differences move no repository. The hash spreads ties.
            digest = hashlib.sha256(f"{client.name} {repository.lower()}".encode()).digest()
            return self.access.rank(client.name, repository), -client.remaining_share(), digest

        return sorted(clients, key=preference)

    def _by_name(self) -> dict[str, GithubClient]:
        return {client.name: client for client in self.clients()}
