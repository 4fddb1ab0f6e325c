"""The rows of a list that is read again and again, decoded only where they changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from .session import Row

T = TypeVar("T")


class DecodedRows(Generic[T]):
    """The values of the rows that were read last. Safe for many threads.

    A page lists a thousand repositories every few seconds, of which few have changed. Decoding is
    most of the work then, and a row that is the same has the same value: values are frozen.
    """

    def __init__(self, decode: Callable[[Row], T]) -> None:
        self._decode = decode
        self._last: dict[Row, T] = {}

    def decode_all(self, rows: Sequence[Row]) -> list[T]:
        """Return the values of all rows of the list, in order."""
        known, decode = self._last, self._decode
        values = [known[row] if row in known else decode(row) for row in rows]
        self._last = dict(zip(rows, values, strict=True))
        return values
