"""A bus that accepts or refuses whole requests: what is taken is counted and not sent again."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.domain.counters import Counters, sent_messages_counter
from ingest.errors import QueueUnavailable
from ingest.messaging.encoding import QueueMessage
from ingest.ports import SendFailure
from ingest.ports.whole_request_publisher import WholeRequestPublisher


class PickyBus(WholeRequestPublisher):
    """A bus that takes one message at a time, and is away for one of them."""

    max_message_bytes = 1000
    max_batch_count = 10

    def _split_into_requests(self, messages: list[QueueMessage]) -> Iterator[list[QueueMessage]]:
        yield messages

    def _try_to_send(self, messages: list[QueueMessage]) -> str | None:
        if len(messages) > 1:
            return "One at a time."
        if messages[0].event_id == "b":
            raise QueueUnavailable("The bus is away.")
        return None


def test_what_is_taken_from_a_refused_request_is_sent_although_the_rest_is_not():
    counters = Counters()
    batch = [QueueMessage(event_id=each, group="g", body="{}", attributes={}) for each in "abc"]
    failures = PickyBus("metrics", counters).send(batch)
    away = SendFailure(event_id="b", reason="The bus is away.", is_final=False)
    assert failures == (away,)
    assert counters.read(sent_messages_counter("metrics")) == 2
    assert counters.read("queue_requests") == 4
