"""Both agents as threads of one process, without Anvil."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from ingest.bootstrap import Collector, free_dead_leases
from ingest.domain.agent_states import AgentState
from ingest.domain.ledger import new_repository
from ingest.errors import IngestError, RateLimited, StateUnavailable
from ingest.services.context import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT, CollectorContext
from ingest.services.ingest_logs import ingest_due_logs
from ingest.services.poll_runs import poll_due_repositories
from ingest.services.tick import is_paused

from .heartbeats import HEARTBEAT_SECONDS, keep_alive
from .progress import Progress, look

logger = logging.getLogger(__name__)

#: Repositories polled in parallel; each also sends its own requests in parallel.
MONITORING_THREADS = 2
LOG_THREADS = 2

#: How often an idle agent checks for due work, and progress is shown.
IDLE_SECONDS = 0.5

#: How often an agent checks whether it is paused.
ASK_WISH_SECONDS = 3.0

#: The pause of an agent after an error that no service handles, such as a lost database.
TROUBLE_SECONDS = 5.0
LONGEST_TROUBLE_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The number of threads of each agent, and how often idle ones read the state."""

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
    with agent_threads(collector.context, list(repositories) or None, stop):
        while not stop.wait(IDLE_SECONDS):
            with suppress(StateUnavailable):  # the agents wait for it, and log why
                on_progress(look(collector, seconds=time.monotonic() - started))


def watch(collector: Collector, repositories: Sequence[str]) -> None:
    """Add repositories to the state, and free those whose holder on this machine has died."""
    context, now = collector.context, collector.context.clock.now()
    days = context.collecting.backfill_days
    for name in repositories:
        context.store.add_repository(new_repository(name, backfill_days=days, now=now))
    free_dead_leases(context.store, now=now)


@contextmanager
def agent_threads(
    context: CollectorContext,
    only: list[str] | None,
    stop: threading.Event,
    pace: Pace = BESIDE_THE_STATE,
) -> Iterator[None]:
    """Run both agents' threads until ``stop`` is set or the block ends; then wait for them."""
    ended = threading.Event()

    def should_continue() -> bool:
        return not (stop.is_set() or ended.is_set())

    def poll(should_continue: Callable[[], bool]) -> None:
        if not poll_due_repositories(context, should_continue=should_continue, only=only):
            context.clock.sleep(pace.idle_seconds)

    def ingest(_: Callable[[], bool]) -> None:
        ingest_due_logs(context, wait_seconds=2)

    loops = [
        *(
            Loop(PIPELINE_MONITORING_AGENT, context, poll, pace)
            for _ in range(pace.monitoring_threads)
        ),
        *(Loop(LOG_INGESTION_AGENT, context, ingest, pace) for _ in range(pace.log_threads)),
    ]
    signs = partial(keep_alive, context, loops, heartbeat_seconds=pace.heartbeat_seconds)
    threads = [threading.Thread(target=loop.run, args=(should_continue,)) for loop in loops]
    threads.append(threading.Thread(target=partial(signs, should_continue=should_continue)))
    started: list[threading.Thread] = []
    try:
        for thread in threads:
            thread.start()
            started.append(thread)
        yield
    finally:
        ended.set()
        for thread in started:
            thread.join()


class Loop:
    """The loop of one thread of an agent; the outermost place where its errors end.

    ``turned_at`` is the monotonic time at which the loop, or the work in it, last came round.
    """

    def __init__(
        self,
        agent: str,
        context: CollectorContext,
        work: Callable[[Callable[[], bool]], None],
        pace: Pace = BESIDE_THE_STATE,
    ) -> None:
        self.agent = agent
        self.state = AgentState.RUNNING
        self.note: str | None = None
        self.turned_at = time.monotonic()
        self._context = context
        self._work = work
        self._pace = pace
        self._ask_wish_at = time.monotonic()
        self._rests = False
        self._failures = 0
        self._reported: str | None = None

    def run(self, should_continue: Callable[[], bool]) -> None:
        """Work until ``should_continue`` returns False."""

        def turn() -> bool:
            self.turned_at = time.monotonic()
            return should_continue()

        self._run(turn)

    def _run(self, should_continue: Callable[[], bool]) -> None:
        while should_continue():
            try:
                if self._is_unwanted():
                    self.state, self.note = AgentState.PAUSED, None
                    self._context.clock.sleep(IDLE_SECONDS)
                    continue
                self._work(should_continue)
                self.state, self.note = AgentState.RUNNING, None
                self._failures, self._reported = 0, None
            except RateLimited as error:
                self._pause(
                    AgentState.LIMITED,
                    str(error),
                    until=error.retry_at,
                    should_continue=should_continue,
                )
            except IngestError as error:
                self._trouble(error, should_continue)
            except Exception as error:
                logger.exception("agent failed", extra={"agent": self.agent})
                self._trouble(error, should_continue)

    def _is_unwanted(self) -> bool:
        """Return whether the agent is paused, as of a few seconds ago at most."""
        if time.monotonic() >= self._ask_wish_at:
            self._ask_wish_at = time.monotonic() + self._pace.ask_wish_seconds
            self._rests = is_paused(self._context.store, self.agent)
        return self._rests

    def _trouble(self, error: Exception, should_continue: Callable[[], bool]) -> None:
        """Report an error once while it lasts, and pause longer after each failure in a row."""
        what = f"{type(error).__name__}: {error}"
        if what != self._reported:
            self._report(what)
        pause = min(TROUBLE_SECONDS * 2**self._failures, LONGEST_TROUBLE_SECONDS)
        self._failures = min(self._failures + 1, 10)
        until = self._context.clock.now() + timedelta(seconds=pause)
        self._pause(AgentState.ERROR, what, until=until, should_continue=should_continue)

    def _report(self, what: str) -> None:
        try:
            remedy = "Run runstream doctor if it does not pass."
            self._context.report_error(self.agent, None, what, remedy)
            self._reported = what
        except IngestError:
            # The state itself does not respond, so the error can only be logged.
            logger.warning("error not kept", extra={"agent": self.agent, "what": what})

    def _pause(
        self, state: AgentState, note: str, *, until: datetime, should_continue: Callable[[], bool]
    ) -> None:
        self.state, self.note = state, note
        while should_continue() and self._context.clock.now() < until:
            self._context.clock.sleep(IDLE_SECONDS)
