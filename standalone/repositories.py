"""The repositories that a person names on the command line."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from ingest.bootstrap import Collector
from ingest.errors import IngestError, Retriable
from ingest.ports import RepositoryStore
from ingest.services.context import CollectorContext

from .failures import sentence_for
from .logs import write_notice

#: How long a process waits for another one that checks the same new repositories.
ADDED_WITHIN = timedelta(seconds=5)


class NothingToCollect(IngestError):
    """The error that no repository was named, now or before."""


def refused_by_github(names: Sequence[str], collector: Collector) -> dict[str, IngestError]:
    """Check the repositories that are new to the state; return those that GitHub refuses.

    A mistyped name must not be remembered and requested again and again, and ends no other. Where
    GitHub does not respond or a limit is reached, the agents wait. Raises the first error if no
    repository is left.
    """
    context = collector.context
    new = [name for name in names if context.store.load_repository(name) is None]
    mine = [name for name in new if _claims_check(context, name)]
    errors = _look_up(context, mine)
    errors |= _look_up(context, _not_added(context, [name for name in new if name not in mine]))
    refused = {
        name: error
        for name, error in errors.items()
        if isinstance(error, IngestError) and not isinstance(error, Retriable)
    }
    for error in refused.values():
        if len(refused) == len(names):
            raise error
    for name, error in refused.items():
        write_notice(f"{name} is left out: {sentence_for(error)}", level=logging.WARNING)
    return refused


def _claims_check(context: CollectorContext, name: str) -> bool:
    """Claim the check of a repository: processes that start at once share it."""
    now = context.clock.now()
    return context.store.claim_once(f"check {name.lower()} {now:%Y-%m-%dT%H:%M}", now=now)


def _not_added(context: CollectorContext, names: Sequence[str]) -> list[str]:
    """Wait for another process to add repositories; return those that it has not added in time."""
    until = context.clock.now() + ADDED_WITHIN
    left = list(names)
    while left and context.clock.now() < until:
        left = [name for name in left if context.store.load_repository(name) is None]
        if left:
            context.clock.sleep(0.2)
    return left


def _look_up(context: CollectorContext, names: Sequence[str]) -> dict[str, BaseException | None]:
    lookups = {
        name: context.workers.submit(context.source.fetch_repository, name) for name in names
    }
    return {name: lookup.exception() for name, lookup in lookups.items()}


def require_any(names: Sequence[object], state: RepositoryStore) -> None:
    """Raise NothingToCollect where no repository is named and the state holds none."""
    if not names and not state.list_repositories():
        raise NothingToCollect(
            "No repository is watched yet. Name one, for example: runstream collect octo/api"
        )
