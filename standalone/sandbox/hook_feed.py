"""The events of webhooks: every change of a run or a job, when it happens."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from .payloads.jobs import job_payload
from .payloads.repositories import full_repository
from .payloads.runs import run_payload
from .payloads.users import node_id, simple_user
from .repository import JobInRun, Repository
from .specs import AttemptSpec, JobSpec, Json, RunSpec
from .times import UnixSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class HookEvent:
    """One change that a webhook reports: of `job`, or of the run if there is no `job`."""

    at: UnixSeconds
    action: str
    repository: Repository
    run: RunSpec
    attempt: AttemptSpec
    job: JobSpec | None = None

    @property
    def event(self) -> str:
        """Return the webhook's event."""
        return "workflow_run" if self.job is None else "workflow_job"

    @property
    def key(self) -> str:
        """Return a key that no other change has."""
        subject = self.run.id if self.job is None else self.job.id
        return f"{self.event}:{subject}:{self.attempt.number}:{self.action}"


class HookFeed:
    """The changes of runs and jobs after `start`; each is yielded once, in order of time."""

    def __init__(self, repositories: list[Repository], start: UnixSeconds) -> None:
        self._repositories = repositories
        self._start = start
        self._planned_counts = {item.spec.id: 0 for item in repositories}
        self._waiting: list[tuple[UnixSeconds, int, HookEvent]] = []
        self._order = itertools.count()

    def due(self, now: UnixSeconds) -> Iterator[HookEvent]:
        """Yield what has happened by now and was not yielded before."""
        for repository in self._repositories:
            repository.plan_until(now)
            self._plan_new_runs(repository, now)
        while self._waiting and self._waiting[0][0] <= now:
            yield heapq.heappop(self._waiting)[2]

    def _plan_new_runs(self, repository: Repository, now: UnixSeconds) -> None:
        planned = self._planned_counts[repository.spec.id]
        count, _ = repository.page_of_runs(now, 0, 0)
        # runs appear in the order of their creation, so those not planned yet are the newest
        _, fresh = repository.page_of_runs(now, 0, count - planned)
        self._planned_counts[repository.spec.id] = count
        for run in reversed(fresh):
            for hook_event in _hook_events(repository, run):
                if hook_event.at > self._start:
                    entry = (hook_event.at, next(self._order), hook_event)
                    heapq.heappush(self._waiting, entry)


def event_payload(hook_event: HookEvent, base: str) -> Json:
    """Return the webhook's payload, with the state at the time of the change."""
    repository, run, at = hook_event.repository, hook_event.run, hook_event.at
    common = {
        "action": hook_event.action,
        "repository": full_repository(repository.spec, base),
        "sender": simple_user(hook_event.attempt.triggering_actor, base),
    }
    if hook_event.job is not None:
        job_in_run = JobInRun(run, hook_event.attempt, hook_event.job)
        return {**common, "workflow_job": job_payload(repository, job_in_run, base, at)}
    return {
        **common,
        "workflow_run": run_payload(repository, run, hook_event.attempt, base, at),
        "workflow": _workflow(hook_event, base),
    }


def _hook_events(repository: Repository, run: RunSpec) -> Iterator[HookEvent]:
    for attempt in run.attempts:
        for at, action, job in _changes(attempt):
            if at is not None:
                yield HookEvent(
                    at=at, action=action, repository=repository, run=run, attempt=attempt, job=job
                )


def _changes(attempt: AttemptSpec) -> Iterator[tuple[UnixSeconds | None, str, JobSpec | None]]:
    yield attempt.requested_at, "requested", None
    yield attempt.in_progress_at, "in_progress", None
    yield attempt.completed_at, "completed", None
    for job in attempt.jobs:
        if not job.reused and job.conclusion != "skipped":
            yield job.created_at, "queued" if job.waits_until is None else "waiting", job
            yield job.waits_until, "queued", job
            yield job.started_at if job.steps else None, "in_progress", job
        if job.completed_at is not None:
            yield max(job.completed_at, job.created_at), "completed", job


def _workflow(hook_event: HookEvent, base: str) -> Json:
    workflow, spec = hook_event.run.workflow, hook_event.repository.spec
    page = f"https://github.com/{spec.full_name}"
    return {
        "id": workflow.id,
        "node_id": node_id("W", workflow.id),
        "name": workflow.name,
        "path": workflow.path,
        "state": "active",
        "created_at": "2024-01-01T00:00:00.000Z",
        "updated_at": "2024-01-01T00:00:00.000Z",
        "url": f"{base}/repos/{spec.full_name}/actions/workflows/{workflow.id}",
        "html_url": f"{page}/blob/main/{workflow.path}",
        "badge_url": f"{page}/workflows/{workflow.id}/badge.svg",
    }
