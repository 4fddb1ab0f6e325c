"""The progress of watching one repository: run lists, their walk, sweeps and webhooks.

The values of a repository's record. Each is flattened into the record's body, under names that
earlier releases gave them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .codec import stored_as


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLists:
    """What is known of the run list and of its filtered forms.

    ``validators``: ETags by the name of the list (``runs``, ``status=queued``, …), opaque, bound to
    the token that got it. ``oldest_on_first_page``: the oldest creation time on the list's first
    page (None where that is the whole list), so that an unchanged first page stands for every run
    created since. ``requested_at``: when that page was last asked for, ``changed_at``: when it last
    answered with a change, ``read_at``: with its runs. ``short_reads``: how often in a row the list
    was shorter than counted. ``statuses_requested_at``: when open runs of every status were last
    asked for.
    """

    validators: Mapping[str, str] = field(default_factory=dict)
    oldest_on_first_page: datetime | None = field(default=None, metadata=stored_as("page_floor"))
    requested_at: datetime | None = field(default=None, metadata=stored_as("listed_at"))
    changed_at: datetime | None = field(default=None, metadata=stored_as("list_changed_at"))
    read_at: datetime | None = None
    short_reads: int = field(default=0, metadata=stored_as("doubtful_lists"))
    statuses_requested_at: datetime | None = field(default=None, metadata=stored_as("hinted_at"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWalk:
    """A walk of the run list that was cut short; no page where none is under way.

    ``page``: where it is to be continued; it has seen the runs from ``newest`` to ``oldest``.
    """

    page: int | None = field(default=None, metadata=stored_as("walk_page"))
    newest: datetime | None = field(default=None, metadata=stored_as("walk_newest"))
    oldest: datetime | None = field(default=None, metadata=stored_as("walk_oldest"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySweep:
    """The last round over closed days: when it began, and through which moment it came."""

    began_at: datetime | None = field(default=None, metadata=stored_as("swept_at"))
    through: datetime | None = field(default=None, metadata=stored_as("swept_through"))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookArrivals:
    """What shows whether webhooks arrive.

    ``run_at``, ``job_at``: when they last delivered a run or a job. ``missed_at``: when a request
    last found a change that none had delivered; ``since_miss``: how many arrived after that.
    ``newest_run_at``: when the newest delivered run was created. ``proved_at``: when runs newer
    than every known one were last asked for. ``failures_requested_at``: when GitHub's list of
    failed deliveries was last asked for.
    """

    run_at: datetime | None = field(default=None, metadata=stored_as("runs_delivered_at"))
    job_at: datetime | None = field(default=None, metadata=stored_as("jobs_delivered_at"))
    missed_at: datetime | None = field(default=None, metadata=stored_as("delivery_missed_at"))
    since_miss: int = field(default=0, metadata=stored_as("deliveries_since_miss"))
    newest_run_at: datetime | None = field(default=None, metadata=stored_as("newest_delivered"))
    proved_at: datetime | None = None
    failures_requested_at: datetime | None = field(
        default=None, metadata=stored_as("deliveries_checked_at")
    )
