"""The list of recent runs, and the details of one run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from ...domain.ledger import AttemptRecord
from ...domain.runs import WorkflowRun, completed_at
from ...domain.stored_values import repository_key
from ...domain.summaries import RunSummary
from ...domain.timestamps import format_timestamp, seconds_between
from ...errors import NotFound, Rejected
from ...messaging.encoding import envelope_fields
from ...messaging.run_events import run_envelope
from ...ports import DashboardStore, LedgerStore, StateStore
from .annotations import annotation_rows, commit_files_url
from .rows import summary_row

MAX_RUNS_PER_PAGE = 100
MAX_ANNOTATIONS = 100

#: The value of a run that each filter of the list compares, by the filter's name.
RUN_FILTERS: Mapping[str, Callable[[RunSummary], str | None]] = {
    "repository": lambda run: run.key.repository,
    "workflow": lambda run: run.workflow_name,
    "branch": lambda run: run.head_branch,
    "event": lambda run: run.event,
    "actor": lambda run: run.actor,
    "status": lambda run: run.status,
    "conclusion": lambda run: run.conclusion,
}

#: What a list may be sorted by, largest first; None is the order of the store, newest first.
ORDERS: Mapping[str, Callable[[RunSummary], float | int | None] | None] = {
    "start": None,
    "duration": lambda run: run.duration_seconds,
    "queued": lambda run: run.queued_seconds,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilters:
    """Filters of the list of runs; None accepts all. ``search``: id, number, SHA prefix, or words.

    ``since`` and ``until`` are the first and the last day (UTC) on which a run was created.
    """

    repository: str | None = None
    workflow: str | None = None
    branch: str | None = None
    event: str | None = None
    actor: str | None = None
    status: str | None = None
    conclusion: str | None = None
    search: str | None = None
    since: date | None = None
    until: date | None = None

    def accepts(self, run: RunSummary) -> bool:
        """Return whether a run passes the filters."""
        for name, value_of in RUN_FILTERS.items():
            wanted = getattr(self, name)
            if wanted is not None and (value_of(run) or "").lower() != wanted.lower():
                return False
        day = run.created_at.astimezone(timezone.utc).date()
        if (self.since and day < self.since) or (self.until and day > self.until):
            return False
        return self.search is None or _is_found(run, self.search.strip().lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReference:
    """The ids of an attempt; by default the newest one of a run, in any repository."""

    run_id: int
    run_attempt: int | None = None
    repository: str | None = None


def list_runs(
    store: DashboardStore, filters: RunFilters, *, limit: int, offset: int, order: str = "start"
) -> dict[str, Any]:
    """Return the matching runs, and the values that each filter can have.

    ``order`` is one of ORDERS: the newest first, or the longest. Raises Rejected for another one.
    """
    if order not in ORDERS:
        raise Rejected(f"Runs cannot be sorted by {order}; they can by {', '.join(ORDERS)}.")
    collected = store.load_run_summaries()
    matching = [run for run in collected if filters.accepts(run)]
    if (value_of := ORDERS[order]) is not None:
        matching.sort(
            key=lambda run: -1 if (value := value_of(run)) is None else value, reverse=True
        )
    start, count = max(0, offset), min(max(1, limit), MAX_RUNS_PER_PAGE)
    return {
        "runs": [summary_row(run) for run in matching[start : start + count]],
        "total": len(matching),
        "unfiltered_total": len(collected),
        "offset": start,
        "limit": count,
        "choices": {name: _distinct(collected, name) for name in RUN_FILTERS},
    }


def load_run(
    store: StateStore, reference: RunReference, *, web_url: str, now: datetime
) -> dict[str, Any]:
    """Return one attempt of a run, the newest by default, with the data of its message.

    Raises NotFound if the run was never collected, is not fetched yet, or is purged.
    """
    attempts = load_run_attempts(store, reference)
    record = _choose(attempts, reference.run_attempt)
    run = record.run
    if run is None:
        raise NotFound(f"{record.key} has not been fetched yet. Try again in a minute.")
    commits = store.load_commits(run.repository, [run.head_sha]) if run.head_sha else {}
    envelope = run_envelope(
        run,
        record,
        commits.get(run.head_sha or ""),
        occurrence=max(0, record.published_statuses.count(run.status) - 1),
        timestamp=run.updated_at or now,
    )
    logs = store.load_job_logs(record.key)
    return {
        "run": dict(envelope.data),
        "attempts": [_attempt(each) for each in attempts],
        "logs": {
            str(job_id): {"state": log.state, "reason": log.reason, "log_bytes": log.log_bytes}
            for job_id, log in logs.items()
        },
        "annotations": _annotations(record, run, web_url),
        "message": json.dumps(envelope_fields(envelope), indent=2, ensure_ascii=False),
        "html_url": run.html_url,
        "commit_url": f"{web_url}/{run.repository}/commit/{run.head_sha}" if run.head_sha else None,
        "settled": record.settled,
    }


def load_run_attempts(store: LedgerStore, reference: RunReference) -> list[AttemptRecord]:
    """Load every known attempt of a run in order. Raises NotFound if there is none."""
    run_id, repository = reference.run_id, reference.repository
    if repository is None:
        known = store.find_attempts(run_id)
    else:
        known = list(store.load_attempts(repository, [run_id]).values())
    if not known:
        run = f"Run {run_id}" + (f" of {repository}" if repository else "")
        raise NotFound(f"{run} was not collected. Check its id and that its repository is watched.")
    # The keys may spell the repository differently, if its name has changed between attempts.
    name = repository_key(known[0].key.repository)
    of_run = (each for each in known if repository_key(each.key.repository) == name)
    return sorted(of_run, key=lambda record: record.key.run_attempt)


def _choose(attempts: Sequence[AttemptRecord], run_attempt: int | None) -> AttemptRecord:
    """Return an attempt by its number, or the newest fetched one. Raises NotFound."""
    if run_attempt is None:
        fetched = [each for each in attempts if each.run is not None]
        return (fetched or list(attempts))[-1]
    for each in attempts:
        if each.key.run_attempt == run_attempt:
            return each
    run_id = attempts[0].key.run_id
    raise NotFound(f"Attempt {run_attempt} of run {run_id} was not collected.")


def _attempt(record: AttemptRecord) -> dict[str, Any]:
    run = record.run
    ended_at = completed_at(run, record.jobs) if run else None
    return {
        "run_attempt": record.key.run_attempt,
        "status": run.status if run else None,
        "conclusion": run.conclusion if run else None,
        "created_at": format_timestamp(run.created_at if run else record.created_at),
        "run_started_at": format_timestamp(run.run_started_at if run else None),
        "duration_seconds": seconds_between(run.run_started_at, ended_at) if run else None,
        "job_count": len(record.jobs),
    }


def _annotations(record: AttemptRecord, run: WorkflowRun, web_url: str) -> list[dict[str, Any]]:
    """Return the annotations of the attempt itself, then those of its jobs."""
    root = commit_files_url(web_url, run.repository, run.head_sha)
    own = annotation_rows(record.annotations, files_url=root)
    rows = [{**row, "job_id": None, "job_name": None} for row in own]
    for job in record.jobs:
        of_job = {"job_id": job.job_id, "job_name": job.name}
        found = annotation_rows(job.annotations, files_url=root)
        rows += [{**row, **of_job} for row in found]
    return rows[:MAX_ANNOTATIONS]


def _distinct(runs: Sequence[RunSummary], name: str) -> list[str]:
    values = {RUN_FILTERS[name](run) for run in runs}
    return sorted((value for value in values if value), key=str.lower)


def _is_found(run: RunSummary, text: str) -> bool:
    if not text:
        return True
    if text in (str(run.key.run_id), str(run.run_number), f"#{run.run_number}"):
        return True
    if run.head_sha is not None and len(text) >= 4 and run.head_sha.startswith(text):
        return True
    text_of_run = " ".join(
        part.lower() for part in (run.title, run.workflow_name, run.head_branch, run.actor) if part
    )
    return all(word in text_of_run for word in text.split())
