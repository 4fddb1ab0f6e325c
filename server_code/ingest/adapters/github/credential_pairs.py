"""A bounded mapping of credentials and repositories that also finds an owner's credentials."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

#: A credential's name, and a repository or another scope of a refusal, in lower case.
Pair = tuple[str, str]

#: Pairs that are remembered; the oldest are removed first.
MAX_PAIRS = 20_000

V = TypeVar("V")


class CredentialPairs(Generic[V]):
    """Values by credential and repository. Not safe for many threads by itself."""

    def __init__(self) -> None:
        self._values: OrderedDict[Pair, V] = OrderedDict()
        self._credentials: dict[str, Counter[str]] = {}

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._values)

    def __bool__(self) -> bool:
        return bool(self._values)

    def __contains__(self, pair: Pair) -> bool:
        return pair in self._values

    def items(self) -> list[tuple[Pair, V]]:
        """Return a copy of the items, so that pairs may be removed while it is iterated."""
        return list(self._values.items())

    def get(self, pair: Pair) -> V | None:
        """Return the value of a pair."""
        return self._values.get(pair)

    def set(self, pair: Pair, value: V) -> None:
        """Keep a value, and remove the oldest one if there are too many."""
        if pair not in self._values:
            self._credentials.setdefault(_owner(pair), Counter())[pair[0]] += 1
        self._values[pair] = value
        if len(self._values) > MAX_PAIRS:
            self.pop(next(iter(self._values)))

    def pop(self, pair: Pair) -> V | None:
        """Remove a pair; return its value."""
        value = self._values.pop(pair, None)
        if value is not None:
            credentials = self._credentials[_owner(pair)]
            credentials[pair[0]] -= 1
            if not credentials[pair[0]]:
                del credentials[pair[0]]
            if not credentials:
                del self._credentials[_owner(pair)]
        return value

    def has_repository_of(self, credential: str, owner: str) -> bool:
        """Return whether a credential has a value for any repository of an owner."""
        return credential in self._credentials.get(owner, ())


def _owner(pair: Pair) -> str:
    """Return the owner of a pair's repository; empty where the pair is about one endpoint of it."""
    return "" if " " in pair[1] else pair[1].partition("/")[0]
