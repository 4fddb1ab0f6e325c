"""The one place that chooses adapters and joins them into a collector.

Imports happen inside the functions: a headless process needs no Anvil, and Anvil no psycopg2.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .domain.meter import Meter
from .ports import Clock, LogCache, StateStore
from .services.world import World
from .settings import AwsSettings, Secret, Settings

if TYPE_CHECKING:
    from .adapters.aws import AwsAccess

#: Requests to GitHub that one collector sends side by side; GitHub allows 100 for one token.
GITHUB_THREADS = 8

#: Where a headless collector keeps its state when no DATABASE_URL is set.
DEFAULT_STATE_FILE = "runstream.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Be a collector that is ready to work. ``close`` gives back all it holds."""

    settings: Settings
    world: World
    closers: tuple[Callable[[], object], ...]

    def close(self) -> None:
        """End the worker threads, then give connections back."""
        for close in self.closers:
            close()


def open_headless(settings: Settings, *, stop: threading.Event) -> Collector:
    """Join a collector that needs nothing but its settings; ``stop`` ends its waits.

    Raises QueueMissing, AccessDenied, StateUnavailable, BadCredentials or BadSettings with what
    to do.
    """
    from .adapters.system_clock import SystemClock

    return open_collector(settings, state=open_state(settings), clock=SystemClock(stop))


def open_state(settings: Settings) -> StateStore:
    """Open the state that the settings name: PostgreSQL, or a SQLite file."""
    from .adapters.sql import open_sql_state

    return open_sql_state(settings.database_url or str(Path(DEFAULT_STATE_FILE).resolve()))


def open_collector(settings: Settings, *, state: StateStore, clock: Clock) -> Collector:
    """Join a collector around a state store."""
    from .adapters.aws import open_publisher, open_work_queue, s3_client, sqs_client
    from .adapters.aws.s3 import S3BlobStore
    from .adapters.github import GithubActions, open_token_pool

    meter = Meter()
    access = aws_access(settings.aws)
    sqs = sqs_client(access)
    s3 = None if settings.aws.log_bucket is None else s3_client(access)
    blobs = None if s3 is None else S3BlobStore(s3, settings.aws.log_bucket or "")
    if blobs is not None:
        blobs.check()
    tokens = open_token_pool(settings.github, clock=clock, meter=meter)
    workers = ThreadPoolExecutor(GITHUB_THREADS, thread_name_prefix="github")
    log_workers = ThreadPoolExecutor(GITHUB_THREADS, thread_name_prefix="github-logs")
    world = World(
        source=GithubActions(tokens, meter),
        store=state,
        metrics=open_publisher(sqs, settings.aws.metrics_queue, meter),
        logs=open_publisher(sqs, settings.aws.logs_queue, meter),
        job_events=open_work_queue(sqs, settings.aws.job_events_queue, meter),
        blobs=blobs,
        clock=clock,
        workers=workers,
        log_workers=log_workers,
        meter=meter,
        collecting=settings.collecting,
        holder=process_name(),
        log_cache=log_cache_of(state),
    )
    closers = (
        lambda: workers.shutdown(cancel_futures=True),
        lambda: log_workers.shutdown(cancel_futures=True),
        tokens.close,
        sqs.close,
        *(() if s3 is None else (s3.close,)),
        state.close,
    )
    return Collector(settings=settings, world=world, closers=closers)


def log_cache_of(state: StateStore) -> LogCache | None:
    """Find the cache of logs that lies beside a state; None where that kind of state has none."""
    from .adapters.sql import SqlState

    return state.log_cache if isinstance(state, SqlState) else None


def aws_access(aws: AwsSettings) -> AwsAccess:
    """Say how AWS is reached, as far as the settings say it; boto3 finds the rest."""
    from .adapters.aws import AwsAccess

    return AwsAccess(
        region=aws.region,
        endpoint_url=aws.endpoint_url,
        access_key_id=_reveal(aws.access_key_id),
        secret_access_key=_reveal(aws.secret_access_key),
        session_token=_reveal(aws.session_token),
        max_pool_connections=2 * GITHUB_THREADS,
    )


def process_name() -> str:
    """Name this process in leases and heartbeats: its machine, its process space, its number."""
    return f"{_neighbourhood()}:{os.getpid()}"


def is_dead_neighbour(holder: str) -> bool:
    """Tell whether a holder was a process of this machine that is no more.

    Its leases need not run out first. Of processes elsewhere nothing is known.
    """
    place, _, number = holder.rpartition(":")
    if place != _neighbourhood() or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _neighbourhood() -> str:
    """Name where process numbers mean the same: containers may share a host's name."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        space = "pid"
    return f"{socket.gethostname()}:{space}"


def _reveal(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()
