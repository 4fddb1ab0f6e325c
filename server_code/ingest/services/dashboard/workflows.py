"""The Workflows page: what was collected of each workflow, counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...domain.summaries import RunSummary
from ...ports import DashboardStore
from .rows import summary_row

SHOWN_RUNS = 20

_P95 = 0.95
_MEDIAN = 0.5


def list_workflows(store: DashboardStore, *, repository: str | None = None) -> dict[str, Any]:
    """Return each workflow with its last runs, success rate and times, by repository and name.

    Everything is counted from the stored runs that have ended; ``repository`` narrows them down.
    """
    ended = [run for run in store.load_run_summaries() if run.conclusion is not None]
    groups: dict[tuple[str, str], list[RunSummary]] = {}
    for run in ended:
        if repository is None or run.key.repository.lower() == repository.lower():
            groups.setdefault((run.key.repository, run.workflow_name or ""), []).append(run)
    by_name = sorted(groups.items(), key=lambda item: (item[0][0].lower(), item[0][1].lower()))
    return {
        "workflows": [_workflow(name, runs) for (_, name), runs in by_name],
        "repositories": sorted({run.key.repository for run in ended}, key=str.lower),
        "runs": sum(map(len, groups.values())),
    }


def _workflow(name: str, runs: Sequence[RunSummary]) -> dict[str, Any]:
    """Count the runs of a workflow, newest first."""
    succeeded = sum(run.conclusion == "success" for run in runs)
    failed = sum(run.is_failed for run in runs)
    durations = [run.duration_seconds for run in runs if run.duration_seconds is not None]
    queued = [run.queued_seconds for run in runs if run.queued_seconds is not None]
    return {
        "repository": runs[0].key.repository,
        "workflow_name": name or None,
        "runs": len(runs),
        "succeeded": succeeded,
        "failed": failed,
        "success_rate": succeeded / (succeeded + failed) if succeeded + failed else None,
        "duration_median": quantile(durations, _MEDIAN),
        "duration_p95": quantile(durations, _P95),
        "queued_median": quantile(queued, _MEDIAN),
        "queued_p95": quantile(queued, _P95),
        "last": [summary_row(run) for run in runs[:SHOWN_RUNS]],
    }


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that ``share`` of the values do not exceed, or None if empty."""
    if not values:
        return None
    ordered = sorted(values)
    at = max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)
    return ordered[at]
