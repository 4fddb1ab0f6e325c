"""The lists of repositories that credentials may read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ...domain.source_records import ALL_OWNERS, CredentialRecord
from ...domain.timestamps import parse_timestamp
from ...errors import NotFound, RepositoryUnavailable, Retriable
from ...ports import (
    Answer,
    CredentialInfo,
    RepositoryInfo,
    RepositoryList,
    RepositoryListQuery,
)
from ...ports.repository_api import ANONYMOUS
from ...wire.fields import integer, mapping, text
from .client import GithubClient
from .credentials import INSTALLATION_PREFIX, InstallationToken
from .lists import ListAnswer, ListReader, ListRequest
from .request import Request
from .tokens import TokenPool

_INSTALLATION_LIST = ListRequest(
    request=Request.to("/installation/repositories"), items_field="repositories"
)
_USER_LIST = ListRequest(
    request=Request.to("/user/repos", sort="full_name", visibility="all"), items_field=None
)


class GithubRepositories:
    """The lists of repositories that credentials may read."""

    def __init__(self, tokens: TokenPool) -> None:
        self._tokens = tokens
        self._lists = ListReader()
        self._account_kinds: dict[str, str] = {}
        self.refresh_installations = tokens.refresh_installations
        self.take_refusal_changes = tokens.access.take_changes

    def list_queries_for(
        self, owners: Collection[str], *, of_all_owners: bool
    ) -> list[RepositoryListQuery]:
        """Return the lists to fetch for the repositories of owners, or of everybody.

        An installation has one list, which is fetched if its account is among the owners. A token's
        own list holds private repositories of its user that the list of an owner lacks. An App
        without known installations has one list that fails: it may hold what is looked for.
        """
        wanted = {owner.lower(): owner for owner in owners}
        queries: list[RepositoryListQuery] = []
        for client in self._tokens.clients():
            account = self._tokens.access.accounts.get(client.name)
            if client.name.startswith(INSTALLATION_PREFIX):
                if of_all_owners or account is None or account in wanted:
                    queries.append(RepositoryListQuery(client.name, ALL_OWNERS, account))
                continue
            if client.name != ANONYMOUS and (of_all_owners or wanted):
                queries.append(RepositoryListQuery(client.name, ALL_OWNERS))
            queries += [
                RepositoryListQuery(client.name, owner) for owner in sorted(wanted.values())
            ]
        if of_all_owners or wanted:
            apps = self._tokens.apps_without_installations()
            queries += [RepositoryListQuery(name, ALL_OWNERS) for name in apps]
        return queries

    def fetch_repositories(
        self, query: RepositoryListQuery, validator: str | None = None
    ) -> Answer[RepositoryList]:
        """Fetch one list. Raises what ``GithubClient.get`` does; a limit ends the list early."""
        failure = self._tokens.apps_without_installations().get(query.credential)
        if failure is not None:
            raise failure.with_traceback(None)
        client = self._tokens.client_named(query.credential)
        with self._tokens.noting_rejection(client):
            if query.owner != ALL_OWNERS:
                return self._fetch_of_owner(client, query.owner, validator)
            wanted = _INSTALLATION_LIST if _is_of_installation(client) else _USER_LIST
            own = replace(wanted, credential=client.name)
            return _answer(self._lists.fetch(client, own, validator), validator)

    def note_listed_repositories(self, query: RepositoryListQuery, names: Collection[str]) -> None:
        """Note which repositories GitHub lists to a credential: it is tried first for these."""
        self._tokens.access.note_listed_repositories(query.credential, query.owner, names)

    def restore_credentials(self, records: Collection[CredentialRecord]) -> None:
        """Restore the lists and refusals of credentials."""
        for record in records:
            for each in record.repository_lists:
                self._tokens.access.note_listed_repositories(record.name, each.owner, each.names)
            self._tokens.restore_refusals(record.name, record.refusals)

    def retry_refusals_cleared_in_state(
        self, load: Callable[[], Collection[CredentialRecord]]
    ) -> None:
        """Retry what the records of the state store no longer name as refused."""
        for record in load() if self._tokens.access.refusals else ():
            self._tokens.access.retry_refusals_cleared_in_state(record.name, record.refusals)

    def credentials(self) -> list[CredentialInfo]:
        """Return what is known of the credentials."""
        return [self._info(client) for client in self._tokens.clients(only_known=True)]

    def fetch_owner(self, credential: str) -> str | None:
        """Fetch the user of a token; None for other credentials."""
        client = self._tokens.client_named(credential)
        if client.name == ANONYMOUS or _is_of_installation(client):
            return None
        with self._tokens.noting_rejection(client):
            return text(mapping(client.get(Request.to("/user")).json()).get("login"))

    def _info(self, client: GithubClient) -> CredentialInfo:
        rejection = self._tokens.access.rejection_of(client.name)
        is_temporary = isinstance(rejection, Retriable)
        return CredentialInfo(
            name=client.name,
            kind=client.kind,
            was_used=client.was_used,
            missing_permissions=client.missing_permissions,
            owner=self._tokens.access.accounts.get(client.name),
            rate_limit=client.rate_limiter.core_limit,
            expires_at=client.expires_at,
            rejection=None if rejection is None or is_temporary else str(rejection),
        )

    def _fetch_of_owner(
        self, client: GithubClient, owner: str, validator: str | None
    ) -> Answer[RepositoryList]:
        """Fetch the list of an organization, or of a user if there is no such organization.

        The kind that answered last is tried first: another account may have taken the name since,
        or a user may have become an organization, whose list as a user's has public repositories
        only.
        """
        known_kind, _, etags = (validator or "").partition(" ")
        known_kind = known_kind or self._account_kinds.get(owner.lower(), "")
        kind, other_kind = sorted(("orgs", "users"), key=lambda kind: kind != known_kind)
        known = etags if kind == known_kind and etags else None
        try:
            found = self._lists.fetch(client, _owner_list(client, kind, owner), known)
        except (NotFound, RepositoryUnavailable):
            kind = other_kind
            found = self._lists.fetch(client, _owner_list(client, kind, owner))
        if kind == known_kind == "users" and _is_of_organization(found):
            with suppress(NotFound, RepositoryUnavailable):
                found = self._lists.fetch(client, _owner_list(client, "orgs", owner))
                kind = "orgs"
        self._account_kinds[owner.lower()] = kind
        answer = _answer(found, validator)
        if answer.value is None or answer.validator is None:
            return answer
        return Answer(answer.value, f"{kind} {answer.validator}")


def _is_of_installation(client: GithubClient) -> bool:
    """Return whether a credential is an App's installation, even one in GITHUB_TOKEN."""
    return client.kind == InstallationToken.kind


