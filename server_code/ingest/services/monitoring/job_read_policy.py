"""Which attempts in flight have their jobs read in one batch: requests are spent on changes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ...domain.job_counts import JobCounts
from ...domain.ledger import AttemptRecord
from ...domain.runs import AttemptKey
from ..context import CollectorContext
from .attempt_messages import has_run_changes
from .poll_session import PollSession
from .schedule_attempts import is_job_read_due


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReadPolicy:
    """The choice of the attempts in flight whose jobs are read, the same for one batch.

    Jobs are read when they may have changed while there are requests to spare, else when the run
    itself has changed; in economy at the run's end only, or when everything is collected now.
    """

    context: CollectorContext
    reads_everything: bool
    reads_jobs_in_flight: bool
    has_headroom: bool
    job_counts: JobCounts
    changed: Collection[AttemptKey]

    @classmethod
    def of(cls, context: CollectorContext, poll_session: PollSession) -> JobReadPolicy:
        """Return the policy of a poll for its repository, deliveries and rate limit."""
        repository, is_live = poll_session.repository, context.settings.log_mode == "live"
        return cls(
            context=context,
            reads_everything=poll_session.reads_everything,
            reads_jobs_in_flight=is_live and not poll_session.relies_on_deliveries,
            has_headroom=context.github.has_headroom(repository.full_name),
            job_counts=repository.job_counts,
            changed={run.key for run in poll_session.changed},
        )

    def wants_jobs(self, record: AttemptRecord) -> bool:
        """Return whether the jobs of an attempt are read now, should it be in flight."""
        if record.run is None:
            return False
        if self.reads_everything and has_run_changes(record):
            return True
        if not self.reads_jobs_in_flight:
            return False
        if not self.has_headroom:
            return has_run_changes(record)
        has_changed = record.key in self.changed
        return is_job_read_due(self.context, record, self.job_counts, has_changed=has_changed)
