"""If an owner denies a credential access, that is reported once for all its repositories."""

from __future__ import annotations

from ...domain.error_causes import differs_only_in_repository
from ...errors import AccessDenied, IngestError
from ..context import CollectorContext


def is_reported_for_owner(context: CollectorContext, repository: str, error: IngestError) -> bool:
    """Return whether the same denial is reported for another repository of the owner."""
    return isinstance(error, AccessDenied) and any(
        each.repository != repository
        and differs_only_in_repository(str(error), repository, each.message, each.repository)
        for each in context.list_recent_errors()
    )
