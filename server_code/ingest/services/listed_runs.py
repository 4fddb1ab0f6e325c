"""Whether GitHub's list shows a run that it answers 404 for.

In an outage it may answer so for all of a run: https://github.com/veertuinc/anklet/issues/58
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime

from ..domain.timestamps import format_timestamp
from ..ports import ActionsApi, RunPage, RunQuery
from ..ports.github import MAX_FILTERED_RUN_PAGES, MAX_RUN_PAGES


def is_run_listed(
    github: ActionsApi, repository: str, run_id: int, *, created_at: datetime
) -> bool:
    """Return whether the list of the runs that were created at a moment may show a run.

    A server or proxy that ignores the filter lists all runs; the moment's pages are searched for
    then. Where they are too many to be read, the run counts as listed.
    """
    moment = format_timestamp(created_at)

    def fetch(number: int) -> RunPage:
        query = RunQuery(page=number, created=f"{moment}..{moment}")
        page = github.fetch_runs(repository, query).value
        return page or RunPage(runs=(), total_count=0, has_next=False)

    def reaches_moment(number: int) -> bool:
        page = fetch(number)
        return not page.has_next or _oldest(page, created_at) <= created_at

    page, number = fetch(1), 1
    if page.has_next and _oldest(page, created_at) > created_at:
        number = 1 + bisect_left(range(1, MAX_RUN_PAGES), x=True, lo=1, key=reaches_moment)
        page = fetch(number)
    for following in range(number + 1, number + MAX_FILTERED_RUN_PAGES):
        if any(run.run_id == run_id for run in page.runs):
            return True
        if not page.has_next or _oldest(page, created_at) < created_at:
            return False
        page = fetch(following)
    return True


def _oldest(page: RunPage, default: datetime) -> datetime:
    """Return when the oldest of a page's runs was created; ``default`` for a page without runs."""
    times = [run.created_at for run in page.runs if run.created_at is not None]
    return min(times, default=default)
