"""The context of a call: settings, state and time, opened on first use."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ..bootstrap.collector import Collector, open_collector
from ..bootstrap.github import open_github, open_log_reader
from ..bootstrap.state_stores import open_data_tables_state, read_anvil_settings
from ..domain.counters import Counters
from ..domain.ledger import ActivityRecord
from ..errors import StateUnavailable
from ..ports import ActionsApi, Clock, StateStore
from ..services.log_ingestion.read_log import LogReader
from ..settings import Settings
from .roles import Role

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RequestContext:
    """The context of one call. Each part is opened at most once, on first use."""

    actor: str = "Runstream"
    role: Role = Role.VIEWER

    @cached_property
    def settings(self) -> Settings:
        """Read the settings. Raises BadSettings."""
        return read_anvil_settings()

    @cached_property
    def state(self) -> StateStore:
        """Open the Data Tables. Raises StateUnavailable."""
        return open_data_tables_state()

    @cached_property
    def clock(self) -> Clock:
        """Return the machine's clock."""
        from ..adapters.system_clock import SystemClock

        return SystemClock(threading.Event())

    @property
    def now(self) -> datetime:
        """Return the current time."""
        return self.clock.now()

    def open_github(self) -> ActionsApi:
        """Open a client for GitHub. Raises BadCredentials or BadSettings."""
        return open_github(self.settings, clock=self.clock, counters=Counters())

    def open_log_reader(self) -> LogReader:
        """Open a reader of single logs. Raises BadCredentials or BadSettings."""
        return open_log_reader(self.settings, state=self.state, clock=self.clock)

    def open_collector(self, *, checks_bucket: bool, counters: Counters | None = None) -> Collector:
        """Open a collector on this state; ``checks_bucket`` where it publishes logs."""
        return open_collector(
            self.settings,
            state=self.state,
            clock=self.clock,
            checks_bucket=checks_bucket,
            counters=counters,
        )

    def record_activity(self, action: str, *, repository: str | None = None) -> None:
        """Add what this call did to the audit trail.

        An error is only logged: what was done, such as a new password, must not seem to fail.
        """
        record = ActivityRecord(
            occurred_at=self.now, actor=self.actor, repository=repository, action=action
        )
        try:
            self.state.add_activity(record)
        except StateUnavailable:
            logger.exception("an activity was not recorded", extra={"action": action})
