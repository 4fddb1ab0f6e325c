"""A collection that a person asked for: every repository polled once, all that is found published.

It works in rounds of bounded time, each begun by the host when the one before ended, and writes
how far it is into the state, so that it can be followed from anywhere. What it does not reach,
because it is killed or its patience ends, the agents' next ticks do.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ..domain.ledger import AgentRecord, RepositoryRecord
from ..errors import IngestError, RateLimited
from ..ports import AgentStore, RepositoryStore, StateStore
from .context import CollectorContext
from .heartbeat import CounterFlush
from .ingest_logs import ingest_due_logs
from .poll_runs import poll_due_repositories

#: The name of the records that hold a collection's progress among the agents' heartbeats.
MANUAL_COLLECTION = "Manual collection"

STARTING = "starting"
LOOKING = "looking for runs"
COLLECTING = "collecting"
FETCHING = "fetching logs"
DONE = "done"
FAILED = "failed"

#: After so many rounds what is left is left to the agents.
MOST_ROUNDS = 20

#: A collection that has told nothing for so long was killed.
LOST_AFTER = timedelta(seconds=90)

#: What has stood still for so long is left to the agents: a log that does not come, a limit.
PATIENCE = timedelta(seconds=20)

_COUNTED = ("runs", "jobs", "logs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A collection and its progress; ``only`` names its repository, None means all.

    ``stood``: how much each phase had left, and since when (ISO): a list, for it is sent as JSON.
    """

    collection_id: str
    started_at: datetime
    only: str | None = None
    rounds: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    stood: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Return whether no further round may begin."""
        return self.rounds >= MOST_ROUNDS


def start_collection(
    store: StateStore, collection_id: str, *, only: str | None, now: datetime
) -> Collection:
    """Make the repositories due, and note that a collection begins."""
    collection = Collection(collection_id=collection_id, started_at=now, only=only)
    for record in _wanted(store, collection):
        store.make_due(record.full_name, now=now)
    save_collection(store, collection, STARTING, now=now)
    return collection


def find_running(store: AgentStore, *, now: datetime) -> AgentRecord | None:
    """Find the collection that is under way, if there is one."""
    for record in store.list_agents():
        is_fresh = abs(now - record.heartbeat_at) < LOST_AFTER
        if record.name == MANUAL_COLLECTION and is_fresh and record.state not in (DONE, FAILED):
            return record
    return None


def collect_round(
    context: CollectorContext, collection: Collection, *, seconds: float
) -> Collection | None:
    """Collect for ``seconds``; return what the next round goes on with, None when all is done.

    Raises what the agents' work raises, and notes it as the collection's end before.
    """
    work = _Round(context, collection, ends_at=context.clock.now() + timedelta(seconds=seconds))
    try:
        while work.should_continue():
            if work.step() == DONE:
                return None
        work.count()
    except Exception as error:
        with suppress(IngestError):  # that the round failed is the news
            work.count()
        save_collection(
            context.store, work.collection, FAILED, now=context.clock.now(), note=str(error)
        )
        raise
    return replace(work.collection, rounds=collection.rounds + 1)


def save_collection(
    store: StateStore,
    collection: Collection,
    phase: str,
    *,
    now: datetime,
    note: str | None = None,
) -> None:
    """Note how far a collection is."""
    records = _wanted(store, collection)
    polled = [each for each in records if _is_polled(each, collection)]
    counts = {
        **collection.counts,
        "repositories_total": len(records),
        "repositories_done": len(polled),
        "rounds": collection.rounds,
    }
    store.save_agent(
        AgentRecord(
            name=MANUAL_COLLECTION,
            holder=collection.collection_id,
            state=phase,
            heartbeat_at=now,
            started_at=collection.started_at,
            counts=counts,
            note=note,
        )
    )


class _Round:
    """One process's share of a collection."""

    def __init__(
        self, context: CollectorContext, collection: Collection, *, ends_at: datetime
    ) -> None:
        self.collection = collection
        self._context = context
        self._ends_at = ends_at
        self._before = dict(collection.counts)
        self._only = None if collection.only is None else [collection.only]
        self._stood = dict(collection.stood)
        self._counter_flush = CounterFlush(context)

    def should_continue(self) -> bool:
        """Return whether there is time left."""
        return self._context.clock.now() < self._ends_at

    def step(self) -> str:
        """Note how far it is, then do some of what is owed; return the phase."""
        context = self._context
        phase, left = self._find_phase()
        self.count(left if phase in (FETCHING, DONE) else None)
        note = None
        if phase == DONE and left:
            note = f"Logs that are not there yet come by themselves: {left:,}."
        save_collection(context.store, self.collection, phase, now=context.clock.now(), note=note)
        if phase in (LOOKING, COLLECTING):
            if (
                poll_due_repositories(
                    context, should_continue=self.should_continue, only=self._only
                )
                == 0
            ):
                context.clock.sleep(1.0)  # another process holds it, or it waits after a failure
        elif phase == FETCHING:
            self._ingest()
        return phase

    def count(self, waiting: int | None = None) -> None:
        """Add what was done to the collection's counts, and its traffic to everybody's."""
        read = self._context.counters.read
        counts = {name: self._before.get(name, 0) + read(name) for name in _COUNTED}
        if waiting is not None:
            counts["logs_waiting"] = waiting
        self.collection = replace(self.collection, counts=counts, stood=dict(self._stood))
        self._counter_flush.tell()

    def _find_phase(self) -> tuple[str, int]:
        """Find what is owed, and how much of it; what does not move is owed no longer."""
        store = self._context.store
        unpolled = sum(
            not _is_polled(each, self.collection) for each in _wanted(store, self.collection)
        )
        if unpolled and self._moves(LOOKING, unpolled):
            return LOOKING, unpolled
        unread = store.count_ledger(self.collection.only).unread_attempts
        if unread and self._moves(COLLECTING, unread):
            return COLLECTING, unread
        pending = store.count_ledger(self.collection.only).logs_pending
        if pending and self._moves(FETCHING, pending):
            return FETCHING, pending
        return DONE, pending

    def _moves(self, phase: str, left: int) -> bool:
        """Return whether a phase has less left than PATIENCE ago, over any number of rounds."""
        now = self._context.clock.now()
        before, since = self._stood.get(phase, [None, ""])
        if before != left:
            since = now.isoformat()
            self._stood[phase] = [left, since]
        return now - datetime.fromisoformat(since) < PATIENCE

    def _ingest(self) -> None:
        try:
            seconds_left = (self._ends_at - self._context.clock.now()).total_seconds()
            ingest_due_logs(self._context, wait_seconds=2, max_seconds=seconds_left)
        except RateLimited as limit:
            pause = (limit.retry_at - self._context.clock.now()).total_seconds()
            self._context.clock.sleep(min(max(pause, 1.0), 5.0))


def _wanted(store: RepositoryStore, collection: Collection) -> list[RepositoryRecord]:
    if collection.only is not None:
        record = store.load_repository(collection.only)
        return [] if record is None else [record]
    return [each for each in store.list_repositories() if not each.paused]


def _is_polled(record: RepositoryRecord, collection: Collection) -> bool:
    """Return whether it was polled since, or failed since: then its error explains it."""
    began, polled_at, next_at = collection.started_at, record.last_polled_at, record.next_poll_at
    if polled_at is not None and polled_at >= began:
        return True
    return record.last_error is not None and next_at is not None and next_at > began
