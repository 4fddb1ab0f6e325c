"""What is left to read takes as long as what was read."""

from __future__ import annotations

import pytest
from ingest.domain.ledger import LedgerCounts, RepositoryRecord, backlog_seconds
from support.builders import at

WATCHED = RepositoryRecord(full_name="octo/api", added_at=at(0), watched_since=at(-86_400))


@pytest.mark.parametrize(
    ("attempts", "unread", "seconds"),
    [(0, 0, 0.0), (10, 0, 0.0), (10, 10, None), (10, 5, 600.0), (400, 300, 1800.0)],
)
def test_a_backlog_lasts_at_the_pace_since_watching_began(attempts, unread, seconds):
    """Nothing unread takes no time; before anything was read there is no pace."""
    counts = LedgerCounts(attempts=attempts, unread_attempts=unread)
    assert backlog_seconds(WATCHED, counts, at(600)) == seconds
