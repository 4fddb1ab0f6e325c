"""The health of collection, and the rules by which it is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from ...domain.agent_states import AgentState
from ...domain.counted_nouns import plural
from ...domain.timestamps import format_timestamp
from ...ports import StateStore
from ...settings import Settings
from .health_input import HealthInput, longest_backfill_seconds, read_health_input
from .health_problems import find_problems, one_time_sentence
from .repository_problems import Problem

#: Fewer pending logs than this are normal: those of jobs that have just ended.
MANY_LOGS = 100

#: How many problems are shown, the first one among them.
SHOWN_PROBLEMS = 5

#: Agent states in which nothing is collected.
_AT_REST = (
    AgentState.STALLED,
    AgentState.PAUSED,
    AgentState.NEVER_STARTED,
    AgentState.STOPPED,
)


class HealthState(str, Enum):
    """The health of collection; its values are shown to people, and not stored."""

    EMPTY = "empty"
    HEALTHY = "healthy"
    CATCHING_UP = "catching up"
    DEGRADED = "degraded"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The health of collection, and the problems that are the reason, the gravest first."""

    state: HealthState
    sentence: str
    problems: tuple[Problem, ...] = ()

    @property
    def tone(self) -> str:
        """Return the color of a page: ok, quiet, warn or bad."""
        if self.state in (HealthState.HEALTHY, HealthState.CATCHING_UP):
            return "ok"
        if self.state is HealthState.EMPTY or not self.problems:
            return "quiet"
        return "bad" if any(problem.is_severe for problem in self.problems) else "warn"

    def as_json(self) -> dict[str, Any]:
        """Return it for pages and programs."""
        first = self.problems[0] if self.problems else None
        return {
            "state": self.state.value,
            "tone": self.tone,
            "sentence": self.sentence,
            "since": format_timestamp(first.since) if first else None,
            "last_at": format_timestamp(first.last_at) if first else None,
            "problems": [
                {
                    "sentence": problem.sentence,
                    "is_headline": problem.sentence == self.sentence,
                    "detail": problem.detail,
                    "since": format_timestamp(problem.since),
                    "last_at": format_timestamp(problem.last_at),
                }
                for problem in self.problems[:SHOWN_PROBLEMS]
            ],
        }


def assess_health(inputs: HealthInput, *, now: datetime) -> Health:
    """Return the health of collection at ``now``."""
    unpaused = [each for each in inputs.repositories if not each.paused]
    problems = find_problems(inputs, unpaused, now=now)
    if not inputs.repositories:
        problems = tuple(problem for problem in problems if problem.is_severe)
    elif not unpaused:
        paused = Problem(sentence="Every repository is paused.", is_severe=False)
        return _from_problems(HealthState.STOPPED, (paused, *problems))
    if problems:
        are_at_rest = all(agent["state"] in _AT_REST for agent in inputs.agents)
        state = HealthState.STOPPED if are_at_rest else HealthState.DEGRADED
        return _from_problems(state, problems)
    if not inputs.repositories:
        return Health(state=HealthState.EMPTY, sentence="No repository is watched yet.")
    if inputs.one_time_collection is not None:
        return Health(
            state=HealthState.STOPPED, sentence=one_time_sentence(inputs.one_time_collection)
        )
    new_count = sum(each.is_run_list_unread for each in unpaused)
    if new_count or inputs.counts.unread_attempts or inputs.counts.logs_pending >= MANY_LOGS:
        return Health(state=HealthState.CATCHING_UP, sentence=_catching_up(inputs, new_count))
    repositories = plural(len(unpaused), "repository", "repositories")
    return Health(
        state=HealthState.HEALTHY,
        sentence=f"Collecting from {repositories}. Everything works.",
    )


def load_health(
    store: StateStore, settings: Settings, rows: Sequence[Mapping[str, Any]], *, now: datetime
) -> Health:
    """Read the state and return its health; ``rows``: of the repositories, with their backlogs."""
    inputs = read_health_input(store, settings, now=now)
    inputs = replace(inputs, backfill_seconds_left=longest_backfill_seconds(rows))
    return assess_health(inputs, now=now)


def _from_problems(state: HealthState, problems: tuple[Problem, ...]) -> Health:
    return Health(state=state, sentence=problems[0].sentence, problems=problems)


def _catching_up(inputs: HealthInput, new_count: int) -> str:
    counts, left = inputs.counts, []
    if new_count:
        left.append(f"{plural(new_count, 'repository', 'repositories')} not polled yet")
    if counts.unread_attempts:
        attempts = plural(counts.unread_attempts, "run attempt")
        left.append(f"{attempts} to backfill{_estimate(inputs.backfill_seconds_left)}")
    if counts.logs_pending:
        left.append(f"{plural(counts.logs_pending, 'log')} pending")
    return f"Catching up: {', '.join(left)}."


def _estimate(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes = max(1, round(seconds / 60))
    if minutes < 120:
        return f" in about {plural(minutes, 'minute')}"
    return f" in about {plural(round(minutes / 60), 'hour')}"
