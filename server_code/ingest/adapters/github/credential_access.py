"""Which credential reads which repository, by GitHub's latest answers."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from ...domain.source_records import (
    ALL_OWNERS,
    ALL_REQUESTS,
    LIST_SUFFIX,
    MAX_REFUSALS,
    CredentialRefusal,
    RefusalChanges,
)
from ...errors import AccessDenied, BadCredentials, CredentialSuspended, IngestError, Retriable
from ...ports import Clock
from .credential_pairs import MAX_PAIRS, CredentialPairs
from .known_refusals import STEP_15_SECONDS, STEP_HOUR, STEP_SECOND, KnownRefusals, Refusal

#: An answer this old still shows that a credential reads a repository.
PROOF_SECONDS = 2.0

#: Ranks of credentials by how likely they read a repository, the most likely first.
RANK_PINNED, RANK_LISTED, RANK_UNKNOWN, RANK_READS_OTHERS_OF_OWNER, RANK_UNLIKELY = range(5)


class CredentialAccess:
    """What is known of credentials (by ``name``) and repositories. Safe for many threads.

    A repository is pinned to the credential that reads it: its ETags are valid for no other.
    ``accounts``: the account of each App's installation, in lower case.
    """

    def __init__(self, clock: Clock) -> None:
        self._lock = threading.RLock()
        self._pins: OrderedDict[str, str] = OrderedDict()
        self._read_at: CredentialPairs[float] = CredentialPairs()
        self.refusals = KnownRefusals(clock, self._lock)
        self._changes: dict[str, dict[str, CredentialRefusal | None]] = {}
        self.accounts: dict[str, str] = {}
        self._lists: dict[str, dict[str, frozenset[str]]] = {}

    def note_read(
        self, name: str, repository: str, scopes: Iterable[str] = (), *, repin: bool = False
    ) -> None:
        """Note that a credential has read a repository, which ends its refusals of ``scopes``.

        A repository that is pinned stays so, unless ``repin`` pins it to this credential.
        """
        pair = (name, repository.lower())
        with self._lock:
            if repin:
                self._pins.pop(pair[1], None)
            self.pin(*pair)
            self._read_at[pair] = time.monotonic()
            for scope in (repository, *scopes):
                self._remove_refusal(name, scope.lower())

    def note_accepted(self, name: str) -> None:
        """Note that GitHub accepts a credential: its rejection ends, and the refusals due to it."""
        with self._lock:
            if not self._remove_refusal(name, ALL_REQUESTS):
                return
            for pair, refusal in list(self.refusals.items()):
                if pair[0] == name and isinstance(refusal.error, BadCredentials):
                    self._remove_refusal(*pair)

    def note_unsuspended(self, name: str) -> None:
        """Note that GitHub lists the installation of a credential as not suspended."""
        if isinstance(self.rejection_of(name), CredentialSuspended):
            self.note_accepted(name)

    def retry_denied(self, name: str) -> None:
        """End the pauses of what a credential was denied: it was given more permissions."""
        with self._lock:
            for pair, refusal in list(self.refusals.items()):
                if pair[0] == name and isinstance(refusal.error, AccessDenied):
                    self.refusals.end_pause(pair)

    def pin(self, name: str, repository: str) -> None:
        """Pin a repository to a credential, unless it is pinned."""
        with self._lock:
            self._pins.setdefault(repository.lower(), name)
            self._pins.move_to_end(repository.lower())
            if len(self._pins) > MAX_PAIRS:
                self._pins.popitem(last=False)

    def unpin(self, name: str, repository: str) -> None:
        """Unpin a repository from a credential, if it is pinned to that one."""
        with self._lock:
            if self._pins.get(repository.lower()) == name:
                del self._pins[repository.lower()]

    def note_refusal(
        self, name: str, scope: str, error: IngestError, *, min_step: int = STEP_HOUR
    ) -> None:
        """Note that GitHub refuses a credential a repository or another scope (``refusal_scopes``).

        ``min_step``: the shortest pause before the next request, as a step in ``PAUSES``.
        """
        pair = (name, scope.lower())
        with self._lock:
            if min_step >= STEP_HOUR:
                self._read_at.remove(pair)
                self.unpin(*pair)
            refusal = self.refusals.note(pair, error, min_step=min_step)
            self._note_change(*pair, refusal)

    def note_rejection(self, name: str, error: BadCredentials) -> bool:
        """Note that GitHub rejects a credential as a whole; return whether that is to be reported.

        A repeated rejection is not, nor one that is Retriable (the credential is too new), which is
        not saved either.
        """
        min_step = STEP_15_SECONDS if isinstance(error, CredentialSuspended) else STEP_SECOND
        pair = (name, ALL_REQUESTS)
        with self._lock:
            known = self.refusals.get(pair)
            noted = self.refusals.note(pair, error, min_step=min_step)
            if isinstance(error, Retriable):
                return False
            self._note_change(*pair, noted)
            return known is None or isinstance(known.error, Retriable)

    def restore_refusals(self, name: str, refusals: Iterable[CredentialRefusal]) -> None:
        """Restore a credential's refusals, except those that later answers have ended."""
        with self._lock:
            read = {pair[1] for pair in self._read_at if pair[0] == name}
            for each in refusals:
                is_read = each.scope in read or (each.scope == ALL_REQUESTS and bool(read))
                # For the list of an owner's repositories, discovery waits by itself.
                is_list = each.scope.endswith(LIST_SUFFIX)
                if not is_read and not is_list:
                    self.refusals.restore(name, each)

    def retry_refusals_cleared_in_state(
        self, name: str, refusals: Collection[CredentialRefusal]
    ) -> None:
        """End the pauses of refusals that are no longer in the state store.

        Another process has read what was refused, or a person asked to try again.
        """
        saved_scopes = {each.scope for each in refusals}
        if len(saved_scopes) >= MAX_REFUSALS:
            return  # a full record lacks refusals that nobody has cleared
        with self._lock:
            unsaved = self._changes.get(name, {})
            for pair, refusal in list(self.refusals.items()):
                is_saved = pair[0] == name and pair[1] not in unsaved
                if (
                    is_saved
                    and pair[1] not in saved_scopes
                    and not isinstance(refusal.error, Retriable)
                ):
                    self.refusals.end_pause(pair)

    @contextmanager
    def take_changes(self) -> Iterator[Mapping[str, RefusalChanges]]:
        """Take the refusals that began or ended, by credential; keep them if the block fails."""
        with self._lock:
            taken, self._changes = self._changes, {}
        try:
            yield taken
        except BaseException:
            with self._lock:
                for name, changes in taken.items():
                    self._changes[name] = changes | self._changes.get(name, {})
            raise

    def _remove_refusal(self, name: str, scope: str) -> bool:
        """Remove a refusal, also from the state store; return whether there was one."""
        is_known = self.refusals.remove((name, scope)) is not None
        if is_known:
            self._note_change(name, scope)
        return is_known

    def _note_change(self, name: str, scope: str, refusal: Refusal | None = None) -> None:
        changes = self._changes.setdefault(name, {})
        changes[scope] = None if refusal is None else refusal.to_record(scope)

    def has_read(self, name: str, repository: str, *, since: float | None = None) -> bool:
        """Return whether a credential has read a repository (since a ``time.monotonic()``).

        A pinned one counts: the credential read it before a restart, or under its former name.
        """
        with self._lock:
            at = self._read_at.get((name, repository.lower()))
            is_pinned = self._pins.get(repository.lower()) == name
        if since is None:
            return is_pinned or at is not None
        return at is not None and at >= since - PROOF_SECONDS

    def reads_other_repositories(self, name: str, repository: str) -> bool:
        """Return whether a credential has read another repository that is not refused since."""
        with self._lock:
            others = (pair for pair in self._read_at if pair != (name, repository.lower()))
            return any(pair[0] == name and self.refusals.get(pair) is None for pair in others)

    def rejection_of(self, name: str) -> BadCredentials | None:
        """Return why GitHub rejects a credential as a whole."""
        with self._lock:
            known = self.refusals.get((name, ALL_REQUESTS))
        error = known and known.error_until(known.ends_at)
        return error if isinstance(error, BadCredentials) else None

    def is_listed(self, name: str, repository: str) -> bool:
        """Return whether a repository is in a list that GitHub gave a credential."""
        with self._lock:
            return any(repository.lower() in each for each in self._lists.get(name, {}).values())

    def may_read_once_accepted(self, name: str, repository: str) -> bool:
        """Return whether a rejected credential may read a repository once GitHub accepts it."""
        owner = repository.lower().partition("/")[0]
        with self._lock:
            refusal = self.refusals.get((name, repository.lower()))
            account = self.accounts.get(name)
            lists_owner = self._lists_owner(name, owner)
        if refusal is not None and not isinstance(refusal.error, BadCredentials):
            return False
        return self.is_listed(name, repository) or (not lists_owner and account in (None, owner))

    def note_listed_repositories(self, name: str, owner: str, repositories: Iterable[str]) -> None:
        """Note the repositories of an owner (``*``: of all) that GitHub lists to a credential.

        Ends the refusals of repositories that an earlier list did not contain.
        """
        listed = frozenset(repository.lower() for repository in repositories)
        with self._lock:
            lists = self._lists.setdefault(name, {})
            for repository in listed - lists.get(owner.lower(), listed):
                self._remove_refusal(name, repository)
            lists[owner.lower()] = listed

    def rank(self, name: str, repository: str) -> int:
        """Return how likely a credential reads a repository, by pins, lists, account and refusals.

        The most likely one has the lowest rank.
        """
        owner = repository.lower().partition("/")[0]
        with self._lock:
            account = self.accounts.get(name)
            if self._pins.get(repository.lower()) == name:
                return RANK_PINNED
            if self.is_listed(name, repository):
                return RANK_LISTED
            if self._lists_owner(name, owner):
                return RANK_UNLIKELY
            if account is not None:
                return RANK_LISTED if account == owner else RANK_UNLIKELY
            if not self.refusals.has_repository_of(name, owner):
                return RANK_UNKNOWN
            reads_owner = self._read_at.has_repository_of(name, owner)
            return RANK_READS_OTHERS_OF_OWNER if reads_owner else RANK_UNLIKELY

    def _lists_owner(self, name: str, owner: str) -> bool:
        """Return whether GitHub has listed all that a credential reads of an owner."""
        lists = self._lists.get(name, {})
        return owner in lists or (self.accounts.get(name) == owner and ALL_OWNERS in lists)
