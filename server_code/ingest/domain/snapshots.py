"""Runs, jobs and commit metrics as plain JSON values and back, for state stores to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .code_metrics import CommitMetrics
from .jobs import Job, Step
from .runs import PullRequest, WorkflowRun
from .timestamps import parse_timestamp, write_timestamp


def snapshot(value: WorkflowRun | Job | CommitMetrics) -> dict[str, Any]:
    """Turn a value into JSON types; times become text in UTC."""
    return _fields(value)


def restore_run(stored: Mapping[str, Any]) -> WorkflowRun:
    """Rebuild a run from its snapshot."""
    fields = _with_times(stored)
    fields["pull_requests"] = _pulls(stored["pull_requests"])
    return WorkflowRun(**fields)


def restore_job(stored: Mapping[str, Any]) -> Job:
    """Rebuild a job and its steps from its snapshot."""
    fields = _with_times(stored)
    fields["labels"] = tuple(stored["labels"])
    fields["steps"] = tuple(Step(**_with_times(step)) for step in stored["steps"])
    return Job(**fields)


def restore_commit(stored: Mapping[str, Any]) -> CommitMetrics:
    """Rebuild a commit's metrics from their snapshot."""
    return CommitMetrics(**{**stored, "pull_requests": _pulls(stored["pull_requests"])})


def _pulls(stored: Sequence[Mapping[str, Any]]) -> tuple[PullRequest, ...]:
    return tuple(PullRequest(**pull) for pull in stored)


def _with_times(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: parse_timestamp(value) if name.endswith("_at") else value
        for name, value in stored.items()
    }


def _plain(value: object) -> object:
    """Turn one field into JSON types.

    ``dataclasses.asdict`` does the same five times more slowly, and every save of the ledger waits
    for it.
    """
    if isinstance(value, datetime):
        return write_timestamp(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return _fields(value) if isinstance(value, (PullRequest, Step)) else value


def _fields(value: WorkflowRun | Job | CommitMetrics | PullRequest | Step) -> dict[str, Any]:
    return {name: _plain(getattr(value, name)) for name in value.__slots__}
