"""The progress of watching one repository: run lists, paging through them, sweeps and webhooks.

Each is flattened into the body of the repository's record, under names of earlier releases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .codec import stored_as


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLists:
    """What is known of the run list and of its filtered forms.

    ``validators``: ETags by the name of the list (``runs``, ``status=queued``, …), each with the
    token that received it. ``oldest_on_first_page``: the oldest creation time on the list's first
    page (None if that is the whole list): while the page is unchanged, so is every run created
    since. ``requested_at``: when that page was last requested. ``read_at``: when its runs were last
    received, not a 304. ``changed_at``: when a walk that began with it last saved all new runs.
    ``short_reads``: how often in a row the list was shorter than GitHub's count.
    ``status_lists_requested_at``: when the lists of all statuses that an open run can have were
    last requested.
    """

    validators: Mapping[str, str] = field(default_factory=dict)
    oldest_on_first_page: datetime | None = field(default=None, metadata=stored_as("page_floor"))
    requested_at: datetime | None = field(default=None, metadata=stored_as("listed_at"))
    changed_at: datetime | None = field(default=None, metadata=stored_as("list_changed_at"))
    read_at: datetime | None = None
    short_reads: int = field(default=0, metadata=stored_as("doubtful_lists"))
    status_lists_requested_at: datetime | None = field(
        default=None, metadata=stored_as("hinted_at")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWalk:
    """An interrupted walk through the pages of the run list, from the newest run to the oldest.

    ``page``: the page to continue with; None if no walk was interrupted. The walk has read the runs
    that were created from ``newest`` back to ``oldest``.
    """

    page: int | None = field(default=None, metadata=stored_as("walk_page"))
    newest: datetime | None = field(default=None, metadata=stored_as("walk_newest"))
    oldest: datetime | None = field(default=None, metadata=stored_as("walk_oldest"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySweep:
    """The last daily sweep, which lists the runs of past days again: some of them were re-run.

    ``continues_at``: the runs created before it have been listed.
    """

    began_at: datetime | None = field(default=None, metadata=stored_as("swept_at"))
    continues_at: datetime | None = field(default=None, metadata=stored_as("swept_through"))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookArrivals:
    """What shows whether webhooks arrive.

    ``last_run_at``, ``last_job_at``: when they last delivered a run or a job. ``last_miss_at``:
    when a request last found a change that none had delivered; ``deliveries_since_miss``: how many
    arrived after that. ``newest_run_created_at``: when the newest delivered run was created.
    ``newer_runs_requested_at``: when runs newer than every known one were last requested.
    ``failed_deliveries_requested_at``: when GitHub's list of failed deliveries was last requested.
    """

    last_run_at: datetime | None = field(default=None, metadata=stored_as("runs_delivered_at"))
    last_job_at: datetime | None = field(default=None, metadata=stored_as("jobs_delivered_at"))
    last_miss_at: datetime | None = field(default=None, metadata=stored_as("delivery_missed_at"))
    deliveries_since_miss: int = 0
    newest_run_created_at: datetime | None = field(
        default=None, metadata=stored_as("newest_delivered")
    )
    newer_runs_requested_at: datetime | None = field(default=None, metadata=stored_as("proved_at"))
    failed_deliveries_requested_at: datetime | None = field(
        default=None, metadata=stored_as("deliveries_checked_at")
    )
