"""A collector over a sandbox GitHub: real services and HTTP, the rest in memory, time at will."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ingest.adapters.github import GithubActions, GithubRepositories, open_token_pool
from ingest.adapters.sql import open_sql_state
from ingest.domain.counters import Counters
from ingest.domain.ledger import RepositoryRecord
from ingest.domain.runs import AttemptKey
from ingest.errors import IngestError
from ingest.messaging.encoding import QueueMessage
from ingest.ports import Clock, StateStore
from ingest.services.context import CollectorContext
from ingest.services.log_ingestion.ingest_logs import ingest_due_logs
from ingest.services.log_ingestion.read_log import LogReader
from ingest.services.monitoring.poll_runs import poll_due_repository, poll_repository
from ingest.services.monitoring.poll_session import claim_due_repository
from ingest.services.sources.record_credentials import clear_refusals
from ingest.settings import CollectingSettings, GithubSettings, Secret
from ingest.wire.rate_limiter import RESPONSE_SECONDS_PER_MINUTE

from standalone.sandbox.clock import SandboxClock
from standalone.sandbox.faults import Fault
from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import DEFAULT_TOKEN, Limits, Settings, TokenSpec

from .memory_blobs import MemoryBlobStore
from .memory_queue import MemoryQueue
from .world_builder import FIRST_RUN, WorldBuilder

REPOSITORY = "octo/api"
THREADS = 8

#: Limits that no test meets unless it is about limits.
GENEROUS = Settings(
    tokens=(TokenSpec(limit=10**6, graphql_limit=10**6),),
    limits=Limits(points_per_minute=0, graphql_points_per_minute=0),
    threads=16,
)


class SandboxTime(Clock):
    """The sandbox's time; sleeping lets it pass, so nobody waits.

    Where the sandbox's clock runs by itself, sleeping is as much shorter as that is faster.
    ``ahead_seconds``: by how much a collector's clock is wrong, which a test may change.
    """

    def __init__(self, server: SandboxServer) -> None:
        self._server = server
        self._stop = threading.Event()
        self.sleeps: list[float] = []
        self.ahead_seconds = 0.0

    def now(self) -> datetime:
        """Return the time that the collector's machine shows."""
        return datetime.fromtimestamp(self._server.clock.now() + self.ahead_seconds, timezone.utc)

    def sleep(self, seconds: float) -> None:
        """Let the sandbox's time pass."""
        self.sleeps.append(seconds)
        if self._server.clock.speed:
            self._stop.wait(seconds / self._server.clock.speed)
        else:
            self._server.advance(max(seconds, 0))
            time.sleep(0)  # other threads run, as in any sleep: one may wait for a connection


class Queues:
    """The three queues, which outlive a collector."""

    def __init__(self, clock: Clock, counters: Counters, **options: Any) -> None:
        self.metrics = MemoryQueue("ci_cd_metrics_queue", clock, counters, **options)
        self.logs = MemoryQueue("ci_cd_logs_queue", clock, counters, **options)
        self.job_events = MemoryQueue("ci_cd_job_events_queue", clock, counters)


def log_reader(context: CollectorContext) -> LogReader:
    """Build a reader of single logs from a collector's ports."""
    return LogReader(
        github=context.github,
        store=context.store,
        blobs=context.blobs,
        clock=context.clock,
        counters=context.counters,
        log_cache=context.log_cache,
    )


