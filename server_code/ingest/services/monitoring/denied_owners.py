"""What an owner denies to a credential: it is reported once for all repositories of the owner."""

from __future__ import annotations

from datetime import timedelta

from ...domain.error_causes import is_of_same_owner
from ...domain.ledger import MAX_ERRORS
from ...errors import AccessDenied, IngestError
from ..context import CollectorContext

#: What was reported of one repository is not reported of the owner's others for so long.
REPORTED_FOR = timedelta(hours=1)


def is_reported_of_owner(context: CollectorContext, repository: str, error: IngestError) -> bool:
    """Return whether people read already that another repository of the owner is denied so."""
    now = context.clock.now()
    return isinstance(error, AccessDenied) and any(
        each.repository != repository
        and abs(now - each.occurred_at) < REPORTED_FOR
        and is_of_same_owner(str(error), repository, each.what, each.repository)
        for each in context.store.list_errors(limit=MAX_ERRORS)
    )
