"""For which attempts in flight a batch reads the jobs: those whose jobs may have changed."""

from __future__ import annotations

from ...domain.ledger import AttemptRecord
from ..context import CollectorContext
from .attempt_messages import has_unpublished_run_changes
from .poll_session import PollSession
from .schedule_attempts import is_job_read_due


class JobReadPolicy:
    """The rule for which attempts in flight jobs are read; it stays the same during one batch.

    With LOG_MODE=live, which publishes each job as it ends, they are read when they may have
    changed; if requests are few, only when the run has changed. With LOG_MODE=economy, which
    publishes all jobs when the run has ended, they are read then, or in a full collection.
    ``changed_in_list``: the attempts that the run list has just shown as changed.
    """

    def __init__(self, context: CollectorContext, poll_session: PollSession) -> None:
        repository, is_live = poll_session.repository, context.settings.log_mode == "live"
        self.changed_in_list = poll_session.change_times
        self._context = context
        self._is_full_collection = poll_session.is_full_collection
        self._reads_jobs_in_flight = is_live and not poll_session.relies_on_deliveries
        self._has_rate_limit_headroom = context.github.has_headroom(repository.full_name)
        self._recent_job_counts = repository.recent_job_counts  # of each workflow's last runs

    def wants_jobs(self, record: AttemptRecord) -> bool:
        """Return whether the jobs of an attempt are read now, if it is still in flight."""
        if record.run is None:
            return False
        if self._is_full_collection and has_unpublished_run_changes(record):
            return True
        if not self._reads_jobs_in_flight:
            return False
        if not self._has_rate_limit_headroom:
            return has_unpublished_run_changes(record)
        return is_job_read_due(
            self._context,
            record,
            self._recent_job_counts,
            has_changed_in_list=record.key in self.changed_in_list,
        )
