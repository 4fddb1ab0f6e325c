"""Reading attempts from GitHub: their newest state, their jobs, their commits. Requests only.

Runs on worker threads, so nothing here touches the store.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from ..domain.code_metrics import CommitMetrics, triggering_pull_request
from ..domain.jobs import Job
from ..domain.ledger import AttemptRecord
from ..domain.runs import AttemptKey, WorkflowRun
from ..errors import IngestError, NotFound, SourceUnavailable
from ..ports import ActionsSource

#: A run that is there without its jobs is taken for what it is after so many failed looks.
PATIENT_LOOKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSnapshot:
    """Be what one look at an attempt brought.

    ``record`` carries the newest run and jobs; ``newest`` is a later attempt that the look met;
    ``error`` is why the look was cut short. ``is_whole``: every job was seen.
    """

    record: AttemptRecord
    newest: WorkflowRun | None = None
    error: IngestError | None = None
    is_whole: bool = True
    is_gone: bool = False


def read_attempt(
    source: ActionsSource, record: AttemptRecord, *, run_is_fresh: bool, wants_jobs: bool
) -> AttemptSnapshot:
    """Look at one attempt; an error is part of the reading, so that the others' are kept."""
    try:
        snapshot = _read_run(source, record, run_is_fresh=run_is_fresh)
        return _read_jobs(source, snapshot) if wants_jobs or _has_ended(snapshot) else snapshot
    except NotFound as error:
        return _without_a_part(source, record, error)
    except IngestError as error:
        return AttemptSnapshot(record=record, error=error)


def merge_jobs(known: Sequence[Job], seen: Sequence[Job]) -> tuple[Job, ...]:
    """Join two sights of an attempt's jobs: the newer wins, but never by what it lacks.

    GitHub drops a job's steps with age, and a page may be short; what was seen stays seen.
    """
    merged = {job.job_id: job for job in known}
    for job in seen:
        before = merged.get(job.job_id)
        keeps_steps = before is not None and not job.steps
        merged[job.job_id] = replace(job, steps=before.steps) if before and keeps_steps else job
    return tuple(merged.values())


def commits_to_fetch(
    runs: Collection[WorkflowRun], known: Mapping[str, CommitMetrics]
) -> list[str]:
    """Name the commits to ask for: unknown ones, and known ones that hide a pull request.

    A commit may have been read before its pull request was opened.
    """
    wanted = {run.head_sha for run in runs if run.head_sha is not None and _lacks(run, known)}
    return sorted(wanted)


def commits_with_hidden_pulls(runs: Collection[WorkflowRun]) -> set[str]:
    """Name the commits whose pull requests must be asked for: their runs do not tell them."""
    return {
        run.head_sha
        for run in runs
        if run.head_sha is not None
        and run.is_for_pull_request
        and triggering_pull_request(run, ()) is None
    }


def _lacks(run: WorkflowRun, known: Mapping[str, CommitMetrics]) -> bool:
    commit = known.get(run.head_sha or "")
    if commit is None:
        return True
    return (
        run.is_for_pull_request
        and not commit.pull_requests
        and triggering_pull_request(run, commit.pull_requests) is None
    )


def _read_run(
    source: ActionsSource, record: AttemptRecord, *, run_is_fresh: bool
) -> AttemptSnapshot:
    run = record.run
    if run is None:
        found = source.fetch_attempt(record.key).value
        return AttemptSnapshot(record=replace(record, run=found))
    if run_is_fresh or run.is_completed:
        return AttemptSnapshot(record=record)
    answer = source.fetch_run(record.key.repository, record.key.run_id, record.run_validator)
    if answer.value is None:
        return AttemptSnapshot(record=record)
    if answer.value.key == record.key:
        return AttemptSnapshot(
            record=replace(record, run=answer.value, run_validator=answer.validator)
        )
    own = source.fetch_attempt(record.key).value
    return AttemptSnapshot(record=replace(record, run=own or run), newest=answer.value)


def _without_a_part(
    source: ActionsSource, record: AttemptRecord, error: NotFound
) -> AttemptSnapshot:
    """Tell a deleted run from one that GitHub shows while something of it is not there yet.

    Of a deleted one, what was seen is all there will ever be.
    """
    gone = AttemptSnapshot(record=record, is_gone=True)
    if record.run is None or record.failures >= PATIENT_LOOKS:
        return gone
    try:
        source.fetch_run(record.key.repository, record.key.run_id)
    except NotFound:
        return gone
    except IngestError as failure:
        return AttemptSnapshot(record=record, error=failure)
    late = SourceUnavailable(f"GitHub shows {record.key}, but not all of it yet: {error}")
    return AttemptSnapshot(record=record, error=late)


def _read_jobs(source: ActionsSource, snapshot: AttemptSnapshot) -> AttemptSnapshot:
    record = snapshot.record
    answer = source.fetch_jobs(record.key, record.jobs_validator)
    if answer.value is None:
        return snapshot
    jobs = merge_jobs(record.jobs, _of(record.key, answer.value.jobs))
    seen = replace(record, jobs=jobs, jobs_validator=answer.validator)
    return replace(snapshot, record=seen, is_whole=answer.value.is_complete)


def _of(key: AttemptKey, jobs: Sequence[Job]) -> list[Job]:
    """Say of each job that it belongs to the attempt it was listed for."""
    return [replace(job, run_id=key.run_id, run_attempt=key.run_attempt) for job in jobs]


def _has_ended(snapshot: AttemptSnapshot) -> bool:
    return snapshot.record.run is not None and snapshot.record.run.is_completed
