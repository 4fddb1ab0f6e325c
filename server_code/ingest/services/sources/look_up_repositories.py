"""Concurrent requests for single repositories."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import IngestError
from ...ports import RepositoryInfo
from ..context import CollectorContext
from ..time_limits import await_result


def look_up_repositories(
    context: CollectorContext, names: Sequence[str]
) -> dict[str, RepositoryInfo | IngestError]:
    """Fetch each repository; an error is its answer, so that the other answers are kept."""
    lookups = {
        name: context.workers.submit(context.github.fetch_repository, name) for name in names
    }
    answers: dict[str, RepositoryInfo | IngestError] = {}
    for name, lookup in lookups.items():
        try:
            answers[name] = await_result(lookup, context.while_waiting)
        except IngestError as error:
            answers[name] = error
    return answers
