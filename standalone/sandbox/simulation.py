"""A simulated world: repositories that get new runs again and again, the same for each seed."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from .repository import NewItems, Repository
from .rng import seeded_random, seeded_sha
from .simulated_runs import Trigger, plan_run
from .specs import CommitSpec, HookSpec, PullRequestSpec, RepositorySpec, RunSpec, WorkflowSpec
from .times import DAY, HOUR, UnixSeconds
from .workflow_templates import WORKFLOW_TEMPLATES, WorkflowTemplate
from .world import World

NAMES = ("octo/api", "octo/web", "octo/infra", "octo/mobile", "octo/data", "octo/docs")
MAX_RUNS_PER_HOUR = 512
_EPOCH_HOUR = 473_352  # 2024-01-01 in hours since 1970; ids and numbers of runs count from it
_EVENTS = {"push": 45, "pull_request": 43, "workflow_dispatch": 9, "schedule": 3}
_PEOPLE = ("octocat", "hubot", "defunkt", "mojombo", "dependabot[bot]")


def simulated_world(  # noqa: PLR0913 - each is a property of the world
    *,
    seed: object = 0,
    start: UnixSeconds,
    repositories: int | Sequence[str] = 3,
    runs_per_hour: float = 4.0,
    history_days: float = 2.0,
    hooks: Sequence[tuple[str, str]] = (),
    last_run_at: UnixSeconds = math.inf,
) -> World:
    """Make a world with `history_days` of runs before `start`; none begins after `last_run_at`.

    `repositories` is their number or their names. Each has `runs_per_hour`, and one webhook for
    each (URL, secret) of `hooks`.
    """
    if runs_per_hour > MAX_RUNS_PER_HOUR:
        raise ValueError(f"A repository has at most {MAX_RUNS_PER_HOUR} runs an hour.")
    names = _names(repositories) if isinstance(repositories, int) else list(repositories)
    first_hour = math.floor((start - history_days * DAY) / HOUR)
    planned: list[Repository] = []
    for index, name in enumerate(names):
        spec = _spec(index, name, first_hour)
        runs = HourlyRuns(
            spec=spec,
            seed=seed,
            index=index,
            repository_count=len(names),
            runs_per_hour=runs_per_hour,
            next_hour=first_hour,
            last_run_at=last_run_at,
        )
        specs = [
            HookSpec(id=spec.id * 10 + n, url=url, secret=secret)
            for n, (url, secret) in enumerate(hooks)
        ]
        planned.append(Repository(spec, hooks=specs, source=runs.items_until))
    return World(planned, seed=seed)


@dataclass(slots=True, kw_only=True)
class HourlyRuns:
    """The runs of a repository, planned hour by hour.

    Its index and the number of repositories make the ids of runs and pull requests unique.
    """

    spec: RepositorySpec
    seed: object
    index: int
    repository_count: int
    runs_per_hour: float
    next_hour: int
    last_run_at: UnixSeconds

    def items_until(self, now: UnixSeconds) -> NewItems:
        """Plan the runs of the hours that have begun by now and are not planned yet."""
        new_items = NewItems()
        while self.next_hour * HOUR <= min(now, self.last_run_at):
            self._plan_hour(self.next_hour, new_items)
            self.next_hour += 1
        return new_items

    def _plan_hour(self, hour: int, new_items: NewItems) -> None:
        rng = seeded_random(self.seed, self.spec.id, hour)
        wanted = math.floor(self.runs_per_hour) + (rng.random() < self.runs_per_hour % 1)
        made = 0
        while made < wanted:
            trigger = _trigger(self.spec, hour, made, rng)
            if trigger.at > self.last_run_at:
                made += 1
                continue
            for template in _templates_for(trigger.event, rng)[: wanted - made]:
                new_items.runs.append(self._run(trigger, template, hour, made, rng))
                made += 1
            new_items.commits.append(_commit(trigger, rng))
            if trigger.pull_number is not None:
                new_items.pulls.append(self._pull(trigger))

    def _run(
        self, trigger: Trigger, template: WorkflowTemplate, hour: int, made: int, rng: random.Random
    ) -> RunSpec:
        repository_hour = (hour - _EPOCH_HOUR) * self.repository_count + self.index
        workflow = next(item for item in self.spec.workflows if item.name == template.name)
        return plan_run(
            trigger,
            workflow,
            template,
            id=10_000_000_000 + repository_hour * MAX_RUNS_PER_HOUR + made,
            number=(hour - _EPOCH_HOUR) * MAX_RUNS_PER_HOUR + made + 1,
            rng=rng,
        )

    def _pull(self, trigger: Trigger) -> PullRequestSpec:
        number = trigger.pull_number or 0
        return PullRequestSpec(
            id=1_000_000_000 + number * self.repository_count + self.index,
            number=number,
            title=trigger.title,
            author=trigger.actor,
            head_branch=trigger.branch,
            head_sha=trigger.sha,
            base_branch="main",
            head_repository=trigger.fork or self.spec.full_name,
            created_at=trigger.at - 60,
        )


def _names(count: int) -> list[str]:
    return [*NAMES, *(f"octo/service-{number:04d}" for number in range(len(NAMES), count))][:count]


def _spec(index: int, name: str, first_hour: int) -> RepositorySpec:
    repository_id = 500_000_000 + index
    workflows = tuple(
        WorkflowSpec(
            id=repository_id % 10**8 * 10 + n,
            name=template.name,
            path=f".github/workflows/{template.file}",
        )
        for n, template in enumerate(WORKFLOW_TEMPLATES, 1)
    )
    return RepositorySpec(
        id=repository_id,
        full_name=name,
        created_at=first_hour * HOUR - 400 * DAY,
        workflows=workflows,
    )


def _templates_for(event: str, rng: random.Random) -> list[WorkflowTemplate]:
    fitting = [template for template in WORKFLOW_TEMPLATES if event in template.events]
    return fitting[: rng.randint(1, len(fitting))]


def _trigger(spec: RepositorySpec, hour: int, made: int, rng: random.Random) -> Trigger:
    event = rng.choices(list(_EVENTS), list(_EVENTS.values()))[0]
    serial = (hour - _EPOCH_HOUR) * MAX_RUNS_PER_HOUR + made + 1
    from_pull = event == "pull_request"
    fork = f"contributor-{serial % 7}/{spec.name}" if rng.random() < 0.25 else None
    return Trigger(
        event=event,
        at=hour * HOUR + rng.uniform(0, HOUR),
        sha=seeded_sha("commit", spec.id, hour, made, rng.random()),
        branch=f"feature-{serial % 50}" if from_pull else "main",
        actor=rng.choice(_PEOPLE),
        title=f"Make part {serial % 97} of {spec.name} faster",
        pull_number=serial if from_pull else None,
        fork=fork if from_pull else None,
    )


def _commit(trigger: Trigger, rng: random.Random) -> CommitSpec:
    files = rng.choice((1, 2, 3, 5, 8, 12)) if rng.random() < 0.97 else 750
    return CommitSpec(
        sha=trigger.sha,
        message=f"{trigger.title}\n\nIt was slow.",
        author_name=trigger.actor.title(),
        author_email=f"{trigger.actor}@example.com",
        author_login=trigger.actor if rng.random() < 0.95 else None,
        committed_at=trigger.at - 30,
        additions=files * rng.randint(1, 40),
        deletions=files * rng.randint(0, 20),
        files=files,
        parents=(seeded_sha("parent", trigger.sha),),
        pulls=() if trigger.pull_number is None else (trigger.pull_number,),
    )
