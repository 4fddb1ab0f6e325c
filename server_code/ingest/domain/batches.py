"""Splitting values into batches and chunks of a bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

_Value = TypeVar("_Value")


def batches(
    values: Iterable[_Value],
    *,
    size_of: Callable[[_Value], int],
    max_bytes: int,
    max_count: int | None = None,
) -> Iterator[list[_Value]]:
    """Yield batches in order, each of at most ``max_count`` values and ``max_bytes`` together.

    A value larger than ``max_bytes`` gets a batch of its own, which the caller may refuse.
    """
    batch: list[_Value] = []
    batch_bytes = 0
    for value in values:
        size = size_of(value)
        if batch and (len(batch) == max_count or batch_bytes + size > max_bytes):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(value)
        batch_bytes += size
    if batch:
        yield batch


def chunks(values: Sequence[_Value], size: int) -> Iterator[Sequence[_Value]]:
    """Split a sequence into parts of at most ``size``."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