class Stage:
    """A sandbox with one collector on it; `join` adds another one on the same state."""

    def __init__(
        self,
        builder: WorldBuilder,
        *,
        at: float = 0,
        speed: float = 0,
        settings: Settings = GENEROUS,
        max_message_bytes: int = 1_048_576,
        **collector: Any,
    ) -> None:
        self.start = builder.start
        self.server = SandboxServer(
            builder.build(),
            clock=SandboxClock(builder.start + at, speed=speed),
            settings=settings,
        )
        self.clock = SandboxTime(self.server)
        self.counters = Counters()
        self.state = open_sql_state("sqlite://")
        self.blobs = MemoryBlobStore()
        self.queues = Queues(self.clock, self.counters, max_message_bytes=max_message_bytes)
        self._closers: list[Callable[[], object]] = []
        self.context = self.join(**collector)

    def join(
        self,
        *,
        holder: str = "this",
        tokens: Sequence[str] = (DEFAULT_TOKEN,),
        github: GithubSettings | None = None,
        state: StateStore | None = None,
        with_bucket: bool = False,
        api_url: str | None = None,
        cloudevents_source_root: str | None = None,
        **collecting: Any,
    ) -> CollectorContext:
        """Open a collector on this state and these queues."""
        pool = open_token_pool(
            github
            or GithubSettings(
                api_url=api_url or self.server.url, tokens=tuple(map(Secret, tokens))
            ),
            clock=self.clock,
            counters=self.counters,
        )
        executor = ThreadPoolExecutor(THREADS, thread_name_prefix="github")
        self._closers += [lambda: executor.shutdown(cancel_futures=True), pool.close]
        return CollectorContext(
            github=GithubActions(pool, self.counters),
            repository_api=GithubRepositories(pool),
            store=state or self.state,
            metrics_queue=self.queues.metrics,
            logs_queue=self.queues.logs,
            job_events_queue=self.queues.job_events,
            blobs=self.blobs if with_bucket else None,
            clock=self.clock,
            executor=executor,
            log_executor=executor,
            counters=self.counters,
            settings=CollectingSettings(**collecting),
            worker_id=holder,
            cloudevents_source_root=cloudevents_source_root,
        )

    def close(self) -> None:
        """End the worker threads, then close the connections and the sandbox."""
        for close in self._closers:
            close()
        self.server.close()

    def wait_for_workers(self) -> None:
        """Wait until no worker has a request in flight: time that passes would count as its own."""
        everyone = threading.Barrier(THREADS + 1)
        for _ in range(THREADS):
            self.context.executor.submit(everyone.wait)
        everyone.wait()

    def watch(self, name: str = REPOSITORY, *, days: float = 1) -> None:
        """Watch a repository from `days` ago on."""
        now = self.clock.now()
        record = RepositoryRecord(
            full_name=name,
            added_at=now,
            watched_since=now - timedelta(days=days),
            next_poll_at=now,
        )
        self.state.add_repository(record)

    def use_up_minute(self, share: float, *, context: CollectorContext | None = None) -> None:
        """Use up a share of what each credential's minute has of GitHub's time."""
        now = self.clock.now()
        for client in (context or self.context).github._tokens.clients():  # type: ignore[attr-defined]
            client.rate_limiter.admit("/", resource="core", now=now)
            took_seconds = RESPONSE_SECONDS_PER_MINUTE * share
            client.rate_limiter.release_slot("core", took_seconds=took_seconds, now=now)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.server.advance(seconds)

    def move_to(self, seconds: float) -> None:
        """Let time pass until so many seconds after the world's start."""
        self.server.advance(self.start + seconds - self.server.clock.now())

    def fail(self, *faults: Fault) -> None:
        """Put faults in force in place of the former ones."""
        self.server._state.faults.replace(faults)

    def poll(
        self, name: str = REPOSITORY, *, context: CollectorContext | None = None
    ) -> IngestError | None:
        """Poll a repository now, due or not, as for a person; return what went wrong."""
        context = context or self.context
        clear_refusals(self.state, [name], now=self.clock.now())
        self.state.make_due(name, now=self.clock.now())
        claimed = claim_due_repository(context, only=[name])
        assert claimed, f"{name} is leased to another, paused or not watched"
        return poll_repository(context, claimed, should_continue=lambda: True)

    def poll_due(self, *, context: CollectorContext | None = None) -> None:
        """Poll repositories until none is due."""
        while poll_due_repository(context or self.context, should_continue=lambda: True):
            pass

    def poll_when_due(self, seconds: float, *, every: float = 1) -> None:
        """Poll whatever is due while time passes."""
        for _ in range(round(seconds / every)):
            self.poll_due()
            self.advance(every)

    def poll_for(self, seconds: float, *, every: float = 30, name: str = REPOSITORY) -> None:
        """Poll a repository again and again while time passes; nothing may go wrong."""
        end = self.server.clock.now() + seconds
        while True:
            error = self.poll(name)
            assert error is None, error
            if self.server.clock.now() >= end:
                return
            self.advance(min(every, end - self.server.clock.now()))

    def ingest(
        self, *, rounds: int = 30, every: float = 60, context: CollectorContext | None = None
    ) -> None:
        """Ingest logs until the queue of work is empty."""
        for _ in range(rounds):
            while ingest_due_logs(context or self.context, wait_seconds=0):
                pass
            if not self.queues.job_events.messages():
                return
            self.advance(every)
        raise AssertionError("work is left on the job events queue")

    def record(self, name: str = REPOSITORY) -> RepositoryRecord:
        """Load a repository's record."""
        found = self.state.load_repository(name)
        assert found is not None
        return found

    def change_record(self, **changes: Any) -> None:
        """Change the record of a repository that nobody has leased."""
        holder, now = "the test", self.clock.now()
        self.state.make_due(REPOSITORY, now=now)
        held = self.state.claim_repository(holder=holder, now=now, lease_seconds=9)
        self.state.release_repository(replace(held, **changes), holder=holder, next_poll_at=now)

    def remove_validators(self) -> None:
        """Make the next poll read every list whole."""
        self.change_record(run_lists=replace(self.record().run_lists, validators={}))

    def attempt(self, number: int = 1, *, run: int = 1) -> Any:
        """Load an attempt of the builder's n-th run from the ledger; None if it is not there."""
        key = AttemptKey(REPOSITORY, FIRST_RUN + run, number)
        return self.state.load_attempts(REPOSITORY, [key.run_id]).get(key)

    def metrics(self) -> list[dict[str, Any]]:
        """Read every message of the metrics queue, in order."""
        return parsed(self.queues.metrics.accepted())

    def runs(self) -> list[dict[str, Any]]:
        """Read the messages about runs."""
        return [each for each in self.metrics() if each["event_type"].startswith("workflow_run_")]

    def jobs(self) -> list[dict[str, Any]]:
        """Read the messages about jobs."""
        return [each for each in self.metrics() if each["event_type"].startswith("workflow_job_")]

    def logs(self) -> list[dict[str, Any]]:
        """Read every message of the logs queue, in order."""
        return parsed(self.queues.logs.accepted())

    def kinds(self) -> list[str]:
        """Name the types of all messages on the metrics queue, in order."""
        return [each["event_type"] for each in self.metrics()]

    def errors(self) -> list[str]:
        """List the errors that people see, newest first."""
        return [error.message for error in self.state.list_errors(limit=500)]

    def requests(self, endpoint: str | None = None, column: str = "requests") -> int:
        """Count the requests that the sandbox got, of one endpoint or all."""
        stats = self.server.stats()
        counts = stats if endpoint is None else stats["endpoints"].get(endpoint, {})
        return int(counts.get(column, 0))


