"""For which attempts in flight a batch reads the jobs: those whose jobs may have changed."""

from __future__ import annotations

from datetime import timedelta

from ...domain.due import is_interval_over, max_request_interval
from ...domain.job_counts import next_change_ends_run
from ...domain.ledger import AttemptRecord
from ...domain.runs import WorkflowRun
from ..context import CollectorContext
from .attempt_messages import STUCK_AFTER, has_unpublished_run_changes
from .poll_session import PollSession
from .schedule_attempts import jobs_known_at

#: The longest time between two reads of the jobs in flight, though no change is expected.
LONGEST_SKIP = timedelta(minutes=5)

#: The longest time where they are not read in flight: by then a run may have been stuck for long.
LONGEST_UNREAD = STUCK_AFTER


class JobReadPolicy:
    """The rule for which attempts in flight jobs are read; it stays the same during one batch.

    With LOG_MODE=live, which publishes each job as it ends, they are read when they may have
    changed; if few requests are left, only when the run has changed. While webhooks are relied on,
    and with LOG_MODE=economy, which publishes all jobs when the run has ended, they are read at its
    end, in a full collection, and every LONGEST_UNREAD of a run that does not end.
    ``changed_in_poll``: the attempts of which this poll has found a change.
    """

    def __init__(self, context: CollectorContext, poll_session: PollSession) -> None:
        repository, is_live = poll_session.repository, context.settings.log_mode == "live"
        self.changed_in_poll = poll_session.change_times
        self._context = context
        self._belongs_to_collection = poll_session.belongs_to_collection
        self._reads_jobs_in_flight = is_live and not poll_session.relies_on_deliveries
        self._has_rate_limit_headroom = context.github.has_hour_headroom(repository.full_name)
        self._recent_job_counts = repository.recent_job_counts  # of each workflow's last runs

    def wants_jobs(self, record: AttemptRecord) -> bool:
        """Return whether the jobs of an attempt are read now, if it is still in flight."""
        if record.run is None:
            return False
        if self._belongs_to_collection and has_unpublished_run_changes(record):
            return True
        if not self._reads_jobs_in_flight:
            now = self._context.clock.now()
            return is_interval_over(jobs_known_at(record), LONGEST_UNREAD, now)
        if not self._has_rate_limit_headroom:
            return has_unpublished_run_changes(record)
        return self._is_due(record, record.run)

    def _is_due(self, record: AttemptRecord, run: WorkflowRun) -> bool:
        """Return whether the jobs of an attempt in flight are read at this poll.

        A read is charged if anything has changed since the last one. So jobs are read as seldom as
        the longest delay of an event allows: just before two poll intervals have passed. They are
        not read if the next change can only be the end of the run, which the run list shows.
        Before the first read, that counts from the run's start.
        """
        now = self._context.clock.now()
        gap = max_request_interval(self._context.settings.poll_seconds)
        if not is_interval_over(jobs_known_at(record), gap, now):
            return False
        if record.key in self.changed_in_poll or record.jobs_read_at is None:
            return True
        if is_interval_over(record.jobs_read_at, LONGEST_SKIP, now):
            return True
        return not next_change_ends_run(self._recent_job_counts, run, record.jobs)
