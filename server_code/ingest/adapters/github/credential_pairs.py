"""A bounded mapping of credentials and scopes that also finds an owner's credentials."""

from __future__ import annotations

from collections import Counter
from typing import TypeVar

#: A credential's name, and a scope in lower case: a repository, a repository or owner with an
#: endpoint behind a space, or ``ALL_REQUESTS``.
Pair = tuple[str, str]

#: Pairs that are remembered; those that were set longest ago are removed first.
MAX_PAIRS = 20_000

V = TypeVar("V")


class CredentialPairs(dict[Pair, V]):
    """Values by credential and scope; others remove them only by ``remove``.

    Not safe for many threads by itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self._counts_by_owner: dict[str, Counter[str]] = {}

    def __setitem__(self, pair: Pair, value: V) -> None:
        """Keep a value; if there are too many, remove the one that was set longest ago."""
        if pair in self:
            del self[pair]  # to the end: it is the latest now
        else:
            self._counts_by_owner.setdefault(_owner(pair), Counter())[pair[0]] += 1
        super().__setitem__(pair, value)
        if len(self) > MAX_PAIRS:
            self.remove(next(iter(self)))

    def remove(self, pair: Pair) -> V | None:
        """Remove a pair; return its value, if there is one."""
        value = self.pop(pair, None)
        if value is not None:
            counts = self._counts_by_owner[_owner(pair)]
            counts[pair[0]] -= 1
            if not counts[pair[0]]:
                del counts[pair[0]]
            if not counts:
                del self._counts_by_owner[_owner(pair)]
        return value

    def has_repository_of(self, credential: str, owner: str) -> bool:
        """Return whether a credential has a value for any repository of an owner."""
        return credential in self._counts_by_owner.get(owner, ())


def _owner(pair: Pair) -> str:
    """Return the owner of a pair's repository; empty where its scope is not a whole repository."""
    return "" if " " in pair[1] else pair[1].partition("/")[0]
