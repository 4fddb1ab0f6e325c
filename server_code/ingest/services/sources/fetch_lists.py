"""Read the lists of repositories that the sources of one discovery need."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from ...domain.source_records import (
    ALL_OWNERS,
    LIST_SUFFIX,
    CredentialRecord,
    DiscoveredRepository,
    StoredList,
    incomplete_list_note,
)
from ...domain.sources import SourcePattern, Sources
from ...domain.stored_values import repository_key
from ...errors import AccessDenied, BadCredentials, Fatal, IngestError, Retriable, Skippable
from ...ports import Answer, RepositoryApi, RepositoryInfo, RepositoryList, RepositoryListQuery
from ..context import CollectorContext
from ..fetch_each import fetch_each
from .listed_repositories import ListedRepository
from .record_credentials import with_refusal

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class RepositoryLists:
    """What the lists of one discovery held.

    ``repositories``: by name in lower case. ``errors``: why a credential could not read a list,
    though another one may have. ``read_lists``: keys of the lists that a credential has read.
    ``refusal_by_owner``: why a credential may not list an owner, though another one may.
    ``credentials``: by name. ``truncation_notes``: about lists that lack repositories; by owner.
    """

    repositories: dict[str, ListedRepository] = field(default_factory=dict)
    errors: dict[RepositoryListQuery, IngestError] = field(default_factory=dict)
    read_lists: set[tuple[str, str]] = field(default_factory=set)
    refusal_by_owner: dict[str, str] = field(default_factory=dict)
    credentials: dict[str, CredentialRecord] = field(default_factory=dict)
    truncation_notes: dict[str, str] = field(default_factory=dict)
    sources: Sources = field(default_factory=lambda: Sources(()))

    @property
    def are_complete(self) -> bool:
        """Return whether every list was read, except those that another try soon would not read.

        It would not where the list is refused for a while, or where another credential has read it
        and GitHub rejects this one as a whole.
        """
        may_pass = any(isinstance(each, Retriable) for each in self.errors.values())
        return not may_pass and all(map(_is_refusal, self._unread().values()))

    def error_of(self, pattern: SourcePattern) -> IngestError | None:
        """Return what kept the lists of a source from being read; None for a single repository."""
        owner, unread = self.listed_owner_of(pattern), self._unread()
        if owner == ALL_OWNERS:
            return next((error for each, error in unread.items() if each[0] == ALL_OWNERS), None)
        # The owner's own installation says most. A token's own list may have had its repositories.
        lists = ((ALL_OWNERS, owner), (owner, ""), (ALL_OWNERS, "")) if owner else ()
        return next((unread[each] for each in lists if each in unread), None)

    def listed_owner_of(self, pattern: SourcePattern) -> str:
        """Return the present name of the owner whose repositories a source lists, "" if none."""
        if pattern.names_one_repository or pattern.is_exclusion:
            return ""
        return (self.sources.current_owner(pattern) or ALL_OWNERS).lower()

    def note_error(self, query: RepositoryListQuery, error: IngestError) -> None:
        """Note why a credential could not read a list."""
        self.errors[query] = error
        if isinstance(error, BadCredentials):
            self.refusal_by_owner.setdefault(query.owner.lower(), str(error))

    def note_truncation(
        self, query: RepositoryListQuery, stored: StoredList, *, is_only_credential: bool
    ) -> None:
        """Note a list that lacks repositories."""
        owner = query.installation_account or query.owner
        note = incomplete_list_note(
            query.credential, replace(stored, owner=owner), is_only_credential=is_only_credential
        )
        if note is not None:
            self.truncation_notes |= {query.owner.lower(): note, owner.lower(): note}

    def add(self, stored: StoredList, infos: Collection[RepositoryInfo]) -> None:
        """Add the repositories of a list, with their ``infos`` if it has changed."""
        info_by_key = {each.full_name.lower(): each for each in infos}
        for name in stored.names:
            key = name.lower()
            repository = ListedRepository(
                full_name=name,
                info=info_by_key.get(key),
                is_listed_to_credential=stored.owner == ALL_OWNERS,
            )
            before = self.repositories.get(key)
            self.repositories[key] = repository if before is None else before.merged(repository)

    def note_refusals(self, record: CredentialRecord, owner: str, now: datetime) -> bool:
        """Note why a credential may not list an owner; return whether it may not.

        A denial by the owner is preferred, because it is the most specific reason.
        """
        scope = owner + LIST_SUFFIX
        refusals = [e for e in record.refusals if e.scope == scope and e.is_in_force(now)]
        for each in refusals:
            if owner.lower() not in self.refusal_by_owner or each.error == AccessDenied.__name__:
                self.refusal_by_owner[owner.lower()] = each.reason
        return bool(refusals)

    def _unread(self) -> dict[tuple[str, str], IngestError]:
        """Return why lists could be read with no credential; the first reason of a list counts."""
        unread: dict[tuple[str, str], IngestError] = {}
        for query, error in self.errors.items():
            if _list_key(query) not in self.read_lists:
                unread.setdefault(_list_key(query), error)
        return unread


def fetch_lists(context: CollectorContext, sources: Sources) -> RepositoryLists:
    """Fetch all lists concurrently; one that fails does not delay the others."""
    api = context.repository_api
    listed_patterns = [each for each in sources.included if not each.names_one_repository]
    owners_or_none = {sources.current_owner(each) for each in listed_patterns}
    owners = {owner for owner in owners_or_none if owner is not None}
    of_all_owners = None in owners_or_none
    now = context.clock.now()
    known_credentials = {each.name: each for each in context.store.list_credentials()}
    lists = RepositoryLists(credentials=known_credentials, sources=sources)
    described_keys = _described_keys(context.store.list_discovered_repositories())
    validators: dict[RepositoryListQuery, str | None] = {}
    for query in (
        api.list_queries_for(owners, of_all_owners=of_all_owners) if listed_patterns else ()
    ):
        record = lists.credentials.get(query.credential) or CredentialRecord(
            name=query.credential, kind=query.credential.partition("-")[0], updated_at=now
        )
        lists.credentials[query.credential] = record
        if lists.note_refusals(record, query.owner, now):
            continue
        stored = _stored_list(record, query.owner)
        is_current = stored is not None and _are_all_described(stored, sources, described_keys)
        validators[query] = stored.validator if stored is not None and is_current else None
    answers = fetch_each(
        context, validators, lambda query: api.fetch_repositories(query, validators[query])
    )
    is_only = len({query.credential for query in answers}) == 1
    for query, answer in answers.items():
        stored = _apply_list(lists, api, query, answer, now)
        lists.note_truncation(query, stored, is_only_credential=is_only)
    return lists


def note_former_names(
    api: RepositoryApi, lists: RepositoryLists, discovered: Collection[DiscoveredRepository]
) -> None:
    """Note that a credential that lists a renamed repository reads it by its former name, too.

    The list has only the new name, but the repository is watched under the former one.
    """
    former = {repository_key(each.new_name): each.full_name for each in discovered if each.new_name}
    for record in lists.credentials.values() if former else ():
        for each in record.repository_lists:
            keys = map(repository_key, each.names)
            names = [former[key] for key in keys if key in former]
            if names:
                query = RepositoryListQuery(record.name, each.owner)
                api.note_listed_repositories(query, (*each.names, *names))


def _described_keys(discovered: Collection[DiscoveredRepository]) -> frozenset[str]:
    """Return the keys of repositories that a list has described, by their names on GitHub."""
    return frozenset(
        repository_key(each.new_name or each.full_name)
        for each in discovered
        if each.repository_id is not None
    )


def _are_all_described(
    stored: StoredList, sources: Sources, described_keys: frozenset[str]
) -> bool:
    """Return whether every repository of a list that sources match was described by GitHub."""
    is_listed_to_credential = stored.owner == ALL_OWNERS
    new = (name for name in stored.names if repository_key(name) not in described_keys)
    return not any(
        sources.source_of(name, is_listed_to_credential=is_listed_to_credential)
        and not sources.exclusion_of(name)
        for name in new
    )


def _apply_list(
    lists: RepositoryLists,
    api: RepositoryApi,
    query: RepositoryListQuery,
    answer: Answer[RepositoryList] | IngestError,
    now: datetime,
) -> StoredList:
    record = lists.credentials[query.credential]
    stored = _stored_list(record, query.owner) or StoredList(owner=query.owner)
    infos: tuple[RepositoryInfo, ...] = ()
    if isinstance(answer, IngestError):
        logger.info("repositories not listed", extra={"credential": query.credential})
        lists.note_error(query, answer)
        if _is_refusal(answer):
            record = with_refusal(record, query.owner + LIST_SUFFIX, answer, now)
            lists.note_refusals(record, query.owner, now)
    else:
        lists.read_lists.add(_list_key(query))
        if answer.value is None:
            stored = replace(stored, owner=query.owner, validator=answer.validator)
        else:
            infos = answer.value.repositories
            stored = answer.value.as_stored(query.owner, answer.validator)
        record = _with_list(record, stored)
        api.note_listed_repositories(query, stored.names)
    lists.credentials[query.credential] = record
    lists.add(stored, infos)
    return stored


def _list_key(query: RepositoryListQuery) -> tuple[str, str]:
    """Return which list a query is for: its owner, and the account of an App's installation.

    The list of an owner is the same one to each credential. The installations of an App list all
    owners, but each has repositories of its own account only.
    """
    return query.owner.lower(), (query.installation_account or "").lower()


def _is_refusal(error: IngestError) -> bool:
    """Return whether a list is refused for a while.

    It is where the error is ``Fatal`` (a person must act first) or says that there is no such list.
    The rejection of a credential is not a refusal of the list; it has a pause of its own.
    """
    return isinstance(error, (Fatal, Skippable)) and not isinstance(error, BadCredentials)


def _stored_list(record: CredentialRecord, owner: str) -> StoredList | None:
    return next(
        (each for each in record.repository_lists if each.owner.lower() == owner.lower()), None
    )


def _with_list(record: CredentialRecord, new: StoredList) -> CredentialRecord:
    kept = tuple(
        each for each in record.repository_lists if each.owner.lower() != new.owner.lower()
    )
    return replace(record, repository_lists=(*kept, new))
