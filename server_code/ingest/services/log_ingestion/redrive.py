"""Move dead letters back: log work that failed five times, for example during an outage of S3."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ...errors import MalformedPayload
from ...messaging.encoding import QueueMessage, message_attributes
from ...messaging.envelope import message_group
from ...messaging.log_work_parser import parse_log_work
from ...ports import Clock, ReceivedMessage, WorkQueue
from ..publish import publish

#: After this many batches in which nothing moves, it ends: messages that stay and are visible again
#: at once would be received for ever.
MAX_FRUITLESS_BATCHES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RedriveReport:
    """Counts of what was moved, what the queue of work refused, and what no agent can read."""

    moved: int
    refused: int
    unreadable: int


def redrive(dead_letters: WorkQueue, work: WorkQueue, *, clock: Clock) -> RedriveReport:
    """Move dead letters back to the queue of work; what is not work or is refused stays.

    A message is deleted only after the other queue has taken it. Raises what sending raises.
    """
    moved = 0
    refused_bodies: set[str] = set()
    unreadable: set[str] = set()
    fruitless_batches = 0
    while fruitless_batches < MAX_FRUITLESS_BATCHES:
        received = dead_letters.receive(max_messages=10, wait_seconds=1)
        if not received:
            break
        stayed_before = len(refused_bodies) + len(unreadable)
        rebuilt = {message.receipt_handle: _rebuild_message(message) for message in received}
        ready = [message for message in rebuilt.values() if message is not None]
        refused = {failure.event_id for failure in publish(work, ready, clock=clock)}
        done = [
            message
            for message in received
            if (sent := rebuilt[message.receipt_handle]) and sent.event_id not in refused
        ]
        dead_letters.delete(done)
        moved += len(done)
        # A message that stays may be received again before the last one has moved.
        refused_bodies |= {message.body for message in ready if message.event_id in refused}
        unreadable |= {each.body for each in received if rebuilt[each.receipt_handle] is None}
        has_progress = done or len(refused_bodies) + len(unreadable) > stayed_before
        fruitless_batches = 0 if has_progress else fruitless_batches + 1
    return RedriveReport(moved=moved, refused=len(refused_bodies), unreadable=len(unreadable))


def _rebuild_message(message: ReceivedMessage) -> QueueMessage | None:
    """Build the message as it was first sent, with the same event id; None for what is not work."""
    try:
        key = parse_log_work(message.body).key
        envelope = json.loads(message.body)
        event_id, event_type = str(envelope["event_id"]), str(envelope["event_type"])
    except (MalformedPayload, KeyError):
        return None
    return QueueMessage(
        event_id=event_id,
        group=message_group(key),
        body=message.body,
        attributes=message_attributes(event_type, key.repository),
    )
