"""The items that a collection leaves for a later one, with names for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ingest.domain.ledger import AttemptRecord, JobLogRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingItem:
    """An attempt, or the log of one of its jobs, that could not be collected yet."""

    repo: str
    run_id: int
    run_attempt: int
    job_id: int | None = None
    job_name: str | None = None
    reason: str | None = None

    @property
    def name(self) -> str:
        """Return the name under which people find it."""
        attempt = f"{self.repo} run {self.run_id} attempt {self.run_attempt}"
        return attempt if self.job_id is None else f"log of job {self.job_name!r} of {attempt}"

    def as_json(self) -> dict[str, Any]:
        """Return it as ``collect --json`` prints it."""
        return {"name": self.name, **asdict(self)}


def pending_attempt(record: AttemptRecord) -> PendingItem:
    """Return an attempt as a pending item."""
    key = record.key
    return PendingItem(
        repo=key.repository,
        run_id=key.run_id,
        run_attempt=key.run_attempt,
        reason=record.last_error,
    )


def pending_log(record: JobLogRecord) -> PendingItem:
    """Return a log as a pending item."""
    key = record.key
    return PendingItem(
        repo=key.repository,
        run_id=key.run_id,
        run_attempt=key.run_attempt,
        job_id=record.job_id,
        job_name=record.job_name,
        reason=record.reason,
    )
