"""Watched repositories in memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from ...domain.ledger import RepositoryRecord
from ...ports import RepositoryStore
from .tables import Tables, repository_key


class MemoryRepositories(RepositoryStore):
    """Keep the watched repositories; a lease is held by the name of its holder."""

    _tables: Tables

    def add_repository(self, record: RepositoryRecord) -> RepositoryRecord:
        """Add a repository unless it is there; return the stored one."""
        with self._tables.lock:
            key = repository_key(record.full_name)
            return _copy(self._tables.repositories.setdefault(key, _copy(record)))

    def remove_repository(self, full_name: str) -> None:
        """Stop watching; the ledger keeps what was collected."""
        with self._tables.lock:
            self._tables.repositories.pop(repository_key(full_name), None)

    def load_repository(self, full_name: str) -> RepositoryRecord | None:
        """Load one repository."""
        with self._tables.lock:
            stored = self._tables.repositories.get(repository_key(full_name))
            return None if stored is None else _copy(stored)

    def list_repositories(self) -> list[RepositoryRecord]:
        """List all, by name."""
        with self._tables.lock:
            return [
                _copy(stored) for _, stored in sorted(self._tables.repositories.items(), key=_name)
            ]

    def set_paused(self, full_name: str, *, paused: bool) -> None:
        """Pause or resume; a resumed repository counts as due since it was polled last."""
        with self._tables.lock:
            key = repository_key(full_name)
            stored = self._tables.repositories.get(key)
            if stored is None or stored.paused == paused:
                return
            due = stored.next_poll_at if paused else stored.last_polled_at or stored.added_at
            self._tables.repositories[key] = replace(stored, paused=paused, next_poll_at=due)

    def make_due(self, full_name: str, *, now: datetime) -> bool:
        """Make a repository due at ``now``, also while it is leased; False if it is not watched."""
        with self._tables.lock:
            key = repository_key(full_name)
            stored = self._tables.repositories.get(key)
            if stored is None:
                return False
            self._tables.repositories[key] = replace(stored, next_poll_at=_earlier(stored, now))
            return True

    def claim_repositories(
        self,
        *,
        holder: str,
        now: datetime,
        lease_seconds: int,
        limit: int,
        only: Collection[str] | None = None,
    ) -> list[RepositoryRecord]:
        """Lease up to ``limit`` due repositories, the most overdue first."""
        with self._tables.lock:
            names = None if only is None else {repository_key(name) for name in only}
            due = [
                (_due_since(stored), key)
                for key, stored in self._tables.repositories.items()
                if (names is None or key in names) and _is_due(stored, now)
            ]
            until = now + timedelta(seconds=lease_seconds)
            return [self._lease(key, holder, until) for _, key in sorted(due)[: max(0, limit)]]

    def save_progress(
        self, record: RepositoryRecord, *, holder: str, lease_until: datetime
    ) -> bool:
        """Save everything but pause and next poll, and renew the lease; False if it was lost."""
        with self._tables.lock:
            stored = self._held(record, holder)
            if stored is None:
                return False
            self._put(_progress(record, stored), lease_holder=holder, lease_until=lease_until)
            return True

    def release_repository(
        self, record: RepositoryRecord, *, holder: str, next_poll_at: datetime
    ) -> bool:
        """Save as ``save_progress`` does and give the lease back; False if it was lost."""
        with self._tables.lock:
            stored = self._held(record, holder)
            if stored is None:
                return False
            saved = replace(
                _progress(record, stored), next_poll_at=stored.next_poll_at or next_poll_at
            )
            self._put(saved, lease_holder=None, lease_until=None)
            return True

    def _lease(self, key: str, holder: str, until: datetime) -> RepositoryRecord:
        free = replace(self._tables.repositories[key], next_poll_at=None)
        self._put(free, lease_holder=holder, lease_until=until)
        return _copy(self._tables.repositories[key])

    def _held(self, record: RepositoryRecord, holder: str) -> RepositoryRecord | None:
        stored = self._tables.repositories.get(repository_key(record.full_name))
        return stored if stored is not None and stored.lease_holder == holder else None

    def _put(
        self, record: RepositoryRecord, *, lease_holder: str | None, lease_until: datetime | None
    ) -> None:
        leased = replace(record, lease_holder=lease_holder, lease_until=lease_until)
        self._tables.repositories[repository_key(record.full_name)] = leased


def _copy(record: RepositoryRecord) -> RepositoryRecord:
    """Give away no dictionary that the store keeps."""
    return replace(record, validators=dict(record.validators))


def _name(item: tuple[str, RepositoryRecord]) -> str:
    return item[0]


def _earlier(stored: RepositoryRecord, now: datetime) -> datetime:
    return now if stored.next_poll_at is None else min(now, stored.next_poll_at)


def _progress(record: RepositoryRecord, stored: RepositoryRecord) -> RepositoryRecord:
    """Take everything from the holder but what others may have changed meanwhile."""
    return replace(_copy(record), paused=stored.paused, next_poll_at=stored.next_poll_at)


def _is_due(stored: RepositoryRecord, now: datetime) -> bool:
    reached = stored.next_poll_at is None or stored.next_poll_at <= now
    free = stored.lease_until is None or stored.lease_until <= now
    return reached and free and not stored.paused


def _due_since(stored: RepositoryRecord) -> datetime:
    return stored.next_poll_at or stored.lease_until or stored.added_at
