"""The repositories that a person names on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from ingest.bootstrap import Collector
from ingest.domain.repositories import parse_repository
from ingest.errors import IngestError, InvalidRepository, Retriable
from ingest.ports import StateStore
from ingest.settings import Settings


class NothingToCollect(IngestError):
    """Say that no repository was named, now or before."""


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


def require_known_to_github(names: Sequence[str], collector: Collector) -> None:
    """Look up the repositories that are new to the state; raises what GitHub says against one.

    A mistyped name must not be remembered and asked for again and again. Where GitHub is out of
    reach, or its limit is, the agents have the patience to wait.
    """
    context = collector.context
    new = [name for name in names if context.store.load_repository(name) is None]
    for looked_up in [
        context.workers.submit(context.source.fetch_repository, name) for name in new
    ]:
        with suppress(Retriable):
            looked_up.result()


def require_any(names: Sequence[str], state: StateStore) -> None:
    """Raise NothingToCollect where no repository is named and the state holds none."""
    if not names and not state.list_repositories():
        raise NothingToCollect(
            "No repository is watched yet. Name one, for example: "
            "python -m standalone collect octo/api"
        )
