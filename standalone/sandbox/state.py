"""What all parts of a running sandbox share."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .body_cache import BodyCache
from .clock import SandboxClock
from .deliveries import Deliveries, Delivery
from .faults import Fault, Faults
from .identities import Tokens
from .limits import Limiter
from .logs import log_state
from .registrations import PendingApp
from .repository import Repository
from .settings import Settings
from .specs import HookSpec, JobSpec
from .statistics import Statistics
from .times import Timestamp, iso, parse_time
from .world import World


@dataclass(slots=True, kw_only=True)
class State:
    """One sandbox: its world, its time, and what it remembers of its clients."""

    world: World
    clock: SandboxClock
    settings: Settings
    statistics: Statistics
    limiter: Limiter
    faults: Faults
    tokens: Tokens
    cache: BodyCache
    deliveries: Deliveries
    registrations: dict[str, PendingApp] = field(default_factory=dict)
    setup_url: str | None = None
    blob_url: str = ""
    closed_port_url: str = "http://127.0.0.1:9"
    redeliver: Callable[[HookSpec, Delivery], None] = lambda _hook, _delivery: None
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def log_state(self, repository: Repository, job: JobSpec, now: Timestamp) -> str:
        """Return whether a job's log exists by now."""
        return log_state(
            job,
            now,
            delay=self.settings.log_delay,
            retention_days=repository.spec.retention_days,
        )

    def next_fault(self, path: str, page_size: int = 30, query: str = "") -> Fault | None:
        """Return the fault that strikes a request, counted; a slow one has waited already."""
        fault = self.faults.select(path, page_size, query)
        if fault is not None:
            self.statistics.count(f"faults.{fault.do}")
            if fault.do == "slow":
                time.sleep(fault.seconds)
        return fault

    def signed_query(self, path: str, now: Timestamp) -> str:
        """Return the query with which the logs' host serves a path for `log_url_seconds`."""
        expires = iso(now + self.settings.log_url_seconds)
        return (
            f"sp=r&sv=2025-11-05&se={expires.replace(':', '%3A')}&sig={self._sign(path, expires)}"
        )

    def accepts_signature(self, path: str, expires: str, signature: str, now: Timestamp) -> bool:
        """Return whether a signed query is still valid for a path."""
        if not hmac.compare_digest(self._sign(path, expires), signature):
            return False
        # the address is written in whole seconds, and good through its last
        return now < parse_time(expires) + 1

    def _sign(self, path: str, expires: str) -> str:
        return hmac.new(self.secret, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()


def new_state(world: World, clock: SandboxClock, settings: Settings) -> State:
    """Build a sandbox's state."""
    return State(
        world=world,
        clock=clock,
        settings=settings,
        statistics=Statistics(),
        limiter=Limiter(settings.limits),
        faults=Faults(settings.faults, seed=world.seed),
        tokens=Tokens(settings.tokens, settings.limits),
        cache=BodyCache(settings.cache_bytes),
        deliveries=Deliveries(),
    )
