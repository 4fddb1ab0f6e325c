"""The repositories that a person names on the command line."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ingest.bootstrap import Collector
from ingest.domain.repositories import parse_repository
from ingest.errors import IngestError, InvalidRepository, Retriable
from ingest.ports import RepositoryStore
from ingest.settings import Settings

from .failures import sentence_for
from .logs import write_notice


class NothingToCollect(IngestError):
    """The error that no repository was named, now or before."""


def parse_repositories(given: Sequence[str], settings: Settings) -> list[str]:
    """Read names and URLs, each once; raises InvalidRepository that names all faults at once."""
    names: dict[str, str] = {}
    faults: list[str] = []
    for text in given:
        try:
            name = parse_repository(text, hosts=settings.github.web_hosts).full_name
            names[name.lower()] = name
        except InvalidRepository as fault:
            faults.append(str(fault))
    if faults:
        raise InvalidRepository("\n".join(faults))
    return list(names.values())


def refused_by_github(names: Sequence[str], collector: Collector) -> dict[str, IngestError]:
    """Check the repositories that are new to the state; return those that GitHub refuses.

    A mistyped name must not be remembered and requested again and again, and ends no other. Where
    GitHub does not respond or a limit is reached, the agents wait. Raises the first error if no
    repository is left.
    """
    context = collector.context
    new = [name for name in names if context.store.load_repository(name) is None]
    lookups = {name: context.workers.submit(context.source.fetch_repository, name) for name in new}
    errors = {name: lookup.exception() for name, lookup in lookups.items()}
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


def require_any(names: Sequence[str], state: RepositoryStore) -> None:
    """Raise NothingToCollect where no repository is named and the state holds none."""
    if not names and not state.list_repositories():
        raise NothingToCollect(
            "No repository is watched yet. Name one, for example: runstream collect octo/api"
        )
