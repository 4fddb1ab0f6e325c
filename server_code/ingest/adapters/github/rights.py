"""Which credential reads which repository: learned from GitHub's answers, and learned anew."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable

from ...domain.source_records import (
    EVERYTHING,
    MAX_REFUSALS,
    CredentialRefusal,
    RefusalChanges,
)
from ...errors import BadCredentials, CredentialSuspended, IngestError, Retriable
from ...ports import Clock
from .credential_pairs import CredentialPairs, trim
from .known_refusals import IF_EXPECTED, IF_EXPLAINED, KnownRefusals, Refusal

#: An answer this old still shows that a credential reads a repository.
PROOF_SECONDS = 2.0

#: The rank of a credential of which nothing is known; higher ones are less likely to read.
_UNKNOWN = 2

#: The rank of one that reads some of an owner's repositories, and was refused others.
_READS_SOME = 3


class Rights:
    """What is known of credentials (by name) and repositories. Safe for many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pins: OrderedDict[str, str] = OrderedDict()
        self._read_at: CredentialPairs[float] = CredentialPairs()
        self._refusals = KnownRefusals()
        self._changes: dict[str, dict[str, CredentialRefusal | None]] = {}
        self._accounts: dict[str, str] = {}
        self._lists: dict[str, dict[str, frozenset[str]]] = {}

    def grant(
        self, name: str, repository: str, scopes: Iterable[str] = (), *, moves: bool = False
    ) -> None:
        """Note that a credential has read a repository, which stays with the first one to do so.

        ``scopes``: what is refused no longer. ``moves``: it stays with this one from now on.
        """
        pair = (name, repository.lower())
        with self._lock:
            if moves:
                self._pins.pop(pair[1], None)
            self._pins.setdefault(pair[1], name)
            self._read_at.set(pair, time.monotonic())
            for scope in (repository, *scopes):
                self._end(name, scope.lower())
            trim(self._pins)

    def accept(self, name: str) -> None:
        """Let a credential that GitHub accepts, whatever for, read what it was rejected for."""
        with self._lock:
            if not self._end(name, EVERYTHING):
                return
            for pair, refusal in self._refusals.items():
                if pair[0] == name and isinstance(refusal.error, BadCredentials):
                    self._end(*pair)

    def end_suspension(self, name: str) -> None:
        """Let a credential that GitHub lists as not suspended find out whether it reads again."""
        if isinstance(self.rejection_of(name), CredentialSuspended):
            self.accept(name)

    def pin(self, name: str, repository: str) -> None:
        """Prefer the credential that has a repository's ETags, unless another one reads it."""
        with self._lock:
            self._pins.setdefault(repository.lower(), name)
            trim(self._pins)

    def unpin(self, name: str, repository: str) -> None:
        """Let a repository move from a credential to the next one that reads it."""
        with self._lock:
            if self._pins.get(repository.lower()) == name:
                del self._pins[repository.lower()]

    def refuse(
        self, name: str, scope: str, error: IngestError, *, at_least: int = IF_EXPECTED
    ) -> None:
        """Note that a credential may not read a repository, or something else.

        ``at_least``: as many refusals it counts as, which set when it is asked for again.
        """
        pair = (name, scope.lower())
        with self._lock:
            if at_least >= IF_EXPECTED:
                self._read_at.pop(pair)
                if self._pins.get(pair[1]) == name:
                    del self._pins[pair[1]]
            refusal = self._refusals.refuse(pair, error, self._clock.now(), at_least=at_least)
            self._note(*pair, refusal)

    def reject(self, name: str, error: BadCredentials) -> bool:
        """Note that GitHub rejects a credential as a whole; return whether that is new."""
        at_least = IF_EXPLAINED if isinstance(error, CredentialSuspended) else 1
        pair = (name, EVERYTHING)
        with self._lock:
            known = self._refusals.get(pair)
            noted = self._refusals.refuse(pair, error, self._clock.now(), at_least=at_least)
            if isinstance(error, Retriable):
                return False
            self._note(*pair, noted)
            return known is None or isinstance(known.error, Retriable)

    def find_obstacle(self, name: str, scopes: tuple[str, ...]) -> IngestError | None:
        """Return why a credential is not to be asked for any of some scopes now."""
        with self._lock:
            return self._refusals.find_obstacle(name, scopes, self._clock.now())

    def begin(self, name: str, scopes: tuple[str, ...]) -> IngestError | None:
        """Return why a request is not to be sent now: of what was refused one at a time is."""
        with self._lock:
            return self._refusals.begin(name, scopes, self._clock.now())

    def end_probe(self, name: str, scopes: tuple[str, ...]) -> None:
        """Let another request find out whether one is accepted: this one failed."""
        with self._lock:
            self._refusals.end_probe(name, scopes)

    def is_refused(self, name: str, scope: str) -> bool:
        """Return whether GitHub has refused something that it was not seen to accept since."""
        with self._lock:
            return self._refusals.get((name, scope.lower())) is not None

    def restore_refusals(self, name: str, refusals: Iterable[CredentialRefusal]) -> None:
        """Restore what a credential was refused; what was found out since is kept."""
        now = self._clock.now()
        with self._lock:
            read = {pair[1] for pair in self._read_at if pair[0] == name}
            for each in refusals:
                is_read = each.what in read or (each.what == EVERYTHING and bool(read))
                if not is_read and not each.what.endswith("/*"):
                    self._refusals.restore(name, each, now)

    def has_refusals(self) -> bool:
        """Return whether any credential was refused anything."""
        return bool(self._refusals)

    def end_withdrawn(self, name: str, refusals: Collection[CredentialRefusal]) -> None:
        """Ask for what the state keeps no longer: another process read it, or a person asks."""
        kept = {each.what for each in refusals}
        with self._lock:
            unsaved = self._changes.get(name, {})
            for pair, refusal in self._refusals.items() if len(kept) < MAX_REFUSALS else ():
                is_saved = pair[0] == name and pair[1] not in unsaved
                if is_saved and pair[1] not in kept and not isinstance(refusal.error, Retriable):
                    self._refusals.end_pause(pair, self._clock.now())

    def take_changes(self) -> dict[str, RefusalChanges]:
        """Return by credential which refusals are new or over since the last call."""
        with self._lock:
            taken, self._changes = self._changes, {}
        return dict(taken)

    def _end(self, name: str, what: str) -> bool:
        """Forget a refusal, also in the state; return whether there was one."""
        is_known = self._refusals.pop((name, what)) is not None
        if is_known:
            self._note(name, what)
        return is_known

    def _note(self, name: str, what: str, refusal: Refusal | None = None) -> None:
        changes = self._changes.setdefault(name, {})
        changes[what] = None if refusal is None else refusal.record(what)

    def has_read(self, name: str, repository: str, *, since: float | None = None) -> bool:
        """Return whether a credential has read a repository (since a ``time.monotonic()``).

        One that has its ETags has, though before a restart or under its former name.
        """
        with self._lock:
            at = self._read_at.get((name, repository.lower()))
            has_etags = self._pins.get(repository.lower()) == name
        if since is None:
            return has_etags or at is not None
        return at is not None and at >= since - PROOF_SECONDS

    def reads_others(self, name: str, repository: str) -> bool:
        """Return whether a credential can be tried with another repository that it has read."""
        with self._lock:
            others = (pair for pair in self._read_at if pair != (name, repository.lower()))
            return any(pair[0] == name and self._refusals.get(pair) is None for pair in others)

    def set_account(self, name: str, account: str) -> None:
        """Note whose installation a credential is."""
        with self._lock:
            self._accounts[name] = account.lower()

    def account_of(self, name: str) -> str | None:
        """Return whose installation a credential is, in lower case."""
        with self._lock:
            return self._accounts.get(name)

    def rejection_of(self, name: str) -> BadCredentials | None:
        """Return why GitHub rejects a credential as a whole."""
        with self._lock:
            known = self._refusals.get((name, EVERYTHING))
        error = known and known.error_until(known.ends_at)
        return error if isinstance(error, BadCredentials) else None

    def is_listed(self, name: str, repository: str) -> bool:
        """Return whether a credential was listed a repository."""
        with self._lock:
            return any(repository.lower() in each for each in self._lists.get(name, {}).values())

    def could_read(self, name: str, repository: str) -> bool:
        """Return whether a credential may read a repository when GitHub accepts it again."""
        key = repository.lower()
        owner = key.partition("/")[0]
        with self._lock:
            refusal = self._refusals.get((name, key))
            account, lists = self._accounts.get(name), self._lists.get(name, {})
        if refusal is not None and not isinstance(refusal.error, BadCredentials):
            return False
        if any(key in listed for listed in lists.values()):
            return True
        is_listed_whole = owner in lists or (account == owner and "*" in lists)
        return not is_listed_whole and account in (None, owner)

    def set_list(self, name: str, owner: str, repositories: Iterable[str]) -> frozenset[str]:
        """Note which repositories of an owner (``*``: of all) a credential was listed.

        It may be asked at once for what an earlier list lacked, which is returned.
        """
        listed = frozenset(repository.lower() for repository in repositories)
        with self._lock:
            lists = self._lists.setdefault(name, {})
            added = listed - lists.get(owner.lower(), listed)
            lists[owner.lower()] = listed
            for repository in added:
                self._end(name, repository)
        return added

    def order(
        self,
        names: Iterable[str],
        repository: str,
        preference: Callable[[str], tuple[float, bytes]],
    ) -> list[str]:
        """Order credentials by how likely they read a repository, then by preference."""
        ranks = self._ranks(names, repository)
        return sorted(ranks, key=lambda name: (ranks[name], *preference(name)))

    def may_read(self, name: str, repository: str) -> bool:
        """Return whether nothing that is known of a credential speaks against a repository."""
        return self._ranks([name], repository)[name] <= _UNKNOWN

    def may_read_owner(self, name: str, repository: str) -> bool:
        """Return whether a credential may read a repository, or reads others of its owner."""
        return self._ranks([name], repository)[name] <= _READS_SOME

    def _ranks(self, names: Iterable[str], repository: str) -> dict[str, int]:
        """Rank credentials by how likely they read a repository.

        The pinned one is first, then those that were listed the repository, then the installation
        on its owner. Those that this owner has refused so far, or that were listed others of its
        repositories, are last.
        """
        owner = repository.lower().partition("/")[0]
        with self._lock:
            pinned = self._pins.get(repository.lower())
            reading = self._read_at.names_at(owner)
            refused = self._refusals.names_at(owner)
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
                return _READS_SOME if name in reading else 4
            return _UNKNOWN

        return {name: rank(name) for name in names}
