"""A publisher for buses that accept or refuse each request as a whole, not message by message."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence

from ..domain.counters import Counters, sent_messages_counter
from ..errors import QueueUnavailable
from ..messaging.encoding import QueueMessage
from .queues import Publisher, SendFailure


class WholeRequestPublisher(Publisher):
    """A publisher to one queue; a subclass splits a batch into requests and sends each."""

    def __init__(self, name: str, counters: Counters) -> None:
        self._name = name
        self._counters = counters

    @property
    def queue_name(self) -> str:
        """Return the name of the queue as it was configured."""
        return self._name

    def send(self, batch: Sequence[QueueMessage]) -> tuple[SendFailure, ...]:
        """Send one batch; return what the bus does not take.

        Raises QueueUnavailable only where nothing was taken.
        """
        faults = {
            message.event_id: fault
            for message in batch
            if (fault := self._invalid_because(message))
        }
        failures = [SendFailure(event_id=each, reason=fault) for each, fault in faults.items()]
        taken = 0
        valid = [each for each in batch if each.event_id not in faults]
        requests = deque(self._split_into_requests(valid))
        while requests:
            request = requests.popleft()
            self._counters.add("queue_requests")
            try:
                refused_because, is_final = self._try_to_send(request), True
            except QueueUnavailable as error:
                if not taken:
                    raise
                refused_because, is_final = str(error), False
            if refused_because is None:
                taken += len(request)
            elif is_final and len(request) > 1:
                # One message that the bus refuses does not stop the others.
                requests.extendleft([each] for each in reversed(request))
            else:
                failures += [
                    SendFailure(event_id=each.event_id, reason=refused_because, is_final=is_final)
                    for each in request
                ]
        if batch:
            self._counters.add(sent_messages_counter(self._name), taken)
        return tuple(failures)

    def _invalid_because(self, message: QueueMessage) -> str | None:
        """Return why a message cannot be sent, None if it can."""
        if not message.body:
            return "The body must have content."
        if message.size_bytes > self.max_message_bytes:
            limit = f"A message has at most {self.max_message_bytes:,} bytes"
            return f"{limit}, and this one {message.size_bytes:,}."
        return None

    @abstractmethod
    def _split_into_requests(self, messages: list[QueueMessage]) -> Iterator[list[QueueMessage]]:
        """Split messages into requests."""

    @abstractmethod
    def _try_to_send(self, messages: list[QueueMessage]) -> str | None:
        """Send one request; return why the bus refuses it as invalid, None where it accepts it."""
