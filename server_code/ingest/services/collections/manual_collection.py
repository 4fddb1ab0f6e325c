"""The collection that a person starts with "Collect now": every repository is polled once.

It works in rounds of bounded time, which the host starts one after another, and saves its progress,
so that every page can show it. If it is killed or its time is over, the agents' next ticks collect
the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from ...domain.collection_records import CollectionPhase, CollectionRecord
from ...domain.ledger import RepositoryRecord
from ...errors import IngestError, NotFound
from ...ports import CoordinationStore, RepositoryStore, StateStore
from ..context import CollectorContext
from ..sources.record_credentials import clear_refusals
from .collection import Collection
from .collection_plan import QUICK_COLLECTION, CollectionPlan

#: After this many rounds, what is missing is left to the agents.
MAX_ROUNDS = 20

#: A collection that has reported nothing for this time was killed.
LOST_AFTER = timedelta(seconds=90)

#: How many repositories the first round makes due before it saves its progress again.
MADE_DUE_BETWEEN_SAVES = 100

#: The counters of which a collection shows the increase.
SHOWN_COUNTERS = ("runs", "jobs", "logs")


def claim_collection(
    store: CoordinationStore, known: Sequence[CollectionRecord], *, now: datetime
) -> tuple[str, bool]:
    """Return the id of the next collection, and whether the caller may start it.

    ``known`` are the collections among which the caller has found none that is running. Two people
    who press the button at once get one collection, also around a full minute: each claims its
    minute and the one before. A process that is killed before it has saved its collection thus
    keeps others from starting one for two minutes.
    """
    seed = " ".join(sorted(each.collection_id for each in known))
    collection_id = hashlib.sha256(seed.encode()).hexdigest()[:16]
    minute = int(now.timestamp()) // 60
    keys = [f"collect {collection_id} {each}" for each in (minute - 1, minute)]
    return collection_id, all(store.claim_once(key, now=now) for key in keys)


def new_collection(
    store: RepositoryStore, collection_id: str, *, repository: str | None, now: datetime
) -> CollectionRecord:
    """Return a collection that begins now, with nothing polled yet."""
    total = len(_repositories_of(store, repository))
    return CollectionRecord(
        collection_id=collection_id,
        started_at=now,
        updated_at=now,
        repository=repository,
        counts={"repositories_total": total, "repositories_done": 0},
    )


def start_collection(
    store: StateStore, collection_id: str, *, repository: str | None, now: datetime
) -> CollectionRecord:
    """Record that a collection begins; its first round makes the repositories due.

    Requests that GitHub has refused to a credential are sent again.
    """
    record = new_collection(store, collection_id, repository=repository, now=now)
    # Saved first: a second person who pressed the button at the same time looks for it.
    store.save_collection(record)
    names = [each.full_name for each in _repositories_of(store, repository)]
    clear_refusals(store, names, now=now)
    return record


def find_collection(store: CoordinationStore, collection_id: str) -> CollectionRecord:
    """Find a collection. Raises NotFound for an unknown or old one."""
    for record in store.list_collections():
        if record.collection_id == collection_id:
            return record
    raise NotFound("This collection is no longer available. Start a new one.")


def find_running_collection(
    known: Sequence[CollectionRecord], *, now: datetime
) -> CollectionRecord | None:
    """Find the collection that is in progress, if there is one."""
    for record in known:
        if not record.has_ended and abs(now - record.updated_at) < LOST_AFTER:
            return record
    return None


def fail_collection(
    store: CoordinationStore, record: CollectionRecord, *, reason: str, now: datetime
) -> None:
    """Record that a collection has failed."""
    failed = replace(record, phase=CollectionPhase.FAILED.value, note=reason, updated_at=now)
    store.save_collection(failed)


class CollectionRound:
    """One process's share of a collection, which takes ``seconds`` at most."""

    def __init__(
        self, context: CollectorContext, record: CollectionRecord, *, seconds: float
    ) -> None:
        self._context = context
        self._record = record
        self._earlier_counts = dict(record.counts)
        names = [each.full_name for each in _repositories_of(context.store, record.repository)]
        remaining = record.remaining_repositories
        plan = CollectionPlan(
            repositories=names if remaining is None else remaining,
            log_repositories=names,
            policy=QUICK_COLLECTION,
            ends_at=context.clock.now() + timedelta(seconds=seconds),
            last_run_change=record.last_run_change,
            last_log_change=record.last_log_change,
            on_turn=self._save,
        )
        self._collection = Collection(context, plan)

    def run(self) -> CollectionRecord:
        """Collect; return the collection, which has ended or needs another round.

        Raises what the agents' work raises, after recording that the collection has failed.
        """
        try:
            if self._record.rounds == 0:
                self._make_due()
            self._collection.collect()
            return self._end()
        except Exception as error:
            with suppress(IngestError):  # the first error is reported
                self._count()
            with suppress(IngestError):
                now = self._context.clock.now()
                fail_collection(self._context.store, self._record, reason=str(error), now=now)
            raise

    def _make_due(self) -> None:
        """Make the repositories due; of a thousand, this takes longer than a page may wait."""
        store, now = self._context.store, self._context.clock.now()
        for number, repository in enumerate(_repositories_of(store, self._record.repository), 1):
            store.make_due(repository.full_name, now=now)
            if number % MADE_DUE_BETWEEN_SAVES == 0:
                self._save()  # a collection without progress is taken for lost

    def _end(self) -> CollectionRecord:
        """Record that the collection is complete, given up, or continues in the next round."""
        runs, logs = self._collection.runs, self._collection.logs
        record = self._count()
        if self._collection.is_over():
            left = record.counts["logs_waiting"]
            note = f"Logs not available yet, collected automatically: {left:,}." if left else None
            record = replace(record, phase=CollectionPhase.DONE.value, note=note)
        else:
            record = replace(
                record,
                rounds=record.rounds + 1,
                remaining_repositories=tuple(runs.unfinished_repositories()),
                last_run_change=runs.last_change,
                last_log_change=logs.last_change,
            )
        if record.rounds >= MAX_ROUNDS:
            note = "The agents collect the rest automatically."
            record = replace(record, phase=CollectionPhase.FAILED.value, note=note)
        self._context.store.save_collection(record)
        return record

    def _save(self) -> None:
        """Record the progress."""
        self._context.store.save_collection(self._count())

    def _count(self) -> CollectionRecord:
        """Add what was done to the collection's counts and to the totals in the store."""
        context, repository = self._context, self._record.repository
        counts = {
            name: self._earlier_counts.get(name, 0) + context.counters.read(name)
            for name in SHOWN_COUNTERS
        }
        wanted = _repositories_of(context.store, repository)
        counts["repositories_total"] = len(wanted)
        counts["repositories_done"] = sum(_is_polled(each, self._record) for each in wanted)
        if not self._collection.runs.unfinished_repositories():
            phase = CollectionPhase.FETCHING
            counts["logs_waiting"] = context.store.count_ledger(repository).logs_pending
        elif counts["repositories_done"] < counts["repositories_total"]:
            phase = CollectionPhase.SEARCHING
        else:
            phase = CollectionPhase.COLLECTING
        self._record = replace(
            self._record, phase=phase.value, counts=counts, updated_at=context.clock.now()
        )
        context.save_counts()
        return self._record


def _repositories_of(store: RepositoryStore, repository: str | None) -> list[RepositoryRecord]:
    if repository is not None:
        record = store.load_repository(repository)
        return [] if record is None else [record]
    return [each for each in store.list_repositories() if not each.paused]


def _is_polled(repository: RepositoryRecord, collection: CollectionRecord) -> bool:
    """Return whether a repository was polled, or has failed, since the collection began."""
    began_at, next_at = collection.started_at, repository.next_poll_at
    if repository.last_polled_at is not None and repository.last_polled_at >= began_at:
        return True
    return repository.last_error is not None and next_at is not None and next_at > began_at
