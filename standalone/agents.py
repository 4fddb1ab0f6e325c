"""Both agents as threads of one process, without Anvil."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from ingest.bootstrap import Collector, is_dead_neighbour
from ingest.domain.ledger import AgentRecord, RepositoryRecord
from ingest.domain.timestamps import format_timestamp
from ingest.errors import IngestError, RateLimited
from ingest.ports import Budget
from ingest.services.ingest_logs import ingest_due_logs, order_lost_logs
from ingest.services.poll_runs import poll_due_repositories
from ingest.services.world import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT, World

from .progress import Progress, look

logger = logging.getLogger(__name__)

#: Repositories polled side by side; each also sends its own requests side by side.
MONITORING_THREADS = 2
LOG_THREADS = 2

#: How often an idle agent looks for due work, how often progress is told, and a sign of life given.
IDLE_SECONDS = 0.5
HEARTBEAT_SECONDS = 5.0

#: How long an agent pauses after an error that no service expects, such as a lost database.
TROUBLE_SECONDS = 5.0

ORDER_LOST_LOGS_SECONDS = 600.0


def run_agents(
    collector: Collector,
    repositories: Sequence[str],
    *,
    stop: threading.Event,
    on_progress: Callable[[Progress], None],
) -> None:
    """Watch the repositories (all known ones where none is named) until ``stop`` is set.

    Ends after the message in hand. Errors of a repository or a log end in the errors list.
    """
    watch(collector, repositories)
    started = time.monotonic()
    with agent_threads(collector.world, list(repositories) or None, stop):
        while not stop.wait(IDLE_SECONDS):
            on_progress(look(collector, seconds=time.monotonic() - started))


def watch(collector: Collector, repositories: Sequence[str]) -> None:
    """Add repositories to the state, and free those whose holder on this machine has died."""
    world, now = collector.world, collector.world.clock.now()
    since = now - timedelta(days=world.collecting.backfill_days)
    for name in repositories:
        world.store.add_repository(
            RepositoryRecord(full_name=name, added_at=now, watched_since=since, next_poll_at=now)
        )
    for record in world.store.list_repositories():
        holder = record.lease_holder
        if holder is not None and is_dead_neighbour(holder):
            world.store.release_repository(record, holder=holder, next_poll_at=now)


@contextmanager
def agent_threads(world: World, only: list[str] | None, stop: threading.Event) -> Iterator[None]:
    """Run both agents' threads until ``stop`` is set or the block ends; then wait for them."""
    ended = threading.Event()

    def may_go_on() -> bool:
        return not (stop.is_set() or ended.is_set())

    def poll() -> None:
        if not poll_due_repositories(world, may_go_on=may_go_on, only=only):
            world.clock.sleep(IDLE_SECONDS)

    def ingest() -> None:
        ingest_due_logs(world, wait_seconds=2)

    loops = [
        *(Loop(PIPELINE_MONITORING_AGENT, world, poll) for _ in range(MONITORING_THREADS)),
        *(Loop(LOG_INGESTION_AGENT, world, ingest) for _ in range(LOG_THREADS)),
    ]
    threads = [threading.Thread(target=loop.run, args=(may_go_on,)) for loop in loops]
    threads.append(threading.Thread(target=_give_signs_of_life, args=(world, loops, may_go_on)))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


class Loop:
    """Do one agent's work again and again; the outermost place where errors end."""

    def __init__(self, agent: str, world: World, work: Callable[[], None]) -> None:
        self.agent = agent
        self.state = "running"
        self.note: str | None = None
        self._world = world
        self._work = work

    def run(self, may_go_on: Callable[[], bool]) -> None:
        """Work until told otherwise."""
        while may_go_on():
            try:
                self._work()
                self.state, self.note = "running", None
            except RateLimited as error:
                self._pause("limited", str(error), until=error.retry_at, may_go_on=may_go_on)
            except IngestError as error:
                self._trouble(error, may_go_on)
            except Exception as error:
                logger.exception("agent failed", extra={"agent": self.agent})
                self._trouble(error, may_go_on)

    def _trouble(self, error: Exception, may_go_on: Callable[[], bool]) -> None:
        what = f"{type(error).__name__}: {error}"
        try:
            remedy = "Run python -m standalone doctor if it does not pass."
            self._world.report_error(self.agent, None, what, remedy)
        except IngestError:
            # The state store itself is what is out of reach; the log is what is left.
            logger.warning("error not kept", extra={"agent": self.agent, "what": what})
        until = self._world.clock.now() + timedelta(seconds=TROUBLE_SECONDS)
        self._pause("in trouble", what, until=until, may_go_on=may_go_on)

    def _pause(
        self, state: str, note: str, *, until: datetime, may_go_on: Callable[[], bool]
    ) -> None:
        self.state, self.note = state, note
        while may_go_on() and self._world.clock.now() < until:
            self._world.clock.sleep(IDLE_SECONDS)


def _give_signs_of_life(world: World, loops: Sequence[Loop], may_go_on: Callable[[], bool]) -> None:
    """Save both agents' heartbeats, and order logs again whose news was lost."""
    started_at = world.clock.now()
    next_beat = next_order = 0.0
    while may_go_on():
        if time.monotonic() >= next_beat:
            next_beat = time.monotonic() + HEARTBEAT_SECONDS
            _save_heartbeats(world, loops, started_at)
        if time.monotonic() >= next_order:
            next_order = time.monotonic() + ORDER_LOST_LOGS_SECONDS
            _log_trouble(lambda: order_lost_logs(world))
        world.clock.sleep(IDLE_SECONDS)
    _save_heartbeats(world, [], started_at)


def _save_heartbeats(world: World, loops: Sequence[Loop], started_at: datetime) -> None:
    for agent in (PIPELINE_MONITORING_AGENT, LOG_INGESTION_AGENT):
        own = [loop for loop in loops if loop.agent == agent]
        record = _heartbeat(world, agent, own, started_at)
        _log_trouble(partial(world.store.save_agent, record))


def _heartbeat(
    world: World, agent: str, loops: Sequence[Loop], started_at: datetime
) -> AgentRecord:
    """Say how an agent is; of its threads the one in trouble speaks for all."""
    budget = world.source.budget()
    worst = next((loop for loop in loops if loop.note), loops[0] if loops else None)
    return AgentRecord(
        name=agent,
        holder=world.holder,
        state=worst.state if worst else "stopped",
        heartbeat_at=world.clock.now(),
        started_at=started_at,
        counts=world.meter.snapshot(),
        rate_limit={
            "limit": budget.limit,
            "remaining": budget.remaining,
            "reset_at": format_timestamp(budget.reset_at),
        },
        note=(worst.note if worst else None) or _stretched(agent, budget),
    )


def _stretched(agent: str, budget: Budget) -> str | None:
    """Say that the budget does not last for all; None where it does."""
    if agent != PIPELINE_MONITORING_AGENT or budget.stretch <= 1:
        return None
    return (
        f"GitHub's hourly budget does not last for all repositories: each is polled "
        f"{budget.stretch:.1f} times less often. Give another token, or watch fewer."
    )


def _log_trouble(work: Callable[[], object]) -> None:
    try:
        work()
    except IngestError as error:
        logger.warning("sign of life not given", extra={"reason": str(error)})
