"""The repositories that a person names on the command line."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ingest.bootstrap.collector import Collector
from ingest.errors import CredentialSuspended, IngestError, Retriable
from ingest.ports import RepositoryInfo
from ingest.services.context import CollectorContext
from ingest.services.fetch_each import fetch_each

from .agents import SelectRepositories
from .failures import sentence_for
from .logs import write_notice

#: How long a process waits for another one that checks the same new repositories.
CHECK_TIMEOUT = timedelta(seconds=5)


class NothingToCollect(IngestError):
    """The error that no repository is named, and none is watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRepositories:
    """What the sources of a command include.

    ``names``: GitHub's current names, each once. ``refused``: the errors of repositories that are
    left out, and of sources that include none. ``select`` returns the names that agents poll now,
    or None to poll all in the state.
    """

    names: tuple[str, ...]
    refused: dict[str, IngestError]
    select: SelectRepositories = lambda: None


def is_fatal_at_start(error: IngestError, *, is_once: bool) -> bool:
    """Return whether an error ends a start that finds no repository.

    A suspended App or account is not fatal to agents: they wait until GitHub ends the suspension,
    as they do if it begins later.
    """
    return is_once or not isinstance(error, CredentialSuspended)


def check_repositories(
    names: Sequence[str], collector: Collector, *, is_once: bool = True
) -> FoundRepositories:
    """Check the repositories that are new to the state, and leave out those that GitHub refuses.

    A mistyped name is not saved, because it would be requested again and again. A renamed
    repository gets its new name, so that nothing is collected under two names. A repository is kept
    if GitHub does not respond or a limit is reached: agents wait. If every one is refused, the
    first error that is fatal at a start is raised.
    """
    context = collector.context
    new = [name for name in names if context.store.load_repository(name) is None]
    claimed = [name for name in new if _may_check(context, name)]
    found = fetch_each(context, claimed, context.github.fetch_repository)
    missing = _wait_until_added(context, [name for name in new if name not in claimed])
    found |= fetch_each(context, missing, context.github.fetch_repository)
    refused = {
        name: answer
        for name, answer in found.items()
        if isinstance(answer, IngestError) and not isinstance(answer, Retriable)
    }
    for error in refused.values():
        if len(refused) == len(names) and is_fatal_at_start(error, is_once=is_once):
            raise error
    for name, error in refused.items():
        write_notice(f"{name} is left out: {sentence_for(error)}", level=logging.WARNING)
    current = [_current_name(name, found.get(name)) for name in names if name not in refused]
    return FoundRepositories(names=tuple(dict.fromkeys(current)), refused=refused)


def _current_name(name: str, answer: RepositoryInfo | IngestError | None) -> str:
    """Return the name to watch a repository under: the typed one, unless it was renamed."""
    if not isinstance(answer, RepositoryInfo) or answer.full_name.lower() == name.lower():
        return name
    write_notice(f"{name} is {answer.full_name} now, and is watched under this name.")
    return answer.full_name


def _may_check(context: CollectorContext, name: str) -> bool:
    """Return whether this process checks a new repository; of several that start, only one does."""
    now = context.clock.now()
    return context.store.claim_once(f"check {name.lower()} {now:%Y-%m-%dT%H:%M}", now=now)


def _wait_until_added(context: CollectorContext, names: Sequence[str]) -> list[str]:
    """Wait until another process has added repositories; return those that are still missing."""
    until = context.clock.now() + CHECK_TIMEOUT
    left = list(names)
    while left and context.clock.now() < until:
        left = [name for name in left if context.store.load_repository(name) is None]
        if left:
            context.clock.sleep(0.2)
    return left
