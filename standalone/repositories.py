"""The repositories that a command names; those that GitHub refuses are checked again later."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ingest.bootstrap.collector import Collector
from ingest.domain.due import is_still_ahead
from ingest.errors import CredentialSuspended, IngestError, Retriable
from ingest.ports import RepositoryInfo
from ingest.services.context import PIPELINE_MONITORING_AGENT, CollectorContext
from ingest.services.fetch_each import fetch_each

from .agents import NamesToPoll, add_repositories
from .failures import sentence_for
from .logs import write_notice

#: How long a process waits for another one that checks the same new repositories.
CHECK_TIMEOUT = timedelta(seconds=5)

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)

_REMEDY = "It is collected as soon as GitHub shows it; no restart is needed."


class NothingToCollect(IngestError):
    """The error that no repository is named, and none is watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRepositories:
    """What the sources of a command include.

    ``names``: GitHub's current names, each once. ``refused``: the errors of repositories that are
    left out, and of sources that include none. ``names_to_poll`` returns the names that agents poll
    now, or None to poll all in the state.
    """

    names: tuple[str, ...]
    refused: dict[str, IngestError]
    names_to_poll: NamesToPoll = lambda: None


def is_fatal_at_start(error: IngestError, *, is_once: bool) -> bool:
    """Return whether an error ends a start that finds no repository.

    An outage, a limit, and a suspended App or account are not fatal to agents: they wait until it
    is over, as they do if it begins later.
    """
    return is_once or not isinstance(error, (CredentialSuspended, Retriable))


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


class RecheckedRepositories:
    """The repositories to poll: those that GitHub has shown, at the start or at a later check.

    So an access right that is granted later needs no restart. Refused repositories are not in the
    state, because a mistyped name must not be saved.
    """

    def __init__(self, collector: Collector, checked: FoundRepositories) -> None:
        self._collector = collector
        self._shown = checked.names
        self._refused = dict(checked.refused)
        self._pause = FIRST_PAUSE
        self._next_at = collector.context.clock.now() + FIRST_PAUSE
        self._checking = threading.Lock()

    def report(self) -> None:
        """Report each refusal as an error that ``status`` shows. Raises StateUnavailable."""
        for name, error in self._refused.items():
            self._collector.context.report_error(
                PIPELINE_MONITORING_AGENT, name, sentence_for(error), _REMEDY, is_logged=False
            )

    def names(self) -> Sequence[str]:
        """Return the repositories to poll; check the refused ones again when they are due.

        One thread checks; the others do not wait for it. Raises StateUnavailable.
        """
        if self._refused and self._checking.acquire(blocking=False):
            try:
                self._check_if_due()
            finally:
                self._checking.release()
        return self._shown

    def _check_if_due(self) -> None:
        """Check the refused repositories, unless another thread has just done so.

        A due time that is further ahead than the pause counts as past: the clock was set back.
        """
        context = self._collector.context
        if is_still_ahead(self._next_at, context.clock.now(), max_plausible=self._pause):
            return
        answers = fetch_each(context, list(self._refused), context.github.fetch_repository)
        shown = {
            name: answer.full_name
            for name, answer in answers.items()
            if isinstance(answer, RepositoryInfo)
        }
        # If the state cannot be written, they are due again at once.
        add_repositories(self._collector, tuple(shown.values()))
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._next_at = context.clock.now() + self._pause
        self._shown = tuple(dict.fromkeys((*self._shown, *shown.values())))
        self._refused = {name: error for name, error in self._refused.items() if name not in shown}
        for name in shown:
            write_notice(f"{name} is collected now: GitHub shows it.", level=logging.INFO)


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
