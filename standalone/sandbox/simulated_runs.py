"""Plan one run of a simulated world with all of its attempts."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from .simulated_jobs import plan_jobs, rerun_jobs
from .specs import AttemptSpec, RunSpec, WorkflowSpec
from .times import DAY, UnixSeconds
from .workflow_templates import WorkflowTemplate

#: Ids of jobs that a run may have, and one of its attempts.
JOB_IDS_PER_RUN, JOB_IDS_PER_ATTEMPT = 1024, 128
_CONCLUSIONS = {
    "success": 68,
    "failure": 16,
    "cancelled": 6,
    "skipped": 3,
    "timed_out": 2,
    "action_required": 2,
    "startup_failure": 1,
}
_WITHOUT_JOBS = frozenset({"action_required", "startup_failure"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """The cause of a run; one trigger may start several runs."""

    event: str
    at: UnixSeconds
    sha: str
    branch: str
    actor: str
    title: str
    pull_number: int | None
    fork: str | None


def plan_run(  # noqa: PLR0913 - all of it is what a run is made of
    trigger: Trigger,
    workflow: WorkflowSpec,
    template: WorkflowTemplate,
    *,
    id: int,  # noqa: A002 - named as in the answer
    number: int,
    rng: random.Random,
) -> RunSpec:
    """Plan a run."""
    attempts = _attempts(trigger, template, id, rng)
    last = attempts[-1].completed_at or attempts[-1].requested_at
    return RunSpec(
        id=id,
        number=number,
        workflow=workflow,
        event=trigger.event,
        head_branch=trigger.branch,
        head_sha=trigger.sha,
        actor=trigger.actor,
        display_title=trigger.title,
        attempts=tuple(attempts),
        # a run does not list the pull request of a fork
        pull_numbers=() if trigger.pull_number is None or trigger.fork else (trigger.pull_number,),
        head_repository=trigger.fork,
        touched_at=(last + DAY,) if rng.random() < 0.03 else (),
    )


def _attempts(
    trigger: Trigger, template: WorkflowTemplate, run_id: int, rng: random.Random
) -> list[AttemptSpec]:
    conclusion = rng.choices(list(_CONCLUSIONS), list(_CONCLUSIONS.values()))[0]
    attempts = [_attempt(1, trigger.at, trigger.actor, template, conclusion, run_id, rng)]
    first_end = attempts[0].completed_at
    if conclusion not in {"failure", "cancelled"} or first_end is None or rng.random() < 0.4:
        return attempts
    # most re-runs begin within an hour; some begin after a day, when the run is far down the list
    requested = first_end + (rng.uniform(20, 3600) if rng.random() < 0.85 else DAY)
    if rng.random() < 0.15:
        attempts.append(_cancelled_at_once(len(attempts) + 1, requested, trigger.actor))
        requested += 6
    second_conclusion = "success" if rng.random() < 0.7 else "failure"
    number = len(attempts) + 1
    attempt = _attempt(number, requested, "hubot", template, second_conclusion, run_id, rng)
    is_partial = rng.random() >= 0.5 and len(attempts[0].jobs) == len(attempt.jobs)
    jobs = rerun_jobs(attempts[0], attempt) if is_partial else attempt.jobs
    return [*attempts, replace(attempt, jobs=jobs)]


def _attempt(  # noqa: PLR0913, PLR0917 - all of it is what an attempt is made of
    number: int,
    requested: UnixSeconds,
    actor: str,
    template: WorkflowTemplate,
    conclusion: str,
    run_id: int,
    rng: random.Random,
) -> AttemptSpec:
    begins = requested + rng.uniform(1, 10)
    if conclusion in _WITHOUT_JOBS:
        return AttemptSpec(
            number=number,
            requested_at=requested,
            in_progress_at=None,
            completed_at=requested + 1,
            conclusion=conclusion,
            triggering_actor=actor,
        )
    first_id = run_id * JOB_IDS_PER_RUN + (number - 1) * JOB_IDS_PER_ATTEMPT
    jobs = plan_jobs(template, conclusion, begins, rng, first_id)
    started = [job.started_at for job in jobs if job.started_at is not None]
    ended = [job.completed_at for job in jobs if job.completed_at is not None]
    return AttemptSpec(
        number=number,
        requested_at=requested,
        in_progress_at=min(started, default=begins),
        completed_at=max([begins, *started, *ended]) + 2,
        conclusion=conclusion,
        triggering_actor=actor,
        first_status=rng.choice(("queued", "requested", "pending", "waiting")),
        jobs=jobs,
    )


def _cancelled_at_once(number: int, requested: UnixSeconds, actor: str) -> AttemptSpec:
    # a re-run by mistake: it begins and ends between two polls
    return AttemptSpec(
        number=number,
        requested_at=requested,
        in_progress_at=requested + 1,
        completed_at=requested + 4,
        conclusion="cancelled",
        triggering_actor=actor,
    )
