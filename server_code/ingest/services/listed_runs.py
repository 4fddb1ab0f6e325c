"""Whether GitHub's list shows a run that it answers 404 for.

In an outage it may answer so for all of a run: https://github.com/veertuinc/anklet/issues/58
"""

from __future__ import annotations

from datetime import datetime

from ..domain.timestamps import format_timestamp
from ..ports import ActionsApi, RunQuery


def is_run_listed(
    github: ActionsApi, repository: str, run_id: int, *, created_at: datetime
) -> bool:
    """Return whether the list of the runs that were created at a moment shows a run."""
    moment = format_timestamp(created_at)
    page = github.fetch_runs(repository, RunQuery(created=f"{moment}..{moment}")).value
    return page is not None and any(run.run_id == run_id for run in page.runs)
