"""Both agents as threads of one process, without Anvil."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from ingest.bootstrap import Collector, free_dead_leases
from ingest.domain.ledger import new_repository
from ingest.errors import IngestError, RateLimited
from ingest.services.ingest_logs import ingest_due_logs
from ingest.services.poll_runs import poll_due_repositories
from ingest.services.tick import is_paused
from ingest.services.world import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT, World

from .progress import Progress, look
from .signs_of_life import HEARTBEAT_SECONDS, keep_alive

logger = logging.getLogger(__name__)

#: Repositories polled side by side; each also sends its own requests side by side.
MONITORING_THREADS = 2
LOG_THREADS = 2

#: How often an idle agent looks for due work, and progress is told.
IDLE_SECONDS = 0.5

#: How often an agent asks whether people want it to rest.
ASK_WISH_SECONDS = 3.0

#: How long an agent pauses after an error that no service expects, such as a lost database.
TROUBLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Say with how many threads the agents work, and how often idle ones ask the state."""

    monitoring_threads: int = MONITORING_THREADS
    log_threads: int = LOG_THREADS
    idle_seconds: float = IDLE_SECONDS
    ask_wish_seconds: float = ASK_WISH_SECONDS
    heartbeat_seconds: float = HEARTBEAT_SECONDS


BESIDE_THE_STATE = Pace()


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
    days = world.collecting.backfill_days
    for name in repositories:
        world.store.add_repository(new_repository(name, backfill_days=days, now=now))
    free_dead_leases(world.store, now=now)


@contextmanager
def agent_threads(
    world: World,
    only: list[str] | None,
    stop: threading.Event,
    pace: Pace = BESIDE_THE_STATE,
) -> Iterator[None]:
    """Run both agents' threads until ``stop`` is set or the block ends; then wait for them."""
    ended = threading.Event()

    def may_go_on() -> bool:
        return not (stop.is_set() or ended.is_set())

    def poll(may_go_on: Callable[[], bool]) -> None:
        if not poll_due_repositories(world, may_go_on=may_go_on, only=only):
            world.clock.sleep(pace.idle_seconds)

    def ingest(_: Callable[[], bool]) -> None:
        ingest_due_logs(world, wait_seconds=2)

    loops = [
        *(
            Loop(PIPELINE_MONITORING_AGENT, world, poll, pace)
            for _ in range(pace.monitoring_threads)
        ),
        *(Loop(LOG_INGESTION_AGENT, world, ingest, pace) for _ in range(pace.log_threads)),
    ]
    signs = partial(keep_alive, world, loops, heartbeat_seconds=pace.heartbeat_seconds)
    threads = [threading.Thread(target=loop.run, args=(may_go_on,)) for loop in loops]
    threads.append(threading.Thread(target=partial(signs, may_go_on=may_go_on)))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


class Loop:
    """Do one agent's work again and again; the outermost place where errors end.

    ``turned_at`` tells by the monotonic clock when the loop, or the work in it, last came round.
    """

    def __init__(
        self,
        agent: str,
        world: World,
        work: Callable[[Callable[[], bool]], None],
        pace: Pace = BESIDE_THE_STATE,
    ) -> None:
        self.agent = agent
        self.state = "running"
        self.note: str | None = None
        self.turned_at = time.monotonic()
        self._world = world
        self._work = work
        self._pace = pace
        self._ask_wish_at = time.monotonic()
        self._rests = False

    def run(self, may_go_on: Callable[[], bool]) -> None:
        """Work until told otherwise."""

        def turn() -> bool:
            self.turned_at = time.monotonic()
            return may_go_on()

        self._run(turn)

    def _run(self, may_go_on: Callable[[], bool]) -> None:
        while may_go_on():
            try:
                if self._is_unwanted():
                    self.state, self.note = "paused", None
                    self._world.clock.sleep(IDLE_SECONDS)
                    continue
                self._work(may_go_on)
                self.state, self.note = "running", None
            except RateLimited as error:
                self._pause("limited", str(error), until=error.retry_at, may_go_on=may_go_on)
            except IngestError as error:
                self._trouble(error, may_go_on)
            except Exception as error:
                logger.exception("agent failed", extra={"agent": self.agent})
                self._trouble(error, may_go_on)

    def _is_unwanted(self) -> bool:
        """Tell whether people want the agent to rest, as they said a few seconds ago at most."""
        if time.monotonic() >= self._ask_wish_at:
            self._ask_wish_at = time.monotonic() + self._pace.ask_wish_seconds
            self._rests = is_paused(self._world.store, self.agent)
        return self._rests

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
