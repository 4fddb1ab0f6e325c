"""What the parts of the state in memory share: dictionaries, and one lock around them."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from ...domain.code_metrics import CommitMetrics
from ...domain.ledger import (
    ActivityRecord,
    AgentRecord,
    AttemptRecord,
    ErrorRecord,
    JobLogRecord,
    RepositoryRecord,
)
from ...domain.runs import AttemptKey
from ...domain.summaries import RunSummary

#: A repository's name in lower case, a run's id, an attempt's number.
RunId = tuple[str, int]
AttemptId = tuple[str, int, int]


@dataclass(slots=True, kw_only=True)
class Tables:
    """Hold all rows; whoever reads or writes them holds ``lock``."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    repositories: dict[str, RepositoryRecord] = field(default_factory=dict)
    attempts: dict[RunId, dict[int, AttemptRecord]] = field(default_factory=dict)
    open_attempts: dict[str, dict[AttemptId, AttemptRecord]] = field(default_factory=dict)
    run_hints: dict[RunId, datetime] = field(default_factory=dict)
    commits: dict[tuple[str, str], CommitMetrics] = field(default_factory=dict)
    pauses: dict[str, datetime] = field(default_factory=dict)
    deliveries: dict[str, datetime] = field(default_factory=dict)
    job_logs: dict[AttemptId, dict[int, JobLogRecord]] = field(default_factory=dict)
    run_summaries: dict[AttemptId, RunSummary] = field(default_factory=dict)
    agents: dict[tuple[str, str], AgentRecord] = field(default_factory=dict)
    agent_wishes: dict[str, str] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)
    spans: dict[datetime, Counter[str]] = field(default_factory=dict)
    errors: list[ErrorRecord] = field(default_factory=list)
    activities: list[ActivityRecord] = field(default_factory=list)


def repository_key(name: str) -> str:
    """Bring a repository's name into the form in which names are compared."""
    return name.lower()


def attempt_id(key: AttemptKey) -> AttemptId:
    """Bring an attempt's key into the form in which keys are compared."""
    return repository_key(key.repository), key.run_id, key.run_attempt
