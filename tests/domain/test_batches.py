"""Batches are as full as SQS lets them be, and never fuller."""

from __future__ import annotations

import itertools
from operator import attrgetter

from hypothesis import given
from hypothesis import strategies as st
from ingest.adapters.aws.sqs import MAX_BATCH_COUNT
from ingest.domain.batches import batches
from ingest.messaging.encoding import QueueMessage

LIMIT = 1000


def a_message(number, size):
    message = QueueMessage(event_id=str(number), group="g", body="x" * size, attributes={})
    assert message.size_bytes == size
    return message


def batched(messages):
    return batches(messages, size_of=attrgetter("size_bytes"), max_bytes=LIMIT, max_count=10)


MESSAGES = st.lists(
    st.one_of(
        st.integers(min_value=1, max_value=120), st.sampled_from([400, 500, 999, 1000, 1001])
    ),
    max_size=60,
).map(lambda sizes: [a_message(number, size) for number, size in enumerate(sizes)])


def total(batch):
    return sum(message.size_bytes for message in batch)


@given(MESSAGES)
def test_batches_lose_nothing_and_keep_the_order(messages):
    """Joined they are what was given."""
    joined = [message for batch in batched(messages) for message in batch]
    assert joined == messages


@given(MESSAGES)
def test_no_batch_exceeds_a_limit(messages):
    """Ten messages and the byte limit; one that is too large for any batch is alone."""
    for batch in batched(messages):
        assert 1 <= len(batch) <= MAX_BATCH_COUNT
        assert total(batch) <= LIMIT or len(batch) == 1


@given(MESSAGES)
def test_a_batch_ends_only_where_it_must(messages):
    """The next message would have been one too many, or too large."""
    made = list(batched(messages))
    for batch, following in itertools.pairwise(made):
        too_many = len(batch) == MAX_BATCH_COUNT
        assert too_many or total(batch) + following[0].size_bytes > LIMIT


def test_ten_small_messages_are_one_request():
    """That is what makes a tenth of a request a message."""
    messages = [a_message(number, 10) for number in range(25)]
    assert [len(batch) for batch in batched(messages)] == [10, 10, 5]


def test_a_batch_may_be_exactly_full():
    """The limit itself is allowed."""
    messages = [a_message(number, 500) for number in range(3)]
    assert [len(batch) for batch in batched(messages)] == [2, 1]


def test_nothing_makes_no_batch():
    """An empty request would be refused."""
    assert list(batched([])) == []


def test_batches_are_made_as_messages_come():
    """An endless stream of messages takes no memory."""

    def endless():
        number = 0
        while True:
            yield a_message(number, 10)
            number += 1

    assert len(next(batched(endless()))) == 10
