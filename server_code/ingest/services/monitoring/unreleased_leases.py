"""Leases that a poll could not release, because the state store did not respond.

They are released as soon as it responds. Otherwise their repositories would wait until the
leases expire, minutes later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...domain.ledger import RepositoryRecord
from ...errors import StateUnavailable
from ..context import CollectorContext


@contextmanager
def release_later_if_state_fails(
    context: CollectorContext, repository: RepositoryRecord
) -> Iterator[None]:
    """Keep a claimed repository for ``retry_lease_releases`` if the state fails in the block."""
    try:
        yield
    except StateUnavailable:
        context.unreleased_leases[repository.full_name] = repository
        raise


def retry_lease_releases(context: CollectorContext) -> None:
    """Release each lease that was kept; its repository is due at once. Raises StateUnavailable."""
    for name in list(context.unreleased_leases):
        repository = context.unreleased_leases.pop(name, None)
        if repository is not None:  # another thread may have taken it
            with release_later_if_state_fails(context, repository):
                context.store.release_repository(
                    repository, holder=context.worker_id, next_poll_at=context.clock.now()
                )
