"""Gathering small logs on their way to the queue, so that they share requests and transactions.

A log is recorded once its message is on the queue, and not before.
"""

from __future__ import annotations

from collections.abc import Callable

from ...errors import IngestError
from ..context import CollectorContext
from ..publish import publish, refusal_error
from ..unexpected_errors import as_ingest_error
from .deliver_log import LogMessage, cache_logs

#: The most logs that wait for each other. They take several requests, but one transaction.
MAX_GATHERED_LOGS = 50

#: A log is small if one request can carry this many of its size.
_SMALL_LOGS_PER_REQUEST = 20

#: Called with the error of a log that could not be sent or recorded.
OnFailure = Callable[[IngestError], None]


class SmallLogSender:
    """A sender of small logs, which gathers a few and sends them together."""

    def __init__(self, context: CollectorContext) -> None:
        self._context = context
        self._size_bytes = 0
        self._entries: list[tuple[LogMessage, OnFailure]] = []

    @property
    def is_full(self) -> bool:
        """Return whether enough logs are gathered, or the bytes of a whole request."""
        has_request = self._size_bytes >= self._context.logs_queue.max_message_bytes
        return has_request or len(self._entries) >= MAX_GATHERED_LOGS

    def accepts(self, size_bytes: int) -> bool:
        """Return whether a log is so small that it can wait for others."""
        return size_bytes <= self._context.logs_queue.max_message_bytes // _SMALL_LOGS_PER_REQUEST

    def add(self, log_message: LogMessage, on_failure: OnFailure) -> None:
        """Add a small log, and what to call if it is not sent."""
        self._entries.append((log_message, on_failure))
        self._size_bytes += log_message.message.size_bytes

    def send(self) -> None:
        """Cache what was added, send and record it; report each log that was not sent."""
        entries, self._entries, self._size_bytes = self._entries, [], 0
        if not entries:
            return
        log_messages = [each for each, _ in entries]
        messages = [each.message for each in log_messages]
        try:
            cache_logs(self._context, log_messages)
            queue, clock = self._context.logs_queue, self._context.clock
            refused = publish(queue, messages, clock=clock, keeps_going=True)
            reasons = {each.event_id: each for each in refused}
            sent = [each for each in log_messages if each.message.event_id not in reasons]
            self._context.counters.add("logs", len(sent))
            self._context.save_counts()
            self._context.store.save_job_logs([each.record for each in sent])
        except Exception as error:  # noqa: BLE001 - logs that are gathered later are published
            failure = as_ingest_error(error, "several small logs")
            for _, on_failure in entries:
                on_failure(failure)
            return
        for each, on_failure in entries:
            if (refusal := reasons.get(each.message.event_id)) is not None:
                on_failure(refusal_error(queue, each.message, refusal, "a log"))
