"""Plan the jobs of an attempt in a simulated world."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from .specs import AttemptSpec, JobSpec, LogSpec
from .times import UnixSeconds
from .workflow_templates import JobTemplate, WorkflowTemplate, steps_of

UNSUCCESSFUL = frozenset({"failure", "timed_out", "cancelled"})


def plan_jobs(
    template: WorkflowTemplate,
    conclusion: str,
    begins: UnixSeconds,
    rng: random.Random,
    first_id: int,
) -> tuple[JobSpec, ...]:
    """Plan the jobs of an attempt with this conclusion; one job of the first level causes it.

    The jobs of a level begin when all jobs of the level before have ended.
    """
    jobs: list[JobSpec] = []
    ready = begins
    for level in range(1 + max(job.level for job in template.jobs)):
        templates = [job for job in template.jobs if job.level == level]
        stopped = conclusion in UNSUCCESSFUL and level > 0
        level_conclusion = "success" if level or conclusion == "skipped" else conclusion
        placed = list(_level(templates, level_conclusion, ready, rng, first_id + len(jobs)))
        jobs += [_skipped(job) for job in placed] if stopped or conclusion == "skipped" else placed
        ready = max([ready, *(job.completed_at or ready for job in jobs)]) + rng.uniform(1, 4)
    return tuple(jobs)


def rerun_jobs(before: AttemptSpec, after: AttemptSpec) -> tuple[JobSpec, ...]:
    """Plan a re-run of the jobs that did not succeed; the others keep their start and end."""
    return tuple(
        # GitHub gives a job that does not run again a new id, but keeps its start and end
        replace(old, id=new.id, created_at=after.requested_at, reused=True)
        if old.conclusion == "success"
        else new
        for old, new in zip(before.jobs, after.jobs, strict=True)
    )


def _level(
    templates: list[JobTemplate],
    conclusion: str,
    ready: UnixSeconds,
    rng: random.Random,
    first_id: int,
) -> Iterator[JobSpec]:
    names = [(template, name) for template in templates for name in template.names]
    decisive = rng.randrange(len(names))
    for number, (template, name) in enumerate(names):
        job_conclusion = conclusion if number == decisive else "success"
        if conclusion == "cancelled" and number > decisive:
            job_conclusion = "cancelled"
        yield _job(template, name, job_conclusion, ready, rng, first_id + number)


def _job(  # noqa: PLR0913, PLR0917 - all of it is what a job is made of
    template: JobTemplate,
    name: str,
    conclusion: str,
    ready: UnixSeconds,
    rng: random.Random,
    job_id: int,
) -> JobSpec:
    longest = template.max_approval_seconds
    approved = ready + rng.uniform(10, longest) if longest else ready
    started = approved + rng.uniform(1, 20)
    ended = started + rng.uniform(*template.seconds)
    if conclusion == "cancelled" and rng.random() < 0.3:
        return JobSpec(
            id=job_id,
            name=name,
            created_at=ready,
            started_at=started,
            completed_at=started,
            conclusion=conclusion,
            labels=template.labels,
            runner=None,
        )
    return JobSpec(
        id=job_id,
        name=name,
        created_at=ready,
        started_at=started,
        completed_at=started + (ended - started) * (0.4 if conclusion == "cancelled" else 1),
        conclusion=conclusion,
        waits_until=approved if longest else None,
        steps=steps_of(template.steps, conclusion),
        labels=template.labels,
        runner=f"GitHub Actions {job_id % 997}",
        log=_log(job_id, rng),
    )


def _skipped(job: JobSpec) -> JobSpec:
    # on GitHub, a skipped job ends one second before it starts
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


def _log(job_id: int, rng: random.Random) -> LogSpec:
    return LogSpec(
        seed=str(job_id),
        lines_per_step=rng.randint(2, 12),
        bom=rng.random() < 0.8,
        newline="\r\n" if rng.random() < 0.05 else "\n",
        broken_utf8=rng.random() < 0.02,
    )
