"""Whether collection is healthy, computed from facts with their times; the one rule set for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from ...domain.ledger import ErrorRecord, JobLogRecord, LedgerCounts, RepositoryRecord
from ...domain.timestamps import format_timestamp, parse_timestamp

#: An error that was recorded so recently is a present one.
PRESENT = timedelta(minutes=15)

#: Logs arrive within minutes; ones that wait longer while none is fetched do not move.
LOG_PATIENCE = timedelta(minutes=15)

#: So many pending logs are more than those of jobs that have just ended.
MANY_LOGS = 100

#: Problems shown after the first one.
SHOWN_PROBLEMS = 5

#: Agent states that stop or delay collection, and what is said about them.
_AGENT_SENTENCES = {
    "stalled": "The {} has stalled.",
    "error": "The {} reports an error.",
    "limited": "The {} waits for the GitHub rate limit.",
    "paused": "The {} is paused.",
    "never started": "The {} has not started yet.",
}
_AT_REST = ("stalled", "paused", "never started", "stopped")
_BROKEN = ("stalled", "error")


class HealthState(str, Enum):
    """The health of collection; stored nowhere, so the values are free for people to read."""

    EMPTY = "empty"
    HEALTHY = "healthy"
    CATCHING_UP = "catching up"
    DEGRADED = "degraded"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong; ``since`` is None where no record says when it began."""

    sentence: str
    since: datetime | None = None
    detail: str | None = None
    is_broken: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthFacts:
    """What health is computed from; ``agents`` are rows of ``agents.agent_rows``."""

    agents: Sequence[Mapping[str, Any]]
    repositories: Sequence[RepositoryRecord]
    counts: LedgerCounts
    seconds_left: float | None
    errors: Sequence[ErrorRecord]
    oldest_pending: JobLogRecord | None
    recent_logs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of collection, and the problems behind it, the gravest first."""

    state: HealthState
    sentence: str
    problems: tuple[Problem, ...] = ()

    @property
    def tone(self) -> str:
        """Return how a page colours it: ok, quiet, warn or bad."""
        if self.state in (HealthState.HEALTHY, HealthState.CATCHING_UP):
            return "ok"
        if self.state is HealthState.EMPTY:
            return "quiet"
        return "bad" if any(problem.is_broken for problem in self.problems) else "warn"

    def as_json(self) -> dict[str, Any]:
        """Return it for pages and programs."""
        first = self.problems[0] if self.problems else None
        return {
            "state": self.state.value,
            "tone": self.tone,
            "sentence": self.sentence,
            "since": format_timestamp(first.since) if first else None,
            "problems": [
                {
                    "sentence": problem.sentence,
                    "is_headline": problem.sentence == self.sentence,
                    "detail": problem.detail,
                    "since": format_timestamp(problem.since),
                }
                for problem in self.problems[:SHOWN_PROBLEMS]
            ],
        }


def judge_health(facts: HealthFacts, *, now: datetime) -> Health:
    """Return the health of collection at ``now``."""
    active = [each for each in facts.repositories if not each.paused]
    if not facts.repositories:
        return Health(state=HealthState.EMPTY, sentence="No repository is watched yet.")
    if not active:
        problem = Problem(sentence="Every repository is paused.", is_broken=False)
        return _with(HealthState.STOPPED, (problem,))
    problems = _problems(facts, active, now)
    if all(agent["state"] in _AT_REST for agent in facts.agents):
        return _with(HealthState.STOPPED, problems)
    if problems:
        return _with(HealthState.DEGRADED, problems)
    if facts.counts.unread_attempts or facts.counts.logs_pending >= MANY_LOGS:
        return Health(state=HealthState.CATCHING_UP, sentence=_catching_up(facts))
    repositories = _plural(len(active), "repository", "repositories")
    return Health(
        state=HealthState.HEALTHY,
        sentence=f"Collecting from {repositories}. Everything works.",
    )


def _with(state: HealthState, problems: tuple[Problem, ...]) -> Health:
    return Health(state=state, sentence=problems[0].sentence, problems=problems)


def _problems(
    facts: HealthFacts, active: Sequence[RepositoryRecord], now: datetime
) -> tuple[Problem, ...]:
    found = [
        *_agent_problems(facts.agents),
        *_repository_problems(active, facts.errors),
        *_log_problems(facts, now),
        *_recent_errors(facts.errors, active, now),
    ]
    return tuple(sorted(found, key=lambda problem: not problem.is_broken))


def _agent_problems(agents: Sequence[Mapping[str, Any]]) -> list[Problem]:
    return [
        Problem(
            sentence=_AGENT_SENTENCES[agent["state"]].format(agent["name"]),
            since=parse_timestamp(agent["heartbeat_at"]) if agent["state"] == "stalled" else None,
            detail=agent["note"],
            is_broken=agent["state"] in _BROKEN,
        )
        for agent in agents
        if agent["state"] in _AGENT_SENTENCES
    ]


def _repository_problems(
    active: Sequence[RepositoryRecord], errors: Sequence[ErrorRecord]
) -> list[Problem]:
    failing = [each for each in active if each.failures]
    if not failing:
        return []
    sentence = (
        f"{failing[0].full_name} cannot be collected."
        if len(failing) == 1
        else f"{len(failing):,} repositories cannot be collected."
    )
    return [
        Problem(
            sentence=sentence,
            since=_failing_since(failing, errors),
            detail=failing[0].last_error,
        )
    ]


def _failing_since(
    failing: Sequence[RepositoryRecord], errors: Sequence[ErrorRecord]
) -> datetime | None:
    """Return the time of the first error since its repository was last polled."""
    worked_at = {each.full_name: each.last_polled_at or each.added_at for each in failing}
    since = [
        each.occurred_at
        for each in errors
        if each.repository in worked_at and each.occurred_at > worked_at[each.repository]
    ]
    return min(since, default=None)


def _log_problems(facts: HealthFacts, now: datetime) -> list[Problem]:
    """Return that pending logs do not move: one waits for long, and none was published since."""
    oldest = facts.oldest_pending
    if oldest is None or facts.recent_logs or now - oldest.updated_at < LOG_PATIENCE:
        return []
    pending = _plural(facts.counts.logs_pending, "log is", "logs are")
    return [
        Problem(
            sentence=f"{pending} pending, and none has been published for a while.",
            since=oldest.updated_at,
            detail=f"The oldest is of {oldest.job_name} in {oldest.key.repository}.",
        )
    ]


def _recent_errors(
    errors: Sequence[ErrorRecord], active: Sequence[RepositoryRecord], now: datetime
) -> list[Problem]:
    """Return that errors are recent; those of paused and removed repositories are past."""
    names = {None, *(each.full_name for each in active)}
    present = [
        each
        for each in errors
        if each.repository in names and abs(now - each.occurred_at) < PRESENT
    ]
    if not present:
        return []
    count = _plural(len(present), "error was", "errors were")
    minutes = int(PRESENT.total_seconds() // 60)
    return [
        Problem(
            sentence=f"{count} recorded in the last {minutes} minutes.",
            since=min(each.occurred_at for each in present),
            detail=present[0].what,
            is_broken=False,
        )
    ]


def _catching_up(facts: HealthFacts) -> str:
    counts, left = facts.counts, []
    if counts.unread_attempts:
        left.append(f"{_plural(counts.unread_attempts, 'run attempt')} to backfill")
    if counts.logs_pending:
        left.append(f"{_plural(counts.logs_pending, 'log')} pending")
    return f"Catching up: {' and '.join(left)}{_estimate(facts.seconds_left)}."


def _estimate(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes = max(1, round(seconds / 60))
    if minutes < 120:
        return f", about {_plural(minutes, 'minute')}"
    return f", about {_plural(round(minutes / 60), 'hour')}"


def _plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
