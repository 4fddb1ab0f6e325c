"""What the lists of one discovery say together, in whichever order they are answered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from ingest.domain.sources import Sources, parse_source, parse_sources
from ingest.errors import (
    AccessDenied,
    BadCredentials,
    CredentialSuspended,
    CredentialTooNew,
    IngestError,
    NotFound,
    RequestFailed,
)
from ingest.ports import Answer, RepositoryList, RepositoryListQuery
from ingest.services.sources.fetch_lists import RepositoryLists, fetch_lists
from support.world import OpenStage
from support.world_builder import WorldBuilder

#: A list of one owner, and the lists of an App's installations, of which each has its own account.
ACME = ("acme", None)
OF_ACME, OF_UMBRA = ("*", "acme"), ("*", "umbra")

_Wanted = tuple[str, "str | None"]
_Failure = type[IngestError] | None


class _Lists:
    """A GitHub that answers each list with an error, or with no repositories."""

    def __init__(self, answers: Collection[tuple[_Wanted, _Failure]]) -> None:
        self._answers = {
            RepositoryListQuery(f"credential {number}", *wanted): failure
            for number, (wanted, failure) in enumerate(answers)
        }

    def list_queries_for(
        self, owners: Collection[str], *, of_all_owners: bool
    ) -> list[RepositoryListQuery]:
        return list(self._answers)

    def fetch_repositories(
        self, query: RepositoryListQuery, validator: str | None = None
    ) -> Answer[RepositoryList]:
        failure = self._answers[query]
        if failure is not None:
            raise failure(f"{failure.__name__} of {query.installation_account or query.owner}")
        return Answer(RepositoryList(()), None)

    def note_listed_repositories(self, query: object, names: object) -> None:
        pass


@pytest.mark.parametrize(
    ("answers", "is_complete", "shown"),
    [
        ([(ACME, None), (ACME, RequestFailed)], False, ""),
        ([(ACME, None), (ACME, CredentialTooNew)], False, ""),
        ([(ACME, None), (ACME, AccessDenied)], True, ""),
        ([(ACME, None), (ACME, NotFound)], True, ""),
        ([(ACME, None), (ACME, BadCredentials)], True, ""),
        ([(ACME, BadCredentials)], False, "BadCredentials of acme"),
        ([(ACME, NotFound)], True, "NotFound of acme"),
        ([(OF_ACME, RequestFailed), (OF_UMBRA, None)], False, "RequestFailed of acme"),
        ([(OF_ACME, None), (OF_UMBRA, RequestFailed)], False, ""),
        ([(OF_ACME, CredentialSuspended), (OF_UMBRA, None)], False, "CredentialSuspended of acme"),
        ([(OF_ACME, NotFound), (ACME, BadCredentials)], False, "NotFound of acme"),
        ([(("*", None), RequestFailed), (ACME, None)], False, "RequestFailed of *"),
        ([(OF_ACME, None), (OF_UMBRA, AccessDenied)], True, ""),
    ],
)
def test_the_order_of_the_answers_does_not_matter(
    stage: OpenStage, answers: list[tuple[_Wanted, _Failure]], is_complete: bool, shown: str
) -> None:
    """A list that may be answered soon is read again; an owner's source says what failed for it."""
    context, sources = stage(WorldBuilder()).join(), Sources(parse_sources(["acme", "umbra"]))
    for ordered in permutations(answers):
        api: Any = _Lists(ordered)
        lists: RepositoryLists = fetch_lists(replace(context, repository_api=api), sources)
        assert lists.are_complete == is_complete
        assert str(lists.error_of(parse_source("acme")) or "") == shown
