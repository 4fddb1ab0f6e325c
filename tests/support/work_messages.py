"""Messages of a queue of work, which say nothing but their number."""

from __future__ import annotations

from typing import Any

from ingest.messaging.encoding import QueueMessage


def a_message(number: int = 1, **changes: Any) -> QueueMessage:
    """Build a message about a run's log."""
    fields = {
        "event_id": f"e{number}",
        "group": "octo/api/7",
        "body": f'{{"number":{number}}}',
        "attributes": {"event_type": "job_log_due", "repo": "octo/api"},
    }
    return QueueMessage(**{**fields, **changes})
