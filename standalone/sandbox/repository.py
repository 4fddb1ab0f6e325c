"""A repository with its runs, jobs, commits and pull requests.

A `RunSource` adds more runs to it as time passes.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .specs import (
    AttemptSpec,
    CommitSpec,
    HookSpec,
    JobSpec,
    PullRequestSpec,
    RepositorySpec,
    RunSpec,
)
from .timeline import run_change_times
from .times import UnixSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItems:
    """Runs, commits and pull requests to add to a repository."""

    runs: list[RunSpec] = field(default_factory=list)
    commits: list[CommitSpec] = field(default_factory=list)
    pulls: list[PullRequestSpec] = field(default_factory=list)


#: Returns the items that begin by a time, except those that it has returned before.
RunSource = Callable[[UnixSeconds], NewItems]


@dataclass(frozen=True, slots=True)
class JobInRun:
    """A job with the attempt and the run that it belongs to."""

    run: RunSpec
    attempt: AttemptSpec
    job: JobSpec


class Repository:
    """One repository; its methods return what exists in it at a point in time."""

    def __init__(
        self,
        spec: RepositorySpec,
        new_items: NewItems | None = None,
        *,
        hooks: Iterable[HookSpec] = (),
        source: RunSource | None = None,
    ) -> None:
        self.spec = spec
        self.hooks = list(hooks)
        self.commits: dict[str, CommitSpec] = {}
        self.pulls: dict[int, PullRequestSpec] = {}
        self._source = source
        self._runs: list[RunSpec] = []
        self._created: list[UnixSeconds] = []
        self._changes: list[UnixSeconds] = []
        self._runs_by_id: dict[int, RunSpec] = {}
        self._jobs: dict[int, JobInRun] = {}
        self._lock = threading.RLock()
        if new_items is not None:
            self._add(new_items)

    def plan_until(self, now: UnixSeconds) -> None:
        """Add the runs of the source that begin by now."""
        if self._source is None:
            return
        with self._lock:
            new_items = self._source(now)
            if new_items.runs:
                self._add(new_items)

    def runs(self, now: UnixSeconds) -> list[RunSpec]:
        """Return the runs created by now, newest first."""
        with self._lock:
            count = bisect_right(self._created, now)
            return self._runs[:count][::-1]

    def page_of_runs(self, now: UnixSeconds, start: int, size: int) -> tuple[int, list[RunSpec]]:
        """Return how many runs exist by now, and `size` of them after the `start` newest."""
        with self._lock:
            count = bisect_right(self._created, now)
            high = max(0, count - start)
            return count, self._runs[max(0, high - size) : high][::-1]

    def version(self, now: UnixSeconds) -> int:
        """Return a number that grows with every change of a run object."""
        with self._lock:
            return bisect_right(self._changes, now)

    def run(self, run_id: int, now: UnixSeconds) -> RunSpec | None:
        """Find a run that exists by now."""
        run = self._runs_by_id.get(run_id)
        return run if run is not None and run.created_at <= now else None

    def job(self, job_id: int, now: UnixSeconds) -> JobInRun | None:
        """Find a job that exists by now."""
        found = self._jobs.get(job_id)
        return found if found is not None and found.job.created_at <= now else None

    def _add(self, new_items: NewItems) -> None:
        self.commits.update((commit.sha, commit) for commit in new_items.commits)
        self.pulls.update((pull.number, pull) for pull in new_items.pulls)
        self._runs.extend(new_items.runs)
        self._runs.sort(key=lambda run: (run.created_at, run.id))
        self._created = [run.created_at for run in self._runs]
        for run in new_items.runs:
            self._runs_by_id[run.id] = run
            self._changes.extend(run_change_times(run))
            for attempt in run.attempts:
                self._jobs |= {job.id: JobInRun(run, attempt, job) for job in attempt.jobs}
        self._changes.sort()
