"""Read the lists of repositories that the sources of one discovery need."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from ...domain.source_records import (
    ALL_OWNERS,
    CredentialRecord,
    DiscoveredRepository,
    ListedRepositories,
    truncated_list_note,
)
from ...domain.sources import SourcePattern, Sources
from ...domain.stored_values import repository_key
from ...errors import AccessDenied, BadCredentials, Fatal, IngestError, Skippable
from ...ports import Answer, RepositoryApi, RepositoryInfo, RepositoryList, RepositoryListQuery
from ..context import CollectorContext
from ..fetch_each import fetch_each
from .listed_repositories import ListedRepository
from .record_credentials import LIST_SUFFIX, with_refusal

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class RepositoryLists:
    """What the lists of one discovery held. Errors are by the owner whose repositories were listed.

    ``errors``: why no credential could read a list. ``refused``: why a credential may not list an
    owner, though another one may. ``installation_errors``: those of the owner's own installation of
    the App, which say more than others. ``truncation_notes``: about lists of which only a part was
    read.
    """

    listed: dict[str, ListedRepository] = field(default_factory=dict)
    errors: dict[str, IngestError] = field(default_factory=dict)
    installation_errors: dict[str, IngestError] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    credentials: dict[str, CredentialRecord] = field(default_factory=dict)
    truncation_notes: dict[str, str] = field(default_factory=dict)
    sources: Sources = field(default_factory=lambda: Sources(()))

    @property
    def are_complete(self) -> bool:
        """Return whether each owner's list was read, or its refusal is still in force."""
        return all(map(_is_refusal, self.errors.values()))

    def error_of(self, pattern: SourcePattern) -> IngestError | None:
        """Return what kept the lists of a source from being read; None for a single repository."""
        owner, errors = self.owner_of(pattern), self.errors | self.installation_errors
        # A failed list of all owners may have contained the owner's repositories.
        return (errors.get(owner) or errors.get(ALL_OWNERS)) if owner else None

    def owner_of(self, pattern: SourcePattern) -> str:
        """Return whose repositories are listed for a source; nothing if none are."""
        if pattern.names_one_repository or pattern.is_exclusion:
            return ""
        return (self.sources.current_owner(pattern) or ALL_OWNERS).lower()

    def note_error(self, query: RepositoryListQuery, error: IngestError) -> None:
        """Note why a list could not be read; the first reason of an owner counts."""
        self.errors.setdefault(query.owner.lower(), error)
        if query.installation_account is not None:
            self.installation_errors[query.installation_account.lower()] = error
        if isinstance(error, BadCredentials):
            self.refused.setdefault(query.owner.lower(), str(error))

    def note_truncation(self, query: RepositoryListQuery, listed: ListedRepositories) -> None:
        """Note a list of which only a part was read."""
        if not listed.is_whole:
            owner = query.installation_account or query.owner
            note = truncated_list_note(query.credential, owner, len(listed.names))
            self.truncation_notes |= {query.owner.lower(): note, owner.lower(): note}

    def add(self, listed: ListedRepositories, described: Collection[RepositoryInfo]) -> None:
        """Add the repositories of a list, described if it has changed."""
        by_name = {each.full_name.lower(): each for each in described}
        for name in listed.names:
            key = name.lower()
            found = ListedRepository(
                full_name=name,
                info=by_name.get(key),
                is_on_own_list=listed.owner == ALL_OWNERS,
            )
            before = self.listed.get(key)
            self.listed[key] = found if before is None else before.merged(found)

    def note_refusals(self, record: CredentialRecord, owner: str, now: datetime) -> bool:
        """Note why a credential may not list an owner; return whether it may not.

        A denial by the owner is preferred, because it is the most specific reason.
        """
        wanted = owner + LIST_SUFFIX
        refusals = [e for e in record.refusals if e.scope == wanted and e.is_in_force(now)]
        for each in refusals:
            if owner.lower() not in self.refused or each.error == AccessDenied.__name__:
                self.refused[owner.lower()] = each.reason
        return bool(refusals)


def fetch_lists(context: CollectorContext, api: RepositoryApi, sources: Sources) -> RepositoryLists:
    """Fetch all lists concurrently; one that fails does not delay the others."""
    listed_patterns = [each for each in sources.included if not each.names_one_repository]
    wanted = [sources.current_owner(each) for each in listed_patterns]
    owners = {owner for owner in wanted if owner is not None}
    of_all_owners = None in wanted
    now = context.clock.now()
    known_credentials = {each.name: each for each in context.store.list_credentials()}
    lists = RepositoryLists(credentials=known_credentials, sources=sources)
    described = _described(context.store.list_discovered_repositories())
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
        known = _known_list(record, query.owner)
        is_current = known is not None and _are_all_described(known, sources, described)
        validators[query] = known.validator if known is not None and is_current else None
    answers = fetch_each(
        context, validators, lambda query: api.fetch_repositories(query, validators[query])
    )
    for query, answer in answers.items():
        _apply_list(lists, api, query, answer, now)
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


def _described(discovered: Collection[DiscoveredRepository]) -> frozenset[str]:
    """Return the keys of repositories that a list has described, by their names on GitHub."""
    return frozenset(
        repository_key(each.new_name or each.full_name)
        for each in discovered
        if each.repository_id is not None
    )


def _are_all_described(
    known: ListedRepositories, sources: Sources, described: frozenset[str]
) -> bool:
    """Return whether every repository of a list that sources match was described by GitHub."""
    is_on_own_list = known.owner == ALL_OWNERS
    new = (name for name in known.names if repository_key(name) not in described)
    return not any(
        sources.source_of(name, is_on_own_list=is_on_own_list) and not sources.exclusion_of(name)
        for name in new
    )


def _apply_list(
    lists: RepositoryLists,
    api: RepositoryApi,
    query: RepositoryListQuery,
    answer: Answer[RepositoryList] | IngestError,
    now: datetime,
) -> None:
    record = lists.credentials[query.credential]
    listed = _known_list(record, query.owner) or ListedRepositories(owner=query.owner)
    described: tuple[RepositoryInfo, ...] = ()
    if isinstance(answer, IngestError):
        logger.info("repositories not listed", extra={"credential": query.credential})
        lists.note_error(query, answer)
        if _is_refusal(answer):
            record = with_refusal(record, query.owner + LIST_SUFFIX, answer, now)
            lists.note_refusals(record, query.owner, now)
    else:
        lists.errors.pop(query.owner.lower(), None)
        listed = replace(listed, owner=query.owner, validator=answer.validator)
        if answer.value is not None:
            described, is_whole = answer.value.repositories, answer.value.is_whole
            names = tuple(each.full_name for each in described)
            listed = replace(listed, names=names, is_whole=is_whole)
        record = _with_list(record, listed)
        api.note_listed_repositories(query, listed.names)
    lists.credentials[query.credential] = record
    lists.note_truncation(query, listed)
    lists.add(listed, described)


def _is_refusal(error: IngestError) -> bool:
    """Return whether a list is refused for a while.

    The rejection of a credential is not a refusal of the list; it has a pause of its own.
    """
    return isinstance(error, (Fatal, Skippable)) and not isinstance(error, BadCredentials)


def _known_list(record: CredentialRecord, owner: str) -> ListedRepositories | None:
    return next(
        (each for each in record.repository_lists if each.owner.lower() == owner.lower()), None
    )


def _with_list(record: CredentialRecord, new: ListedRepositories) -> CredentialRecord:
    kept = tuple(
        each for each in record.repository_lists if each.owner.lower() != new.owner.lower()
    )
    return replace(record, repository_lists=(*kept, new))
