"""In which state each job of an attempt was published last; the ledger keeps it as a text."""

from __future__ import annotations

from dataclasses import dataclass

from ...domain.jobs import Job
from ...domain.ledger import AttemptRecord
from ...messaging.run_events import job_fingerprint

_COMPLETED = "completed"
_ABANDONED = " abandoned"


@dataclass(frozen=True, slots=True)
class PublishedJob:
    """The state in which a job was published last.

    ``state`` is the status of an open job, and of an ended one also the fingerprint of its outcome;
    empty if nothing was published. ``is_abandoned``: it had not ended long after its run, and
    its log was requested.
    """

    state: str
    is_abandoned: bool = False

    @property
    def has_ended(self) -> bool:
        """Return whether the job had ended."""
        return self.state.startswith(_COMPLETED)


def as_published(job: Job, *, is_abandoned: bool = False) -> PublishedJob:
    """Return what is recorded of a job when it is published as it is now."""
    state = f"{_COMPLETED} {job_fingerprint(job)}" if job.is_completed else job.status
    return PublishedJob(state, is_abandoned)


def find_published(record: AttemptRecord, job: Job) -> PublishedJob:
    """Return the state in which a job was published last."""
    text = record.published_jobs.get(str(job.job_id), "")
    return PublishedJob(text.removesuffix(_ABANDONED), text.endswith(_ABANDONED))


def as_text(published: PublishedJob) -> str:
    """Return a published state as the ledger keeps it."""
    return published.state + (_ABANDONED if published.is_abandoned else "")
