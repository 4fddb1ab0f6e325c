"""The loop of an agent: its work, its pauses, and the state that its heartbeats report.

A process runs it in threads until it is stopped. A task, which Anvil may kill at any moment, runs
it in slices of bounded time, each of which continues where the last one ended or was killed.
Leases and the queue distribute polls and logs, so that no work is done twice at the same time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ...domain.agent_states import AgentState
from ...domain.backoff import backoff
from ...domain.due import is_still_ahead
from ...domain.ledger import DESIRED_PAUSED
from ...errors import IngestError, OutOfMemory, RateLimited, StateBusy, is_out_of_memory
from ..context import CollectorContext
from ..time_limits import IDLE_SECONDS, sleep_until

logger = logging.getLogger(__name__)

#: How often an agent checks whether it is paused.
PAUSE_CHECK_SECONDS = 2.0

#: The pause of an agent after an error that no service handles, such as a lost database.
FAILURE_PAUSE = timedelta(seconds=5)
LONGEST_FAILURE_PAUSE = timedelta(seconds=30)

ShouldContinue = Callable[[], bool]

#: One turn of an agent's work; returns False if nothing more will be due before its slice ends.
Work = Callable[[ShouldContinue], bool | None]


class AgentLoop:
    """One loop of an agent, which reports every error of its work and continues.

    ``state`` and ``note`` are what heartbeats report. ``last_turn_at`` is the monotonic time at
    which the loop, or the work in it, last checked whether to continue.
    """

    def __init__(
        self,
        agent: str,
        context: CollectorContext,
        work: Work,
        desired_states: DesiredStates | None = None,
    ) -> None:
        self.agent = agent
        self.state = AgentState.RUNNING
        self.note: str | None = None
        self.last_turn_at = time.monotonic()
        self._context = context
        self._work = work
        self._desired_states = desired_states or DesiredStates(context)
        self._failures = 0
        self._reported_error: str | None = None

    def run(self, should_continue: ShouldContinue) -> None:
        """Work until ``should_continue`` returns False; wait while the agent is paused.

        Raises OutOfMemory and MemoryError, because only a new process gets memory again.
        """

        def continues() -> bool:
            self.last_turn_at = time.monotonic()
            return should_continue()

        while continues():
            try:
                if self._desired_states.is_paused(self.agent):
                    self.state, self.note = AgentState.PAUSED, None
                    self._context.clock.sleep(IDLE_SECONDS)
                    continue
                if self._failures:
                    # If results cannot be saved, the same work is received until it becomes a dead
                    # letter.
                    self._context.store.check_writable(now=self._context.clock.now())
                self._work_once(continues)
                if self.state is AgentState.RUNNING:
                    self._failures, self._reported_error = 0, None
            except OutOfMemory:
                raise
            except IngestError as error:
                self._pause_after(error, continues)
            except Exception as error:
                if is_out_of_memory(error):
                    raise
                logger.exception("agent failed", extra={"agent": self.agent})
                self._pause_after(error, continues)

    def run_slice(self, *, seconds: float, on_turn: Callable[[datetime], None]) -> None:
        """Work for ``seconds``; end early if paused, or if nothing is left to wait for.

        ``on_turn`` is called whenever the loop or its work checks whether to continue. At the
        end the state is idle, paused, or limited by GitHub. Raises what the work raises, except
        for RateLimited.
        """
        ends_at = self._context.clock.now() + timedelta(seconds=seconds)

        def continues() -> bool:
            now = self._context.clock.now()
            if self._desired_states.is_paused(self.agent) or now >= ends_at:
                return False
            on_turn(now)
            return True

        while continues() and self._work_once(continues, ends_at):
            pass
        if self._desired_states.is_paused(self.agent):
            self.state, self.note = AgentState.PAUSED, None
        elif self.state is AgentState.RUNNING:
            self.state = AgentState.IDLE

    def _work_once(self, should_continue: ShouldContinue, ends_at: datetime | None = None) -> bool:
        """Work once, or wait for a limit that ends in time; return whether to continue."""
        if self.state is AgentState.PAUSED:
            self.state = AgentState.RUNNING
        try:
            is_more_to_do = self._work(should_continue)
        except RateLimited as limit:
            self.state, self.note = AgentState.LIMITED, str(limit)
            if ends_at is not None and limit.retry_at >= ends_at:
                return False
            sleep_until(limit.retry_at, self._context.clock, should_continue)
            return True
        self.state, self.note = AgentState.RUNNING, None
        return is_more_to_do is not False

    def _pause_after(self, error: Exception, should_continue: ShouldContinue) -> None:
        """Report an error unless it was just reported; pause longer after each failure in a row."""
        text = f"{type(error).__name__}: {error}"
        # A busy database is an error only if the next turn fails as well.
        is_error = self._failures > 0 or not isinstance(error, StateBusy)
        if is_error and text != self._reported_error:
            self._report(text)
        self._failures += 1
        pause = backoff(self._failures, first=FAILURE_PAUSE, maximum=LONGEST_FAILURE_PAUSE)
        self.state, self.note = (AgentState.ERROR if is_error else AgentState.RUNNING), text
        clock = self._context.clock
        sleep_until(clock.now() + pause, clock, should_continue)

    def _report(self, text: str) -> None:
        try:
            remedy = "Run runstream doctor if it does not pass."
            self._context.report_error(self.agent, None, text, remedy)
            self._reported_error = text
        except IngestError:
            # The database does not respond, so the error can only be logged.
            logger.warning("error not kept", extra={"agent": self.agent, "what": text})


class DesiredStates:
    """The desired states of the agents, loaded every few seconds; threads share them."""

    def __init__(
        self, context: CollectorContext, *, every_seconds: float = PAUSE_CHECK_SECONDS
    ) -> None:
        self._context = context
        self._every = timedelta(seconds=every_seconds)
        self._next_at = context.clock.now()
        self._states: Mapping[str, str] = {}

    def is_paused(self, agent: str) -> bool:
        """Return whether an agent is paused. Raises StateUnavailable."""
        now = self._context.clock.now()
        if not is_still_ahead(self._next_at, now, max_plausible=self._every):
            self._states = self._context.store.load_desired_states()
            self._next_at = now + self._every
        return self._states.get(agent) == DESIRED_PAUSED
