"""The state that all parts of a running sandbox share."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

from ..byte_cache import ByteCache
from .answers import Answer
from .clock import SandboxClock
from .deliveries import Deliveries
from .faults import NO_FAULT, Fault, Faults
from .identities import Tokens
from .limits import Limiter
from .registrations import PendingApp
from .settings import Settings
from .statistics import Statistics
from .times import MINUTE, UnixSeconds, iso, parse_time
from .world import World

CACHE_BYTES = 64 * 2**20


class State:
    """One sandbox: its world, clock and settings, and everything that requests change.

    `closed_port_url`: nothing listens there, for faults. `registrations`: by their code.
    `setup_url`: where the last App's installation redirects to.
    """

    log_host_url: str
    closed_port_url: str

    def __init__(self, world: World, clock: SandboxClock, settings: Settings) -> None:
        self.world = world
        self.clock = clock
        self.settings = settings
        self.statistics = Statistics()
        self.limiter = Limiter(settings.limits)
        self.faults = Faults(settings.faults, seed=world.seed)
        self.tokens = Tokens(settings.tokens)
        self.cache = ByteCache[Answer](CACHE_BYTES, lambda each: len(each.body))
        self.deliveries = Deliveries()
        self.registrations: dict[str, PendingApp] = {}
        self.setup_url: str | None = None
        self._secret = secrets.token_bytes(16)

    def next_fault(self, path: str, page_size: int = 30, query: str = "") -> Fault:
        """Select and count the fault of a request; if it is `slow`, wait before returning it."""
        fault = self.faults.select(path, page_size, query)
        if fault is not NO_FAULT:
            self.statistics.count_event(f"faults.{fault.do}")
        if fault.do == "slow":
            time.sleep(fault.seconds)
        return fault

    def signed_query(self, path: str, now: UnixSeconds) -> str:
        """Return a query with which the logs' host serves a path; it is valid for a minute."""
        expires = iso(now + MINUTE)
        return (
            f"sp=r&sv=2025-11-05&se={expires.replace(':', '%3A')}&sig={self._sign(path, expires)}"
        )

    def accepts_signature(self, path: str, expires: str, signature: str, now: UnixSeconds) -> bool:
        """Return whether a signed query is still valid for a path."""
        if not hmac.compare_digest(self._sign(path, expires), signature):
            return False
        # `expires` is in whole seconds, and the query is valid until the end of that second
        return now < parse_time(expires) + 1

    def _sign(self, path: str, expires: str) -> str:
        return hmac.new(self._secret, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()
