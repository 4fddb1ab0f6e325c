"""Bringing dead letters back: log work that failed five times, for example while S3 was away."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ..errors import MalformedPayload
from ..messaging.envelope import QueueMessage, message_attributes
from ..messaging.log_work import parse_log_work
from ..ports import Clock, ReceivedMessage, WorkQueue
from .publish import publish


@dataclass(frozen=True, slots=True, kw_only=True)
class RedriveReport:
    """Count what was moved, and what stays because no agent can read it."""

    moved: int
    unreadable: int


def redrive(dead_letters: WorkQueue, work: WorkQueue, *, clock: Clock) -> RedriveReport:
    """Move readable dead letters back to the queue of work; unreadable ones stay where they are.

    A message is deleted only after the other queue has taken it. Raises what sending raises.
    """
    moved = unreadable = 0
    while received := dead_letters.receive(max_messages=10, wait_seconds=1):
        readable = [message for message in received if _is_readable(message)]
        publish(work, [_again(message) for message in readable], clock=clock)
        dead_letters.delete(readable)
        moved += len(readable)
        unreadable += len(received) - len(readable)
    return RedriveReport(moved=moved, unreadable=unreadable)


def _is_readable(message: ReceivedMessage) -> bool:
    try:
        parse_log_work(message.body)
    except MalformedPayload:
        return False
    return True


def _again(message: ReceivedMessage) -> QueueMessage:
    """Wrap a body as it was sent first; it is the same fact."""
    envelope = json.loads(message.body)
    repo = envelope["data"]["repo"]
    return QueueMessage(
        event_id=envelope["event_id"],
        event_type=envelope["event_type"],
        group=repo,
        body=message.body,
        attributes=message_attributes(envelope["event_type"], repo),
    )
