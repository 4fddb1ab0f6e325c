"""The repositories of the lists that one discovery has read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...domain.source_records import DiscoveredRepository
from ...domain.stored_values import repository_key
from ...errors import IngestError
from ...ports import RepositoryInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRepository:
    """A repository of a list. ``info`` None: its list has not changed since the last time.

    ``is_listed_to_credential``: a credential's own list (of a user or an installation) has it, and
    not only its owner's list; a source of all owners matches only these. ``answer``: what GitHub
    answered a request for the repository itself, if it is watched and on no list.
    """

    full_name: str
    info: RepositoryInfo | None
    is_listed_to_credential: bool
    answer: RepositoryInfo | IngestError | None = None

    def merged(self, other: ListedRepository) -> ListedRepository:
        """Return one repository as two lists describe it."""
        is_listed_to_credential = self.is_listed_to_credential or other.is_listed_to_credential
        return replace(
            self, info=self.info or other.info, is_listed_to_credential=is_listed_to_credential
        )


class ListIndex:
    """The repositories of all lists, by name and by GitHub's id."""

    def __init__(self, listed: Sequence[ListedRepository]) -> None:
        self._by_name = {repository_key(each.full_name): each for each in listed}
        self._by_id = {each.info.repository_id: each for each in listed if each.info is not None}

    def find(self, name: str, known: DiscoveredRepository | None) -> ListedRepository | None:
        """Return the repository with a name; a known one may be listed under another name."""
        found = self._by_name.get(repository_key(name))
        if found is not None or known is None:
            return found
        if known.repository_id is not None and known.repository_id in self._by_id:
            return self._by_id[known.repository_id]
        return self._by_name.get(repository_key(known.new_name or ""))
