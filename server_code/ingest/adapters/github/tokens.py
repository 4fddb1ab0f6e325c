"""The credentials of one collector, and which of them reads which repository."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ...domain.source_records import EVERYTHING, CredentialRefusal
from ...errors import (
    BadCredentials,
    GithubUnavailable,
    IngestError,
    NotFound,
    RateLimited,
    RepositoryUnavailable,
    Retriable,
)
from ...ports import Budget, Clock
from ...wire.hourly_use import Purpose
from .budgets import sum_budgets
from .client import GithubClient
from .refusal_reasons import (
    REFUSALS,
    is_worth_asking,
    list_reasons,
    most_informative,
    narrowest_limit,
)
from .refusal_scopes import (
    RUNS,
    is_of_repository,
    note_refusals,
    scopes_of,
    still_valid,
)
from .request import Request, Response
from .rights import Rights

if TYPE_CHECKING:
    from .apps import App

logger = logging.getLogger(__name__)

#: The longest time a repository waits for a limit of its credential before another one reads it.
MAX_LIMIT_WAIT = timedelta(minutes=2)


class TokenPool:
    """One client per credential. Each repository is read with a credential that may.

    A repository stays with its credential while that may read it, for ETags are the credential's;
    it moves to another one that may where a limit would hold it for minutes.
    """

    def __init__(
        self,
        clients: Sequence[GithubClient],
        apps: Sequence[App],
        *,
        api_url: str,
        clock: Clock,
    ) -> None:
        self.api_url = api_url
        self.clock = clock
        self._clients = list(clients)
        self._apps = apps
        self.rights = Rights(clock)
        self._lock = threading.Lock()
        self._rejected: dict[str, IngestError] = {}
        self._failed_apps: set[str] = set()
        self._purposes: dict[str, Purpose] = {}

    def get(self, repository: str, request: Request) -> Response:
        """Send one GET with a credential that reads the repository.

        Raises what ``GithubClient.get`` does. NotFound and Gone are about the item: the same
        credential reads the repository's Actions at that time.
        """
        if request.log is None:
            request = replace(request, purpose=self.purpose_of(repository))
        clients, endpoint = self._by_name(), request.endpoint
        scopes = scopes_of(repository, endpoint)
        waiting: dict[str, IngestError] = {}
        refused: dict[str, IngestError] = {}
        limited: list[RateLimited] = []
        for client in self._candidates(clients, repository, scopes):
            if not is_worth_asking(self.rights, client.name, repository, refused, limited):
                continue
            if (obstacle := self.rights.begin(client.name, scopes)) is not None:
                waiting[client.name] = obstacle
                continue
            try:
                with self._noting_answer(client, scopes):
                    response = self._ask(client, repository, request)
            except RateLimited as limit:
                if limit.retry_at - self.clock.now() < MAX_LIMIT_WAIT:
                    raise
                limited.append(limit)
            except REFUSALS as error:
                refused[client.name] = error
            else:
                note_refusals(self.rights, clients, repository, endpoint, refused, is_replaced=True)
                self.rights.grant(client.name, repository, scopes, moves=bool(limited))
                return response
        failed = self.failed_apps().values()
        rejected = {name: waiting.get(name) or self.rejection_of(name) for name in clients}
        reasons = list_reasons(self.rights, repository, refused, rejected, failed)
        note_refusals(self.rights, clients, repository, endpoint, refused, is_replaced=False)
        reasons = reasons or [*waiting.values()]
        obstacles = self._obstacles(clients, scopes).values()
        raise narrowest_limit(limited) or most_informative(repository, reasons, obstacles)

    def query(self, repository: str, query: str, variables: Mapping[str, str]) -> object:
        """Send one GraphQL query about a repository. Raises as ``GithubClient.query`` does."""
        client = self.client_for(repository)
        with self.asking(client):
            return client.query(query, variables, self.purpose_of(repository))

    def client_for(self, repository: str) -> GithubClient:
        """Return the client that is most likely to read a repository. Raises as ``get`` does."""
        names = self._order(repository)
        if not names:
            raise most_informative(repository, [*self.failed_apps().values()])
        return self._by_name()[names[0]]

    def set_purpose(self, repository: str, purpose: Purpose) -> None:
        """Set what a repository's requests are sent for from here on, logs aside."""
        self._purposes.pop(repository, None)
        if purpose is not Purpose.WATCHING:
            self._purposes[repository] = purpose

    def purpose_of(self, repository: str) -> Purpose:
        """Return what a repository's requests are sent for, logs aside."""
        return self._purposes.get(repository, Purpose.WATCHING)

    def pin_by_validator(self, repository: str, validator: str | None) -> None:
        """Keep a repository with the credential that got its validator, if it is still here."""
        for name in self._by_name():
            if validator is not None and f'"{name} ' in validator:
                self.rights.pin(name, repository)

    def clients(self) -> list[GithubClient]:
        """List all clients, by name."""
        found = list(self._clients)
        for app in self._apps:
            found += app.clients()
            for name, account in app.accounts().items():
                self.rights.set_account(name, account)
            for name in app.take_usable():
                self.rights.end_suspension(name)
        return sorted(found, key=lambda client: client.name)

    def refresh_installations(self) -> None:
        """Let every app list its installations anew when clients are needed next."""
        for app in self._apps:
            app.refresh_installations()

    def client_named(self, name: str) -> GithubClient:
        """Return a client. Raises GithubUnavailable for one that is no longer there."""
        client = self._by_name().get(name)
        if client is None:
            raise GithubUnavailable(f"The credential {name} is no longer configured.")
        return client

    def rejection_of(self, name: str) -> IngestError | None:
        """Return why GitHub rejects a credential as a whole; None where it does not."""
        return self.rights.rejection_of(name)

    @contextmanager
    def asking(self, client: GithubClient) -> Iterator[None]:
        """Send a request that is of no repository, and note whether its credential is accepted.

        Raises BadCredentials where it is rejected, and not to be asked now.
        """
        scopes = (EVERYTHING,)
        obstacle = self.rights.begin(client.name, scopes)
        if obstacle is not None:
            raise obstacle
        with self._noting_answer(client, scopes):
            yield

    def restore_refusals(self, name: str, refusals: Iterable[CredentialRefusal]) -> None:
        """Restore what a credential was refused."""
        self.rights.restore_refusals(name, still_valid(refusals, self._by_name().get(name)))

    def failed_apps(self) -> dict[str, IngestError]:
        """Return why apps have no installation to use, by the app's name."""
        return {app.name: app.failure for app in self._apps if app.failure is not None}

    def take_rejections(self) -> dict[str, IngestError]:
        """Return credentials that GitHub rejects, each once, by name."""
        failed = self.failed_apps()
        with self._lock:
            new = {name: error for name, error in failed.items() if name not in self._failed_apps}
            taken = {**self._rejected, **new}
            self._rejected, self._failed_apps = {}, set(failed)
        return taken

    def budget(self) -> Budget:
        """Sum up what is left of the hour's REST requests; None before the first answer."""
        return sum_budgets(self.clients())

    def close(self) -> None:
        """Close every client."""
        for client in self._clients:
            client.close()
        for app in self._apps:
            app.close()

    def _ask(self, client: GithubClient, repository: str, request: Request) -> Response:
        """Send one request; believe that an item is missing only while its repository is read.

        Where the repository was refused before, it is asked for itself first.
        """
        started = time.monotonic()
        is_of_item = not is_of_repository(request.endpoint)
        if is_of_item and self.rights.is_refused(client.name, repository):
            self._prove_readable(client, repository)
        try:
            return client.get(request)
        except (NotFound, RepositoryUnavailable):
            if is_of_item and not self.rights.has_read(client.name, repository, since=started):
                self._prove_readable(client, repository)
            raise

    def _prove_readable(self, client: GithubClient, repository: str) -> None:
        """Read a repository's runs, and note whether they are refused. Raises as ``get`` does."""
        try:
            client.get(Request.to(RUNS, repository, per_page=1))
        except REFUSALS as error:
            refused = {client.name: error}
            note_refusals(
                self.rights, self._by_name(), repository, RUNS, refused, is_replaced=False
            )
            raise
        self.rights.grant(client.name, repository)

    @contextmanager
    def _noting_answer(self, client: GithubClient, scopes: tuple[str, ...]) -> Iterator[None]:
        """Note what GitHub's answer says of a credential as a whole; a failure says nothing."""
        try:
            yield
        except BadCredentials as error:
            if self.rights.reject(client.name, error):
                logger.info("credential rejected", extra={"credential": client.name})
                with self._lock:
                    self._rejected[client.name] = error
            raise
        except Retriable:
            self.rights.end_probe(client.name, scopes)
            raise
        except IngestError:
            self.rights.accept(client.name)
            raise
        self.rights.accept(client.name)

    def _candidates(
        self, clients: Mapping[str, GithubClient], repository: str, scopes: tuple[str, ...]
    ) -> list[GithubClient]:
        """Return the clients to ask, in order. Raises the known refusal where there are none."""
        order = self._order(repository)
        refused = self._obstacles(order, scopes)
        allowed = [
            name
            for name in order
            if name not in refused and is_worth_asking(self.rights, name, repository, refused)
        ]
        if not allowed:
            raise most_informative(repository, [*refused.values(), *self.failed_apps().values()])
        return [clients[name] for name in allowed]

    def _obstacles(self, names: Iterable[str], scopes: tuple[str, ...]) -> dict[str, IngestError]:
        """Return why credentials are not to be asked now, by those that are not."""
        found = ((name, self.rights.find_obstacle(name, scopes)) for name in names)
        return {name: error for name, error in found if error is not None}

    def _order(self, repository: str) -> list[str]:
        clients = self._by_name()

        def preference(name: str) -> tuple[float, bytes]:
            # Tenths: small differences must not move repositories. The hash spreads the rest.
            return -clients[name].budget_left(), _rank(name, repository.lower())

        return self.rights.order(clients, repository, preference)

    def _by_name(self) -> dict[str, GithubClient]:
        return {client.name: client for client in self.clients()}


def _rank(name: str, repository: str) -> bytes:
    return hashlib.sha256(f"{name} {repository}".encode()).digest()
