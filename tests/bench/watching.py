"""A collector in the sandbox's time: it polls when it would, and nobody waits for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ingest.errors import RateLimited
from ingest.services.log_ingestion.ingest_logs import ingest_due_logs

from tests.support.world import Stage


class Watch:
    """Run both agents of a stage, second by second of the sandbox's clock."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._logs_wait_until = stage.clock.now()

    def run(self, seconds: float, *, each_second: Callable[[], object] = lambda: None) -> None:
        """Let so many seconds pass; whatever is due in a second is done in it."""
        end = self.stage.server.clock.now() + seconds
        while self.stage.server.clock.now() < end:
            self._work()
            each_second()
            self.stage.advance(1)

    def _work(self) -> None:
        world = self.stage.context
        self.stage.poll_due()
        while self._logs_wait_until <= world.clock.now():
            try:
                if not ingest_due_logs(world, wait_seconds=0):
                    return
            except RateLimited as limit:
                self._logs_wait_until = limit.retry_at


class RunRequests:
    """Count what the requests for runs cost, by what they are asked for."""

    def __init__(self, stage: Stage) -> None:
        self.charged: Counter[str] = Counter()
        self._stage = stage
        self._fetch = stage.context.github.fetch_runs
        stage.context.github.fetch_runs = self._fetch_runs

    def _fetch_runs(self, repository: str, query: Any, validator: str | None = None) -> Any:
        before = self._stage.counters.snapshot().get("github_requests.charged", 0)
        try:
            return self._fetch(repository, query, validator)
        finally:
            after = self._stage.counters.snapshot().get("github_requests.charged", 0)
            self.charged[_kind(query)] += after - before


def _kind(query: Any) -> str:
    if query.status is not None:
        return "hints"
    return "sweep" if query.created is not None else "list"
