"""A living world: repositories in which runs go on happening, the same for the same seed."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

from .chance import seeded, sha_of
from .instants import DAY, HOUR, Instant
from .living_runs import Trigger, plan_run
from .plans import CommitPlan, HookPlan, PullRequestPlan, RepositoryPlan, RunPlan, WorkflowPlan
from .repository import Growth, Repository
from .shapes import SHAPES, WorkflowShape
from .world import World

NAMES = ("octo/api", "octo/web", "octo/infra", "octo/mobile", "octo/data", "octo/docs")
RUNS_AN_HOUR = 512
_EPOCH_HOUR = 473_352  # 2024-01-01
_EVENTS = {"push": 45, "pull_request": 43, "workflow_dispatch": 9, "schedule": 3}
_PEOPLE = ("octocat", "hubot", "defunkt", "mojombo", "dependabot[bot]")


def living_world(  # noqa: PLR0913 - each is a property of the world
    *,
    seed: object = 0,
    start: Instant,
    repositories: int | Sequence[str] = 3,
    runs_per_hour: float = 4.0,
    history_days: float = 2.0,
    hooks: Sequence[tuple[str, str]] = (),
    end: Instant = math.inf,
) -> World:
    """Make a world with some history before `start`; `hooks` are (url, secret) of each repository.

    `repositories` is how many, or their names; `runs_per_hour` is for each of them; no run begins
    after `end`.
    """
    names = _names(repositories) if isinstance(repositories, int) else list(repositories)
    begin = math.floor((start - history_days * DAY) / HOUR)
    return World(
        [
            _repository(seed, (index, len(names)), name, Span(runs_per_hour, begin, end), hooks)
            for index, name in enumerate(names)
        ],
        seed=seed,
    )


class Span(NamedTuple):
    """Say how many runs an hour begin, from which hour on, and until which instant."""

    runs_per_hour: float
    first_hour: int
    end: Instant


class HourlySource:
    """Plan a repository's runs hour by hour."""

    def __init__(
        self,
        plan: RepositoryPlan,
        *,
        seed: object,
        place: tuple[int, int],
        span: Span,
    ) -> None:
        if span.runs_per_hour > RUNS_AN_HOUR:
            raise ValueError(f"A repository has at most {RUNS_AN_HOUR} runs an hour.")
        self._plan = plan
        self._seed = seed
        self._place = place
        self._rate = span.runs_per_hour
        self._next = span.first_hour
        self._end = span.end

    def until(self, now: Instant) -> Growth | None:
        """Plan the hours that have begun by now."""
        now = min(now, self._end)
        if now < self._next * HOUR:
            return None
        runs: list[RunPlan] = []
        commits: list[CommitPlan] = []
        pulls: list[PullRequestPlan] = []
        while self._next * HOUR <= now:
            self._hour(self._next, runs, commits, pulls)
            self._next += 1
        return Growth(runs=runs, commits=commits, pulls=pulls)

    def _hour(
        self,
        hour: int,
        runs: list[RunPlan],
        commits: list[CommitPlan],
        pulls: list[PullRequestPlan],
    ) -> None:
        chance = seeded(self._seed, self._plan.id, hour)
        wanted = math.floor(self._rate) + (chance.random() < self._rate % 1)
        made = 0
        while made < wanted:
            trigger = _trigger(self._plan, hour, made, chance)
            if trigger.at > self._end:
                made += 1
                continue
            for shape in _shapes_for(trigger.event, chance)[: wanted - made]:
                runs.append(self._run(trigger, shape, hour, made, chance))
                made += 1
            commits.append(_commit(trigger, chance))
            if trigger.pull is not None:
                pulls.append(_pull(self._plan, trigger))

    def _run(
        self, trigger: Trigger, shape: WorkflowShape, hour: int, made: int, chance: random.Random
    ) -> RunPlan:
        index, count = self._place
        serial = ((hour - _EPOCH_HOUR) * count + index) * RUNS_AN_HOUR + made
        workflow = next(item for item in self._plan.workflows if item.name == shape.name)
        return plan_run(
            trigger,
            workflow,
            shape,
            id=10_000_000_000 + serial,
            number=(hour - _EPOCH_HOUR) * RUNS_AN_HOUR + made + 1,
            chance=chance,
        )


def _names(count: int) -> list[str]:
    return [*NAMES, *(f"octo/service-{number:04d}" for number in range(len(NAMES), count))][:count]


def _repository(
    seed: object,
    place: tuple[int, int],
    name: str,
    span: Span,
    hooks: Sequence[tuple[str, str]],
) -> Repository:
    number = 500_000_000 + place[0]
    workflows = tuple(
        WorkflowPlan(
            id=number % 10**8 * 10 + n, name=shape.name, path=f".github/workflows/{shape.file}"
        )
        for n, shape in enumerate(SHAPES, 1)
    )
    plan = RepositoryPlan(
        id=number,
        full_name=name,
        created_at=(span.first_hour * HOUR) - 400 * DAY,
        workflows=workflows,
    )
    source = HourlySource(plan, seed=seed, place=place, span=span)
    plans = [
        HookPlan(id=number * 10 + n, url=url, secret=key) for n, (url, key) in enumerate(hooks)
    ]
    return Repository(plan, hooks=plans, source=source)


def _shapes_for(event: str, chance: random.Random) -> list[WorkflowShape]:
    fitting = [shape for shape in SHAPES if event in shape.events]
    return fitting[: chance.randint(1, len(fitting))]


def _trigger(plan: RepositoryPlan, hour: int, made: int, chance: random.Random) -> Trigger:
    event = chance.choices(list(_EVENTS), list(_EVENTS.values()))[0]
    serial = (hour - _EPOCH_HOUR) * RUNS_AN_HOUR + made + 1
    from_pull = event == "pull_request"
    fork = f"contributor-{serial % 7}/{plan.name}" if chance.random() < 0.25 else None
    return Trigger(
        event=event,
        at=hour * HOUR + chance.uniform(0, HOUR),
        sha=sha_of("commit", plan.id, hour, made, chance.random()),
        branch=f"feature-{serial % 50}" if from_pull else "main",
        actor=chance.choice(_PEOPLE),
        title=f"Make part {serial % 97} of {plan.name} faster",
        pull=serial if from_pull else None,
        fork=fork if from_pull else None,
    )


def _commit(trigger: Trigger, chance: random.Random) -> CommitPlan:
    files = chance.choice((1, 2, 3, 5, 8, 12)) if chance.random() < 0.97 else 750
    return CommitPlan(
        sha=trigger.sha,
        message=f"{trigger.title}\n\nIt was slow.",
        author_name=trigger.actor.title(),
        author_email=f"{trigger.actor}@example.com",
        author_login=trigger.actor if chance.random() < 0.95 else None,
        authored_at=trigger.at - 30,
        additions=files * chance.randint(1, 40),
        deletions=files * chance.randint(0, 20),
        files=files,
        parents=(sha_of("parent", trigger.sha),),
        pulls=() if trigger.pull is None else (trigger.pull,),
    )


def _pull(plan: RepositoryPlan, trigger: Trigger) -> PullRequestPlan:
    number = trigger.pull or 0
    return PullRequestPlan(
        id=1_000_000_000 + number,
        number=number,
        title=trigger.title,
        author=trigger.actor,
        head_branch=trigger.branch,
        head_sha=trigger.sha,
        base_branch="main",
        head_repository=trigger.fork or plan.full_name,
        created_at=trigger.at - 60,
    )
