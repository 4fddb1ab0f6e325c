"""What is known of a credential and a repository together, found by the repository's owner."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

#: A credential's name and a repository's name in lower case.
Pair = tuple[str, str]

#: Pairs that are remembered; the oldest are removed first.
MAX_PAIRS = 20_000

V = TypeVar("V")


class CredentialPairs(Generic[V]):
    """A bounded mapping of pairs. Not safe for many threads by itself."""

    def __init__(self) -> None:
        self._values: OrderedDict[Pair, V] = OrderedDict()
        self._names: dict[str, Counter[str]] = {}

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._values)

    def __bool__(self) -> bool:
        return bool(self._values)

    def __contains__(self, pair: Pair) -> bool:
        return pair in self._values

    def items(self) -> list[tuple[Pair, V]]:
        """Return what is known; pairs may be removed meanwhile."""
        return list(self._values.items())

    def get(self, pair: Pair) -> V | None:
        """Return what is known of a pair."""
        return self._values.get(pair)

    def set(self, pair: Pair, value: V) -> None:
        """Keep a value, and remove the oldest one if there are too many."""
        if pair not in self._values:
            self._names.setdefault(_owner(pair), Counter())[pair[0]] += 1
        self._values[pair] = value
        if len(self._values) > MAX_PAIRS:
            self.pop(next(iter(self._values)))

    def pop(self, pair: Pair) -> V | None:
        """Remove a pair; return what was known of it."""
        value = self._values.pop(pair, None)
        if value is not None:
            names = self._names[_owner(pair)]
            names[pair[0]] -= 1
            if not names[pair[0]]:
                del names[pair[0]]
            if not names:
                del self._names[_owner(pair)]
        return value

    def names_at(self, owner: str) -> frozenset[str]:
        """Return the credentials of which something is known with an owner's repositories."""
        return frozenset(self._names.get(owner, ()))


def _owner(pair: Pair) -> str:
    """Return the owner of a repository; none where one path is meant, which says nothing of it."""
    return "" if " " in pair[1] else pair[1].partition("/")[0]


def trim(known: OrderedDict[str, str]) -> None:
    """Remove the oldest entries if there are too many."""
    while len(known) > MAX_PAIRS:
        known.popitem(last=False)
