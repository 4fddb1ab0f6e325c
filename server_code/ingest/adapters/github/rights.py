"""Which credential reads which repository: learned from GitHub's answers, and learned anew."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from ...errors import IngestError
from ...ports import Clock

#: A credential that may not read a repository is asked again after this time.
REFUSED_FOR = timedelta(hours=1)

#: A credential that is rejected as a whole is tried again after this time, which doubles.
REJECTED_FOR = timedelta(minutes=1)

#: Pairs of a credential and a repository that are remembered.
MAX_PAIRS = 20_000

#: An answer this old still shows that a credential reads a repository.
PROOF_SECONDS = 2.0

_Pair = tuple[str, str]


class Rights:
    """What is known of credentials (by name) and repositories. Safe for many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pins: OrderedDict[str, str] = OrderedDict()
        self._read_at: OrderedDict[_Pair, float] = OrderedDict()
        self._refusals: OrderedDict[_Pair, tuple[datetime, IngestError]] = OrderedDict()
        self._rejections: dict[str, tuple[datetime, timedelta, IngestError]] = {}
        self._accounts: dict[str, str] = {}
        self._lists: dict[str, dict[str, frozenset[str]]] = {}

    def grant(self, name: str, repository: str) -> None:
        """Note that a credential has read a repository, which stays with the first one to do so."""
        pair = (name, repository.lower())
        with self._lock:
            self._pins.setdefault(pair[1], name)
            self._read_at[pair] = time.monotonic()
            self._refusals.pop(pair, None)
            self._rejections.pop(name, None)
            _trim(self._pins)
            _trim(self._read_at)

    def pin(self, name: str, repository: str) -> None:
        """Prefer the credential that has a repository's ETags, unless another one reads it."""
        with self._lock:
            self._pins.setdefault(repository.lower(), name)
            _trim(self._pins)

    def unpin(self, name: str, repository: str) -> None:
        """Let a repository move from a credential to the next one that reads it."""
        with self._lock:
            if self._pins.get(repository.lower()) == name:
                del self._pins[repository.lower()]

    def refuse(self, name: str, repository: str, error: IngestError) -> None:
        """Note that a credential may not read a repository; it is not asked for an hour."""
        pair = (name, repository.lower())
        with self._lock:
            self._read_at.pop(pair, None)
            if self._pins.get(pair[1]) == name:
                del self._pins[pair[1]]
            self._refusals[pair] = (self._clock.now() + REFUSED_FOR, error)
            _trim(self._refusals)

    def reject(self, name: str, error: IngestError) -> bool:
        """Note that GitHub rejects a credential as a whole; return whether that is new."""
        with self._lock:
            known = self._rejections.get(name)
            pause = REJECTED_FOR if known is None else min(2 * known[1], REFUSED_FOR)
            self._rejections[name] = (self._clock.now() + pause, pause, error)
            return known is None

    def refusal(self, name: str, repository: str) -> IngestError | None:
        """Return why a credential is not to be asked for a repository now; None where it is."""
        now = self._clock.now()
        with self._lock:
            rejected = self._rejections.get(name)
            if rejected is not None and now < rejected[0]:
                return rejected[2]
            refused = self._refusals.get((name, repository.lower()))
            return refused[1] if refused is not None and now < refused[0] else None

    def has_read(self, name: str, repository: str, *, since: float | None = None) -> bool:
        """Return whether a credential has read a repository (since a ``time.monotonic()``)."""
        with self._lock:
            at = self._read_at.get((name, repository.lower()))
        return at is not None and (since is None or at >= since - PROOF_SECONDS)

    def set_account(self, name: str, account: str) -> None:
        """Note whose installation a credential is."""
        with self._lock:
            self._accounts[name] = account.lower()

    def account_of(self, name: str) -> str | None:
        """Return whose installation a credential is, in lower case."""
        with self._lock:
            return self._accounts.get(name)

    def rejection_of(self, name: str) -> IngestError | None:
        """Return why GitHub rejects a credential as a whole."""
        with self._lock:
            rejected = self._rejections.get(name)
        return None if rejected is None else rejected[2]

    def set_list(self, name: str, owner: str, repositories: Iterable[str]) -> None:
        """Note which repositories of an owner (``*``: of all) a credential was listed."""
        listed = frozenset(repository.lower() for repository in repositories)
        with self._lock:
            self._lists.setdefault(name, {})[owner.lower()] = listed

    def order(
        self,
        names: Iterable[str],
        repository: str,
        preference: Callable[[str], tuple[float, bytes]],
    ) -> list[str]:
        """Order credentials by how likely they read a repository, then by preference.

        The pinned one is first, then those that were listed the repository, then the installation
        on its owner. Those that this owner has refused so far, or that were listed others of its
        repositories, are last.
        """
        owner = repository.lower().partition("/")[0]
        with self._lock:
            pinned = self._pins.get(repository.lower())
            reading = _names_at(self._read_at, owner)
            refused = _names_at(self._refusals, owner)
            accounts = dict(self._accounts)
            lists = {name: tuple(each.values()) for name, each in self._lists.items()}
            has_whole_list = {
                name
                for name, each in self._lists.items()
                if owner in each or (accounts.get(name) == owner and "*" in each)
            }

        def rank(name: str) -> int:
            account = accounts.get(name)
            if name == pinned:
                return 0
            if any(repository.lower() in listed for listed in lists.get(name, ())):
                return 1
            if name in has_whole_list:
                return 4
            if account is not None:
                return 1 if account == owner else 4
            if name in refused:
                return 3 if name in reading else 4
            return 2

        return sorted(names, key=lambda name: (rank(name), *preference(name)))


def _names_at(pairs: Iterable[_Pair], owner: str) -> set[str]:
    """Return the credentials of pairs with an owner's repositories."""
    return {name for name, repository in pairs if repository.partition("/")[0] == owner}


def _trim(known: OrderedDict[Any, Any]) -> None:
    while len(known) > MAX_PAIRS:
        known.popitem(last=False)
