"""Both agents as threads of one process, without Anvil."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from ingest.bootstrap.collector import Collector
from ingest.bootstrap.workers import release_leases_of_dead_processes
from ingest.domain.ledger import new_repository
from ingest.services.agents.agent_loop import (
    PAUSE_CHECK_SECONDS,
    AgentLoop,
    DesiredStates,
    ShouldContinue,
)
from ingest.services.context import (
    AGENTS,
    LOG_INGESTION_AGENT,
    PIPELINE_MONITORING_AGENT,
    CollectorContext,
)
from ingest.services.log_ingestion.ingest_logs import ingest_due_logs
from ingest.services.monitoring.poll_runs import poll_due_repository
from ingest.services.sources.record_credentials import record_refusals_and_limits
from ingest.services.time_limits import IDLE_SECONDS

from .background_tasks import HEARTBEAT_SECONDS, run_background_tasks
from .idle_poll_gate import IdlePollGate

#: Returns the names of the repositories to poll, or None to poll all in the state.
NamesToPoll = Callable[[], Sequence[str] | None]

#: How many repositories are polled in parallel. The requests of each are sent in parallel, too.
MONITORING_THREADS = 2
LOG_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOptions:
    """The number of threads of each agent (0 if it runs elsewhere), and its intervals."""

    monitoring_threads: int = MONITORING_THREADS
    log_threads: int = LOG_THREADS
    idle_seconds: float = IDLE_SECONDS
    pause_check_seconds: float = PAUSE_CHECK_SECONDS
    heartbeat_seconds: float = HEARTBEAT_SECONDS

    @property
    def agent_names(self) -> tuple[str, ...]:
        """Return the names of the agents that run here."""
        threads = (self.monitoring_threads, self.log_threads)
        return tuple(agent for agent, count in zip(AGENTS, threads, strict=True) if count)


DEFAULT_OPTIONS = AgentOptions()


def run_agents(
    collector: Collector,
    names_to_poll: NamesToPoll,
    *,
    stop: threading.Event,
    on_progress: Callable[[], None],
    options: AgentOptions = DEFAULT_OPTIONS,
) -> None:
    """Collect the selected repositories until ``stop`` is set, then finish the work in progress.

    An error of a repository or a log is saved, for ``status`` and the pages; the agents continue.
    """
    release_leases_of_dead_processes(collector.context.store, now=collector.context.clock.now())
    with agent_threads(collector.context, names_to_poll, stop, options):
        while not stop.wait(IDLE_SECONDS):
            on_progress()


def add_repositories(collector: Collector, repositories: Sequence[str]) -> None:
    """Add repositories to the state, from which all processes collect them."""
    context, now = collector.context, collector.context.clock.now()
    days = context.settings.backfill_days
    for name in repositories:
        context.store.add_repository(new_repository(name, backfill_days=days, now=now))


@contextmanager
def agent_threads(
    context: CollectorContext,
    names_to_poll: NamesToPoll,
    stop: threading.Event,
    options: AgentOptions = DEFAULT_OPTIONS,
) -> Iterator[None]:
    """Run both agents' threads until ``stop`` is set or the block ends; then wait for them.

    If a thread fails, it sets ``stop``, and its error is raised at the end of the block: a process
    that lacks one of its threads would look alive, but do only a part of its work.
    """
    ended = threading.Event()
    failures: list[BaseException] = []

    def should_continue() -> bool:
        return not (stop.is_set() or ended.is_set())

    loops = _open_loops(context, names_to_poll, options)
    background = partial(
        run_background_tasks,
        context,
        loops,
        heartbeat_seconds=options.heartbeat_seconds,
        should_continue=should_continue,
    )
    targets = [
        *((loop.agent, partial(loop.run, should_continue)) for loop in loops),
        ("background tasks", background),
    ]
    started: list[threading.Thread] = []
    try:
        for name, target in targets:
            thread = threading.Thread(target=_run, args=(target, failures, stop), name=name)
            thread.start()
            started.append(thread)
        yield
    finally:
        ended.set()
        for thread in started:
            thread.join()
    if failures:
        raise failures[0]


def _run(target: Callable[[], None], failures: list[BaseException], stop: threading.Event) -> None:
    """Run a thread's work; if it fails, add its error to ``failures`` and set ``stop``."""
    try:
        target()
    except BaseException as error:  # noqa: BLE001 - it is raised when all threads have ended
        failures.append(error)
        stop.set()


def _open_loops(
    context: CollectorContext, names_to_poll: NamesToPoll, options: AgentOptions
) -> list[AgentLoop]:
    """Return a loop for each thread; while an agent has no work, only one of its threads polls."""
    poll_gate, log_gate = IdlePollGate(), IdlePollGate()
    desired_states = DesiredStates(context, every_seconds=options.pause_check_seconds)
    pause = partial(context.clock.sleep, options.idle_seconds)

    def poll(should_continue: ShouldContinue) -> None:
        def claim() -> bool:
            claimed = poll_due_repository(
                context,
                should_continue=should_continue,
                only=names_to_poll(),
                on_claimed=poll_gate.open,
            )
            if not claimed:
                pause()
            return claimed

        poll_gate.poll(claim, pause)
        context.probe_github_if_silent()  # outside the gate: it may wait long for GitHub

    def ingest(should_continue: ShouldContinue) -> None:
        def receive() -> int:
            received = ingest_due_logs(
                context,
                wait_seconds=2,
                should_continue=should_continue,
                on_received=log_gate.open,
            )
            record_refusals_and_limits(context)
            return received

        log_gate.poll(receive, pause)

    threads = (
        *[(PIPELINE_MONITORING_AGENT, poll)] * options.monitoring_threads,
        *[(LOG_INGESTION_AGENT, ingest)] * options.log_threads,
    )
    return [AgentLoop(agent, context, work, desired_states) for agent, work in threads]
