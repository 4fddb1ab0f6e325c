"""Which attempts in flight have their jobs read in one batch: those that may have changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ...domain.job_counts import RecentJobCounts
from ...domain.ledger import AttemptRecord
from ...domain.runs import AttemptKey
from ..context import CollectorContext
from .attempt_messages import has_unpublished_run_changes
from .poll_session import PollSession
from .schedule_attempts import is_job_read_due


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReadPolicy:
    """The choice of the attempts in flight whose jobs are read, the same for one batch.

    With LOG_MODE=live, which publishes each job as it ends, they are read when they may have
    changed; where requests are few, only when the run has changed. With LOG_MODE=economy, which
    publishes all jobs when the run has ended, they are read then, or in a full collection.
    ``has_headroom``: of the rate limit. ``recent_job_counts``: of the last runs of each workflow.
    ``changed_in_list``: the attempts that the run list has just shown as changed.
    """

    context: CollectorContext
    is_full_collection: bool
    reads_jobs_in_flight: bool
    has_headroom: bool
    recent_job_counts: RecentJobCounts
    changed_in_list: Collection[AttemptKey]

    @classmethod
    def of(cls, context: CollectorContext, poll_session: PollSession) -> JobReadPolicy:
        """Return the policy of a poll for its repository, deliveries and rate limit."""
        repository, is_live = poll_session.repository, context.settings.log_mode == "live"
        return cls(
            context=context,
            is_full_collection=poll_session.is_full_collection,
            reads_jobs_in_flight=is_live and not poll_session.relies_on_deliveries,
            has_headroom=context.github.has_headroom(repository.full_name),
            recent_job_counts=repository.recent_job_counts,
            changed_in_list=poll_session.change_times,
        )

    def wants_jobs(self, record: AttemptRecord) -> bool:
        """Return whether the jobs of an attempt are read now, if it is still in flight."""
        if record.run is None:
            return False
        if self.is_full_collection and has_unpublished_run_changes(record):
            return True
        if not self.reads_jobs_in_flight:
            return False
        if not self.has_headroom:
            return has_unpublished_run_changes(record)
        return is_job_read_due(
            self.context,
            record,
            self.recent_job_counts,
            has_changed_in_list=record.key in self.changed_in_list,
        )
