"""The credentials of one collector, and which of them reads which repository."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from ...domain.source_records import CredentialRefusal, RefusalChanges
from ...errors import (
    AccessDenied,
    BadCredentials,
    GithubUnavailable,
    IngestError,
    NotFound,
    RateLimited,
)
from ...ports import Budget, Clock
from ...wire.hourly_use import Purpose
from .apps import App
from .client import GithubClient
from .refusal_reasons import REFUSALS, list_reasons, most_informative, narrowest_limit
from .refusal_scopes import is_of_owner, refused_scope, scopes_of
from .request import Request, Response
from .rights import Rights

logger = logging.getLogger(__name__)

_RUNS = "/repos/{}/actions/runs"

#: A repository waits so long for a limit of its credential, before another one reads it.
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
        self._rights = Rights(clock)
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
        candidates = self._candidates(repository, request.endpoint)
        refused: dict[str, IngestError] = {}
        limited: list[RateLimited] = []
        for client in candidates:
            if limited and not self._rights.may_read(client.name, repository):
                continue
            if not self._is_worth_asking(client.name, repository, refused):
                continue
            try:
                response = self._ask(client, repository, request)
            except RateLimited as limit:
                if limit.retry_at - self.clock.now() < MAX_LIMIT_WAIT:
                    raise
                limited.append(limit)
            except REFUSALS as error:
                self.note_rejection(client, error)
                refused[client.name] = error
            else:
                self._refuse(repository, request.endpoint, refused, is_replaced=True)
                self._rights.grant(client.name, repository, moves=bool(limited))
                return response
        failed_apps = self.failed_apps().values()
        reasons = list_reasons(self._rights, repository, refused, self._by_name(), failed_apps)
        self._refuse(repository, request.endpoint, refused, is_replaced=False)
        raise narrowest_limit(limited) or most_informative(repository, reasons)

    def client_for(self, repository: str) -> GithubClient:
        """Return the client that is most likely to read a repository. Raises as ``get`` does."""
        names = self._order(repository)
        if not names:
            raise most_informative(repository, [*self.failed_apps().values()])
        return self._by_name()[names[0]]

    def set_bulk(self, repository: str, *, is_bulk: bool, is_backfill: bool) -> None:
        """Mark a repository's requests as bulk, also as a backfill's, or no longer."""
        self._purposes.pop(repository, None)
        if is_bulk:
            self._purposes[repository] = Purpose.BACKFILL if is_backfill else Purpose.BACKLOG

    def purpose_of(self, repository: str) -> Purpose:
        """Return what a repository's requests are sent for, logs aside."""
        return self._purposes.get(repository, Purpose.WATCHING)

    def prefer(self, repository: str, validator: str | None) -> None:
        """Keep a repository with the credential that got its validator, if it is still here."""
        for name in self._by_name():
            if validator is not None and f'"{name} ' in validator:
                self._rights.pin(name, repository)

    def clients(self) -> list[GithubClient]:
        """List all clients, by name."""
        found = [*self._clients, *(client for app in self._apps for client in app.clients())]
        for app in self._apps:
            for name, account in app.accounts().items():
                self._rights.set_account(name, account)
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

    def account_of(self, name: str) -> str | None:
        """Return whose installation a credential is, in lower case; None where not known."""
        return self._rights.account_of(name)

    def rejection_of(self, name: str) -> IngestError | None:
        """Return why GitHub rejects a credential as a whole; None where it does not."""
        return self._rights.rejection_of(name)

    def note_rejection(self, client: GithubClient, error: IngestError) -> None:
        """Note that GitHub rejects a credential as a whole, if the error is such."""
        if isinstance(error, BadCredentials) and self._rights.reject(client.name, error):
            logger.info("credential rejected", extra={"credential": client.name})
            with self._lock:
                self._rejected[client.name] = error

    def note_acceptance(self, name: str) -> None:
        """Note that GitHub accepts a credential."""
        self._rights.accept(name)

    def note_list(self, name: str, owner: str, repositories: Collection[str]) -> None:
        """Note which repositories of an owner (``*``: of all) a credential was listed."""
        self._rights.set_list(name, owner, repositories)

    def restore_refusals(self, name: str, refusals: Iterable[CredentialRefusal]) -> None:
        """Restore what a credential was refused."""
        self._rights.restore_refusals(name, refusals)

    def take_refusals(self) -> dict[str, RefusalChanges]:
        """Return by credential which refusals are new or over; none where it is the only one."""
        changes = self._rights.take_changes()
        return changes if len(self.clients()) > 1 else {}

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
        clients = self.clients()
        limits = [
            limit
            for client in clients
            for limit in client.rate_limiter.limits()
            if limit.resource == "core"
        ]
        if not limits:
            return Budget(limit=None, remaining=None, reset_at=None)
        return Budget(
            limit=sum(limit.limit for limit in limits),
            remaining=sum(limit.remaining for limit in limits),
            reset_at=min(limit.reset_at for limit in limits),
            interval_factor=max(client.interval_factor() for client in clients),
        )

    def close(self) -> None:
        """Close every client."""
        for client in self._clients:
            client.close()
        for app in self._apps:
            app.close()

    def _ask(self, client: GithubClient, repository: str, request: Request) -> Response:
        """Send one request; believe that an item is missing only while its repository is read."""
        started = time.monotonic()
        try:
            return client.get(request)
        except NotFound:
            if not self._rights.has_read(client.name, repository, since=started):
                client.get(Request.to(_RUNS, repository, per_page=1))
                self._rights.grant(client.name, repository)
            raise

    def _is_worth_asking(
        self, name: str, repository: str, refused: Mapping[str, IngestError]
    ) -> bool:
        """Return whether to ask a credential for a path that others were refused.

        Where one of them reads the repository, one that reads nothing of its owner is not.
        """
        has_reader = any(
            isinstance(error, AccessDenied) and self._rights.has_read(each, repository)
            for each, error in refused.items()
        )
        return not has_reader or self._rights.may_read_owner(name, repository)

    def _candidates(self, repository: str, endpoint: str) -> list[GithubClient]:
        """Return the clients to ask, in order. Raises the known refusal where there are none."""
        clients = self._by_name()
        order = self._order(repository)
        scopes = scopes_of(repository, endpoint, is_only=len(order) == 1)
        answers = {name: self._refusal(name, scopes) for name in order}
        refused = {name: error for name, error in answers.items() if error is not None}
        allowed = [
            name
            for name in order
            if name not in refused and self._is_worth_asking(name, repository, refused)
        ]
        if not allowed:
            raise most_informative(repository, [*refused.values(), *self.failed_apps().values()])
        return [clients[name] for name in allowed]

    def _refusal(self, name: str, scopes: Iterable[str]) -> IngestError | None:
        """Return why a credential is not to be asked now."""
        known = (self._rights.refusal(name, each) for each in scopes)
        return next((each for each in known if each is not None), None)

    def _order(self, repository: str) -> list[str]:
        clients = self._by_name()

        def preference(name: str) -> tuple[float, bytes]:
            # Tenths: small differences must not move repositories. The hash spreads the rest.
            return -clients[name].budget_left(), _rank(name, repository.lower())

        return self._rights.order(clients, repository, preference)

    def _by_name(self) -> dict[str, GithubClient]:
        return {client.name: client for client in self.clients()}

    def _refuse(
        self,
        repository: str,
        endpoint: str,
        refused: Mapping[str, IngestError],
        *,
        is_replaced: bool,
    ) -> None:
        """Note refusals, of the repository, or of one endpoint where the repository was read.

        A credential that read the repository before may do so again soon: it is asked again where
        no other one was accepted instead (not ``is_replaced``). One that is rejected as a whole is
        tried again with another repository, if it reads any.
        """
        clients = self._by_name() if refused else {}
        for name, error in refused.items():
            has_read = self._rights.has_read(name, repository)
            is_read = has_read and isinstance(error, AccessDenied)
            kind = clients[name].kind if name in clients else ""
            what = refused_scope(kind, repository, endpoint, is_read=is_read)
            if isinstance(error, BadCredentials):
                if is_replaced:
                    self._rights.unpin(name, repository)
                is_noted = self._rights.reads_others(name, repository)
            else:
                is_noted = is_replaced or not has_read or is_of_owner(what)
            if is_noted:
                self._rights.refuse(name, what, error)


def _rank(name: str, repository: str) -> bytes:
    return hashlib.sha256(f"{name} {repository}".encode()).digest()
