"""How many repositories one token carries: an hour of a fleet, second by second of a stepped clock.

Every repository has days of history and 4 new runs an hour, some of them run again. The first hour
pays for first sights: the list, the open runs, the sweep of past days; the second is like any
later one. A gap is what passes between two polls of a repository while one of its runs is open.
Then half as many repositories live an hour, and one beside others whose past alone takes more
requests than the hour has. A log is waited for from its attempt's end, which is seen by a poll.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from standalone.sandbox.settings import Settings, TokenSpec
from standalone.sandbox.simulation import simulated_world
from standalone.sandbox.world import World as SandboxWorld
from tests.bench.report import Row
from tests.bench.watching import RunRequests, Watch
from tests.support.world import Stage

RUNS_PER_HOUR = 4
HISTORY_DAYS = 2
POLL_SECONDS = 30
START = 1_900_000_000 // 3600 * 3600
HOURLY_LIMIT = 5000


def measure(*, quick: bool) -> Iterator[Row]:
    """Measure 250 repositories and 125 beside a backfill, or a tenth with a tenth of the limit."""
    repositories = 25 if quick else 250
    limit = HOURLY_LIMIT * repositories // 250
    yield from _hours(repositories, limit, ("first hour", "second hour"))
    added = repositories // 8
    hours = ("first hour", f"second hour, backfill of {added} others")
    yield from _hours(repositories // 2, limit, hours, added=added)


def _hours(repositories: int, limit: int, hours: Sequence[str], *, added: int = 0) -> Iterator[Row]:
    """Measure some hours; before the last, repositories are added with all of their past."""
    stage = Stage(
        _Fleet(repositories + added),  # type: ignore[arg-type]
        settings=Settings(tokens=(TokenSpec(limit=limit),), threads=16),
        log_mode="economy",
        poll_seconds=POLL_SECONDS,
    )
    names = [plan.spec.full_name for plan in stage.server.world.repositories]
    try:
        for name in names[:repositories]:
            stage.watch(name, days=0)
        polls = _Polls(stage, names[:repositories])
        watch = Watch(stage)
        for hour in hours:
            if hour == hours[-1]:
                for name in names[repositories:]:
                    stage.watch(name, days=HISTORY_DAYS)
            yield from _hour(stage, watch, polls, f"{repositories} repositories, {hour}", limit)
    finally:
        stage.close()


class _Fleet:
    """A builder of a simulated world."""

    start = START

    def __init__(self, repositories: int) -> None:
        self._repositories = repositories

    def build(self) -> SandboxWorld:
        """Return the world."""
        return simulated_world(
            seed=1,
            start=START,
            repositories=self._repositories,
            runs_per_hour=RUNS_PER_HOUR,
            history_days=HISTORY_DAYS,
        )


class _Polls(RunRequests):
    """Also note when each of some repositories was polled, and the worst stretch."""

    def __init__(self, stage: Stage, names: Sequence[str]) -> None:
        super().__init__(stage)
        self.names = names
        self.count = 0
        self.gaps: list[float] = []
        self.interval_factor = 1.0
        self._last: dict[str, float] = {}

    def _fetch_runs(self, repository: str, query: Any, validator: str | None = None) -> Any:
        is_poll = query.page == 1 and query.status is None and query.created is None
        if is_poll and repository in self.names:
            self._note(repository)
        return super()._fetch_runs(repository, query, validator)

    def note_waiting(self) -> None:
        """Note a gap for each repository that waits for a poll now."""
        now = self._stage.server.clock.now()
        for repository, last in self._last.items():
            if self._stage.state.load_next_check_at(repository) is not None:
                self.gaps.append(now - last)

    def _note(self, repository: str) -> None:
        self.count += 1
        now = self._stage.server.clock.now()
        is_open = self._stage.state.load_next_check_at(repository) is not None
        if is_open and repository in self._last:
            self.gaps.append(now - self._last[repository])
        self._last[repository] = now
        self.interval_factor = max(
            self.interval_factor, self._stage.context.github.hour_interval_factor(repository)
        )


def _hour(stage: Stage, watch: Watch, polls: _Polls, case: str, limit: int) -> Iterator[Row]:
    polls.gaps.clear()
    polls.charged.clear()
    polls.count, polls.interval_factor = 0, 1.0
    before, published = _charged(stage), _ended_runs(stage)
    began = stage.clock.now()
    watch.run(3600)
    polls.note_waiting()
    after = _charged(stage)
    spent = {kind: after[kind] - before.get(kind, 0) for kind in after}
    total = sum(count for kind, count in spent.items() if kind != "graphql")
    ended = _ended_runs(stage) - published
    parts = [f"{kind} {count}" for kind, count in sorted(spent.items()) if count]
    parts += [f"of it {name} {polls.charged[name]}" for name in ("hints", "sweep")]
    yield Row(
        "token",
        f"{case}: charged",
        str(total),
        f"{limit}",
        f"{ended} attempts ended, {total / max(ended, 1):.2f} each: {', '.join(parts)}",
    )
    gaps = sorted(polls.gaps) or [0.0]
    refused = stage.server.stats()["violations"]
    yield Row(
        "token",
        f"{case}: longest gap between polls of an active repository",
        f"{gaps[-1]:.0f} s",
        f"{2 * POLL_SECONDS} s",
        f"p99 {gaps[int(len(gaps) * 0.99)]:.0f} s, median {gaps[len(gaps) // 2]:.0f} s of "
        f"{polls.count} polls; largest factor {polls.interval_factor:.2f}; {refused} sent limited",
    )
    waits = sorted(_log_waits(stage, polls.names, began)) or [0.0]
    yield Row(
        "token",
        f"{case}: longest wait for the logs of an ended attempt",
        f"{waits[-1]:.0f} s",
        "",
        f"p99 {waits[int(len(waits) * 0.99)]:.0f} s, median {waits[len(waits) // 2]:.0f} s of "
        f"{len(waits)} attempts; what has not come waits until the end of the hour",
    )


def _log_waits(stage: Stage, names: Sequence[str], began: datetime) -> Iterator[float]:
    """Yield how long after its end the last log came of each attempt that ended since then."""
    came = {
        each["data"]["job_id"]: datetime.fromisoformat(each["timestamp"].replace("Z", "+00:00"))
        for each in stage.logs()
    }
    now = stage.clock.now()
    for attempt in stage.server.truth(with_logs=False):
        ended = datetime.fromisoformat(attempt["updated_at"].replace("Z", "+00:00"))
        jobs = [job["job_id"] for job in attempt["jobs"] if job["log"] == "available"]
        is_wanted = attempt["repo"] in names and attempt["status"] == "completed"
        if jobs and is_wanted and ended >= began:
            yield (max(came.get(job, now) for job in jobs) - ended).total_seconds()


def _charged(stage: Stage) -> dict[str, int]:
    endpoints = stage.server.stats()["endpoints"]
    return {kind: counts["charged"] for kind, counts in endpoints.items()}


def _ended_runs(stage: Stage) -> int:
    messages = stage.queues.metrics.accepted()
    return sum(message.attributes["event_type"] == "workflow_run_completed" for message in messages)
