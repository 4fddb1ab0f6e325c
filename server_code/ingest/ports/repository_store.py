"""What the collector needs of a store of watched repositories."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from ..domain.ledger import RepositoryRecord


class RepositoryStore(Protocol):
    """The watched repositories. Names are compared without regard to case."""

    def add_repository(self, record: RepositoryRecord) -> RepositoryRecord:
        """Add a repository unless it exists; return the stored record."""

    def remove_repository(self, full_name: str) -> None:
        """Stop watching a repository; the ledger keeps what was collected."""

    def load_repository(self, full_name: str) -> RepositoryRecord | None:
        """Load one repository."""

    def list_repositories(self) -> list[RepositoryRecord]:
        """List all, by name."""

    def set_paused(self, full_name: str, *, paused: bool) -> None:
        """Pause or resume a repository; resuming makes it due."""

    def make_due(self, full_name: str, *, now: datetime) -> bool:
        """Make a repository due before all others, also while it is leased.

        Returns False if it is not watched.
        """

    def list_due_before(self, moment: datetime) -> list[str]:
        """List unpaused repositories with a stored ``next_poll_at`` at or before a moment.

        Leased ones are included; those without a ``next_poll_at`` are not.
        """

    def claim_repository(
        self,
        *,
        holder: str,
        now: datetime,
        lease_seconds: int,
        only: Collection[str] | None = None,
    ) -> RepositoryRecord | None:
        """Lease the most overdue repository atomically; None if none is due.

        A repository is due if it is not paused, its ``next_poll_at`` is reached, and it has no
        lease or an expired one, because the holder has died. Claiming clears ``next_poll_at``, so
        that a ``make_due`` during the lease is kept. In the returned record, ``next_poll_at`` is
        when it became due. ``only`` restricts the choice to these names.
        """

    def save_progress(
        self, record: RepositoryRecord, *, holder: str, lease_until: datetime
    ) -> bool:
        """Save all but pause and next poll, and renew the lease; False if the lease was lost."""

    def release_repository(
        self, record: RepositoryRecord, *, holder: str, next_poll_at: datetime
    ) -> bool:
        """Save like ``save_progress`` and end the lease; False if the lease was lost.

        If ``make_due`` was called since the claim, ``next_poll_at`` is ignored.
        """
