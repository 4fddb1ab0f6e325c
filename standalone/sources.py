"""The sources that a person names on the command line."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from ingest.bootstrap.collector import Collector
from ingest.domain.source_records import ALL_OWNERS, patterns_of
from ingest.domain.sources import SourcePattern, Sources, named_repositories
from ingest.errors import IngestError, Retriable
from ingest.services.agents.agent_loop import ShouldContinue
from ingest.services.collections.retry_policy import RetryPolicy
from ingest.services.context import CollectorContext
from ingest.services.sources.discover_sources import discover_at_start
from ingest.services.sources.discovery_result import DiscoveryResult
from ingest.services.sources.record_credentials import clear_refusals

from .agents import add_repositories
from .failures import sentence_for
from .logs import write_notice
from .repositories import (
    FoundRepositories,
    NothingToCollect,
    RecheckedRepositories,
    check_repositories,
    is_fatal_at_start,
)

#: A collection that ends waits no longer than this for a limit before it lists its sources.
LONGEST_LIMIT_PAUSE = timedelta(minutes=1)

_NOT_LISTED = "{} is not listed yet, and is tried again: {}"

#: How often the repositories of the sources are looked up in the state.
LOOK_UP_EVERY = timedelta(seconds=5)


def find_repositories(
    collector: Collector,
    patterns: Sequence[SourcePattern],
    *,
    is_once: bool,
    should_continue: ShouldContinue = lambda: True,
) -> FoundRepositories:
    """Find the repositories that the sources include; without sources, those that are watched.

    A collection that ends repeats what fails briefly. Raises NothingToCollect if no repository is
    named, and none is watched, or if a collection that ends is given sources that include none.
    """
    context = collector.context
    _clear_refusals_of(context, patterns, is_once=is_once)
    policy = RetryPolicy(context=context, should_continue=should_continue) if is_once else None
    names, failed = named_repositories(patterns), dict[str, IngestError]()
    are_repositories = len(names) == len(patterns)
    if not are_repositories:
        names, failed = _discover_given(context, patterns, policy)
    elif policy is not None and not names:
        # New repositories of known sources are collected, too.
        failed = _discover_known(context, policy)
    known = collector.settings.sources or context.store.list_sources()
    if not (patterns or known or context.store.list_repositories()):
        raise NothingToCollect(
            "No repository is watched yet. Name one, for example: runstream collect octo/api"
        )
    checked = check_repositories(names, collector, is_once=is_once)
    found = replace(checked, refused={**failed, **checked.refused})
    if is_once and not found.names and should_continue():
        _raise_if_nothing_matches(context, patterns, found)
    # Exclusions alone restrict nothing: every repository in the state is polled.
    if is_once or all(each.is_exclusion for each in patterns):
        return found
    if not are_repositories:
        return replace(found, names_to_poll=_IncludedRepositories(context, patterns).names)
    add_repositories(collector, checked.names)
    repositories = RecheckedRepositories(collector, checked)
    repositories.report()
    return replace(found, names_to_poll=repositories.names)


def _clear_refusals_of(
    context: CollectorContext, patterns: Sequence[SourcePattern], *, is_once: bool
) -> None:
    """Request again what GitHub refused lately, because a person has asked for this collection."""
    failing = [each.full_name for each in context.store.list_repositories() if each.failed_polls]
    asked = patterns if patterns or not is_once else patterns_of(context.store.list_sources())
    owners = [each.exact_owner or ALL_OWNERS for each in asked if not each.is_exclusion]
    clear_refusals(context.store, failing, owners=owners, now=context.clock.now())


def _raise_if_nothing_matches(
    context: CollectorContext, patterns: Sequence[SourcePattern], found: FoundRepositories
) -> None:
    """Raise NothingToCollect if there are sources: without names, everything is collected."""
    is_anything_known = patterns or found.refused or context.store.list_repositories()
    given = patterns if is_anything_known else patterns_of(context.store.list_sources())
    wanted = [each for each in given if not each.is_exclusion]
    if wanted:
        keys, saved = _keys_of(wanted), context.store.list_sources()
        notes = [each.truncation_note for each in saved if each.pattern.lower() in keys]
        matching = f"No repository matches {', '.join(map(str, wanted))}."
        raise NothingToCollect(" ".join(filter(None, [matching, *notes])))


class _IncludedRepositories:
    """The watched repositories that the sources of a command include, as of a few seconds ago."""

    def __init__(self, context: CollectorContext, patterns: Sequence[SourcePattern]) -> None:
        self._context = context
        self._sources = Sources(tuple(patterns))
        self._names: list[str] = []
        self._next_at: datetime | None = None

    def names(self) -> Sequence[str]:
        """Return the names, read from the state every LOOK_UP_EVERY. Raises StateUnavailable."""
        now = self._context.clock.now()
        if self._next_at is None or not now < self._next_at < now + 2 * LOOK_UP_EVERY:
            store = self._context.store
            given = _keys_of(self._sources.patterns)
            # A transferred repository keeps its former owner's name, which may match no pattern.
            matched = {
                each.full_name
                for each in store.list_discovered_repositories()
                if each.source.lower() in given
            }
            self._names = [
                each.full_name
                for each in store.list_repositories()
                if each.full_name in matched or self._sources.includes(each.full_name)
            ]
            self._next_at = now + LOOK_UP_EVERY
        return self._names


def _keys_of(patterns: Sequence[SourcePattern]) -> set[str]:
    """Return patterns as they are compared: the saved one may be in another case."""
    return {str(each).lower() for each in patterns}


def _discover_known(context: CollectorContext, policy: RetryPolicy) -> dict[str, IngestError]:
    """List the sources in the state; return the errors of those that include no repository."""
    result = _discover(context, (), policy, is_forced=bool(context.store.list_sources()))
    return _errors_of_sources(context, (), result)


def _errors_of_sources(
    context: CollectorContext, patterns: Sequence[SourcePattern], result: DiscoveryResult | None
) -> dict[str, IngestError]:
    """Return the errors of the given sources, or of all, that include no repository."""
    wanted = _keys_of(patterns or patterns_of(context.store.list_sources()))
    errors = {} if result is None else result.errors
    return {name: error for name, error in errors.items() if name.lower() in wanted}


def _discover(
    context: CollectorContext,
    patterns: Sequence[SourcePattern],
    policy: RetryPolicy | None,
    *,
    is_forced: bool = True,
) -> DiscoveryResult | None:
    """Discover; with a policy, repeat it while a list fails that may be answered soon.

    Returns None if nothing was discovered, or if the collection was stopped.
    """
    result: DiscoveryResult | None = None

    def discover() -> None:
        nonlocal result
        if result is not None:
            context.repository_api.refresh_installations()
        is_first, latest = result is None, context.clock.now() + LONGEST_LIMIT_PAUSE
        result = discover_at_start(context, patterns, is_forced=is_forced or not is_first)
        for name, error in _errors_of_sources(context, patterns, result).items():
            is_long = error.retry_at is not None and error.retry_at > latest
            if isinstance(error, Retriable) and not is_long:
                if is_first:
                    write_notice(_NOT_LISTED.format(name, error), level=logging.WARNING)
                raise error

    if policy is None:
        return discover_at_start(context, patterns, is_forced=is_forced)
    with suppress(Retriable):  # the result has it
        policy.call(discover)
    return result if policy.should_continue() else None


def _discover_given(
    context: CollectorContext, patterns: Sequence[SourcePattern], policy: RetryPolicy | None
) -> tuple[list[str], dict[str, IngestError]]:
    """Add the sources; return the repositories that they include, and errors of those without any.

    ``policy``: of a collection that ends. Raises an error that is fatal at a start if no source
    includes a repository.
    """
    result = _discover(context, patterns, policy)
    if result is None:
        return [], {}
    wanted = [each for each in patterns if not each.is_exclusion]
    given = _keys_of(wanted)
    names = [
        name
        for name, source in result.source_by_name.items()
        if source.lower() in given or any(each.matches(name) for each in wanted)
    ]
    errors = _errors_of_sources(context, patterns, result)
    for name, error in errors.items():
        if not names and is_fatal_at_start(error, is_once=policy is not None):
            raise error
        if isinstance(error, Retriable) and policy is None:
            notice = _NOT_LISTED.format(name, error)
        else:
            notice = f"{name} includes no repository: {sentence_for(error)}"
        write_notice(notice, level=logging.WARNING)
    return names, errors
