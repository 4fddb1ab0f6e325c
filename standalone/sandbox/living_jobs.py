"""Plan the jobs of an attempt in a living world."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from .instants import Instant
from .plans import AttemptPlan, JobPlan, LogPlan
from .shapes import JobShape, WorkflowShape, steps_of

UNSUCCESSFUL = frozenset({"failure", "timed_out", "cancelled"})


def plan_jobs(
    shape: WorkflowShape, conclusion: str, begins: Instant, chance: random.Random, first_id: int
) -> tuple[JobPlan, ...]:
    """Plan every job of an attempt that ends so; one of the first level decides it."""
    jobs: list[JobPlan] = []
    ready = begins
    for level in range(1 + max(job.level for job in shape.jobs)):
        shapes = [job for job in shape.jobs if job.level == level]
        stopped = conclusion in UNSUCCESSFUL and level > 0
        ends = "success" if level or conclusion == "skipped" else conclusion
        placed = list(_level(shapes, ends, ready, chance, first_id + len(jobs)))
        jobs += [_skipped(job) for job in placed] if stopped or conclusion == "skipped" else placed
        ready = max([ready, *(job.completed_at or ready for job in jobs)]) + chance.uniform(1, 4)
    return tuple(jobs)


def rerun_jobs(
    before: AttemptPlan, fresh: tuple[JobPlan, ...], requested: Instant, first_id: int
) -> tuple[JobPlan, ...]:
    """Plan a re-run of the failed jobs only: the others appear again, with their old times."""
    result = []
    for number, (old, new) in enumerate(zip(before.jobs, fresh, strict=True)):
        if old.conclusion == "success":
            # GitHub gives a job that it takes over a new id, and keeps when it started
            result.append(replace(old, id=first_id + number, created_at=requested, reused=True))
        else:
            result.append(new)
    return tuple(result)


def _level(
    shapes: list[JobShape], conclusion: str, ready: Instant, chance: random.Random, first_id: int
) -> Iterator[JobPlan]:
    names = [(shape, name) for shape in shapes for name in shape.names]
    decisive = chance.randrange(len(names))
    for number, (shape, name) in enumerate(names):
        ends = conclusion if number == decisive else "success"
        if conclusion == "cancelled" and number > decisive:
            ends = "cancelled"
        yield _job(shape, name, ends, ready, chance, first_id + number)


def _job(  # noqa: PLR0913, PLR0917 - all of it is what a job is made of
    shape: JobShape,
    name: str,
    conclusion: str,
    ready: Instant,
    chance: random.Random,
    number: int,
) -> JobPlan:
    approved = ready + chance.uniform(10, shape.approval) if shape.approval else ready
    started = approved + chance.uniform(1, 20)
    ended = started + chance.uniform(*shape.seconds)
    if conclusion == "cancelled" and chance.random() < 0.3:
        return _never_started(shape, name, ready, started, number)
    return JobPlan(
        id=number,
        name=name,
        created_at=ready,
        started_at=started,
        completed_at=started + (ended - started) * (0.4 if conclusion == "cancelled" else 1),
        conclusion=conclusion,
        waits_until=approved if shape.approval else None,
        steps=steps_of(shape.steps, conclusion),
        labels=shape.labels,
        runner=f"GitHub Actions {number % 997}",
        log=_log(number, chance),
    )


def _never_started(
    shape: JobShape, name: str, created: Instant, ended: Instant, number: int
) -> JobPlan:
    return JobPlan(
        id=number,
        name=name,
        created_at=created,
        started_at=ended,
        completed_at=ended,
        conclusion="cancelled",
        labels=shape.labels,
        runner=None,
    )


def _skipped(job: JobPlan) -> JobPlan:
    return replace(
        job,
        started_at=job.created_at,
        completed_at=job.created_at - 1,
        conclusion="skipped",
        waits_until=None,
        steps=(),
        labels=(),
        runner=None,
        log=None,
    )


def _log(number: int, chance: random.Random) -> LogPlan:
    return LogPlan(
        seed=str(number),
        lines_per_step=chance.randint(2, 12),
        bom=chance.random() < 0.8,
        newline="\r\n" if chance.random() < 0.05 else "\n",
        broken_utf8=chance.random() < 0.02,
    )
