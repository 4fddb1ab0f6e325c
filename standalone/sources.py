"""The sources that a person names on the command line."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ingest.bootstrap import Collector
from ingest.domain.sources import SourcePattern
from ingest.errors import IngestError
from ingest.services.discover_sources import start_discovery

from .failures import sentence_for
from .logs import write_notice
from .repositories import refused_by_github, require_any


def find_names(
    collector: Collector, patterns: Sequence[SourcePattern], *, is_once: bool
) -> tuple[list[str], dict[str, IngestError]]:
    """Return the repositories that sources bring, and the errors of those that bring none.

    Raises NothingToCollect where no repository is named, now or before.
    """
    names, failed = _single_names(patterns), dict[str, IngestError]()
    if are_wide(patterns):
        names, failed = _discover_given(collector, patterns)
    elif is_once:
        start_discovery(collector.context)
    require_any([*names, *collector.settings.sources], collector.context.store)
    refused = refused_by_github(names, collector)
    return [name for name in names if name not in refused], {**failed, **refused}


def _single_names(patterns: Sequence[SourcePattern]) -> list[str]:
    """Return the repositories that are named themselves."""
    return [str(each) for each in patterns if each.is_single and not each.is_excluded]


def are_wide(patterns: Sequence[SourcePattern]) -> bool:
    """Return whether any pattern is more than the name of one repository."""
    return any(each.is_excluded or not each.is_single for each in patterns)


def _discover_given(
    collector: Collector, patterns: Sequence[SourcePattern]
) -> tuple[list[str], dict[str, IngestError]]:
    """Add the sources, and list what they bring; return the names, and why sources bring none.

    Raises the error if no source brings any repository.
    """
    result = start_discovery(collector.context, patterns, is_forced=True)
    if result is None:
        return [], {}
    wanted = [each for each in patterns if not each.is_excluded]
    names = [name for name in result.names if any(each.matches(name) for each in wanted)]
    given = {str(each) for each in wanted}
    errors = {name: error for name, error in result.errors.items() if name in given}
    for name, error in errors.items():
        if not names:
            raise error
        notice = f"{name} brings no repository: {sentence_for(error)}"
        write_notice(notice, level=logging.WARNING)
    return names, errors