def parse_repository(payload: Mapping[str, Any], *, requested_name: str = "") -> RepositoryInfo:
    """Parse a repository object; ``requested_name`` stands in for a name that it lacks."""
    return RepositoryInfo(
        full_name=text(payload.get("full_name")) or requested_name,
        is_private=payload.get("private") is True,
        is_archived=payload.get("archived") is True,
        is_disabled=payload.get("disabled") is True,
        repository_id=integer(payload.get("id")),
        pushed_at=parse_timestamp(payload.get("pushed_at")),
        html_url=text(payload.get("html_url")),
        owner_id=integer(mapping(payload.get("owner")).get("id")),
    )


def _owner_list(client: GithubClient, kind: str, owner: str) -> ListRequest:
    request = Request.to(f"/{kind}/{{}}/repos", owner, sort="full_name")
    return ListRequest(request=request, items_field=None, credential=client.name)


def _is_of_organization(answer: ListAnswer) -> bool:
    owners = (mapping(item.get("owner")) for item in answer.items or ())
    return any(owner.get("type") == "Organization" for owner in owners)


def _answer(answer: ListAnswer, validator: str | None) -> Answer[RepositoryList]:
    if answer.items is None:
        return Answer(None, validator)
    listed = (parse_repository(mapping(item)) for item in answer.items)
    named = tuple(each for each in listed if "/" in each.full_name)
    found = RepositoryList(
        named,
        is_whole=not answer.has_next,
        hidden_organizations=answer.hidden_organizations,
    )
    return Answer(found, answer.validator)
