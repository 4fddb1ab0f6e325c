"""What goes into one query to the Data Tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ingest.adapters.data_tables.table import CHARACTERS_PER_QUERY, chunks_by_length, text_length

HALF = CHARACTERS_PER_QUERY // 2

#: A larger message is refused, and cuts the Uplink.
MAX_MESSAGE_BYTES = 16 * 1024 * 1024


def sizes(*values: int) -> list[list[int]]:
    return list(chunks_by_length(values, lambda value: value))


@pytest.mark.parametrize(
    ("values", "chunks"),
    [
        ([], []),
        ([1, 2, 3], [[1, 2, 3]]),
        ([HALF, HALF, 1], [[HALF, HALF], [1]]),
        ([HALF, HALF + 1], [[HALF], [HALF + 1]]),
        ([1, CHARACTERS_PER_QUERY * 3, 1], [[1], [CHARACTERS_PER_QUERY * 3], [1]]),
    ],
    ids=["none", "few", "full", "too much", "one too large"],
)
def test_values_are_cut_in_order(values: list[int], chunks: list[list[int]]) -> None:
    """None is left out, and one that is too large goes alone."""
    assert sizes(*values) == chunks


def test_only_one_portion_is_held_at_a_time() -> None:
    """A log is packed as it is read."""
    made: list[int] = []

    def make() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield HALF

    assert next(chunks_by_length(make(), lambda value: value)) == [HALF, HALF]
    assert made == [0, 1, 2]


def test_a_full_portion_is_far_from_a_full_message() -> None:
    """JSON may write one character as six, and log pages are read eight at a time."""
    assert CHARACTERS_PER_QUERY * 6 < MAX_MESSAGE_BYTES


def test_only_text_weighs() -> None:
    assert text_length({"key": "abc", "body": "x" * 10, "number": 5, "none": None}) == 13