def parsed(messages: Sequence[QueueMessage]) -> list[dict[str, Any]]:
    """Parse messages' bodies."""
    return [json.loads(message.body) for message in messages]


def truth_of_runs(stage: Stage) -> set[tuple[Any, ...]]:
    """List every attempt that the sandbox has shown, with its outcome."""
    return {
        (each["run_id"], each["run_attempt"], each["status"], each["conclusion"])
        for each in stage.server.truth(with_logs=False)
    }


def published_runs(stage: Stage) -> set[tuple[Any, ...]]:
    """List what was last said of every attempt."""
    last = {(each["data"]["run_id"], each["data"]["run_attempt"]): each for each in stage.runs()}
    return {
        (*key, each["data"]["status"], each["data"]["conclusion"]) for key, each in last.items()
    }


def truth_of_jobs(stage: Stage) -> set[tuple[Any, ...]]:
    """List every job that the sandbox has shown, with its outcome."""
    return {
        (each["run_id"], each["run_attempt"], job["job_id"], job["status"], job["conclusion"])
        for each in stage.server.truth(with_logs=False)
        for job in each["jobs"]
    }


def published_jobs(stage: Stage) -> set[tuple[Any, ...]]:
    """List what was last said of every job."""
    last = {
        (each["data"]["run_id"], each["data"]["run_attempt"], each["data"]["job_id"]): each["data"]
        for each in stage.jobs()
    }
    return {(*key, data["status"], data["conclusion"]) for key, data in last.items()}


def assert_all_published(stage: Stage) -> None:
    """Compare the last states on the queue with the truth."""
    assert published_runs(stage) == truth_of_runs(stage)
    assert published_jobs(stage) == truth_of_jobs(stage)


def assert_nothing_twice(stage: Stage) -> None:
    """Every message of the metrics queue is there once."""
    counts = Counter(each["event_id"] for each in stage.metrics())
    assert [event_id for event_id, count in counts.items() if count > 1] == []


OpenStage = Callable[..., Stage]


@pytest.fixture
def stage() -> Iterator[OpenStage]:
    """Put a collector on a builder's world, `at` seconds after its start; it watches all of it."""
    opened: list[Stage] = []

    def open_stage(
        builder: WorldBuilder, *, days: float = 1, watches: bool = True, **options: Any
    ) -> Stage:
        opened.append(Stage(builder, **options))
        for repository in builder._repositories if watches else ():
            opened[-1].watch(repository.spec.full_name, days=days)
        return opened[-1]

    yield open_stage
    for each in opened:
        each.close()
