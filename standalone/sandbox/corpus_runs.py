"""Recorded runs and jobs as specs; an attempt that was not recorded becomes a minimal one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from .rng import seeded_sha
from .specs import AttemptSpec, JobSpec, Json, LogSpec, RunSpec, WorkflowSpec
from .times import UnixSeconds, parse_time


def recorded_run(
    run_id: int, snapshots: Sequence[Json], jobs: Mapping[int, Sequence[JobSpec]]
) -> RunSpec:
    """Plan a run from its snapshots and its jobs by attempt; one of the two may be empty."""
    recorded = _latest_by_attempt(snapshots)
    last_number = max([*recorded, *jobs])
    latest = recorded[max(recorded)] if recorded else _placeholder_run(run_id, jobs)
    created = parse_time(latest["created_at"])
    attempts = [
        _attempt(number, created, recorded.get(number), tuple(jobs.get(number, ())))
        for number in range(1, last_number + 1)
    ]
    return RunSpec(
        id=run_id,
        number=latest["run_number"],
        workflow=_workflow(latest),
        event=latest["event"],
        head_branch=latest["head_branch"],
        head_sha=latest["head_sha"],
        actor=(latest.get("actor") or {"login": "ghost"})["login"],
        display_title=latest.get("display_title") or "",
        attempts=tuple(attempts),
    )


def _latest_by_attempt(snapshots: Sequence[Json]) -> dict[int, Json]:
    latest: dict[int, Json] = {}
    for run in snapshots:
        number = run.get("run_attempt") or 1
        if number not in latest or run["updated_at"] >= latest[number]["updated_at"]:
            latest[number] = run
    return latest


def _workflow(latest: Json) -> WorkflowSpec:
    path = latest.get("path") or ".github/workflows/unknown.yml"
    return WorkflowSpec(id=latest["workflow_id"], name=latest.get("name") or path, path=path)


def _attempt(
    number: int, created: UnixSeconds, recorded: Json | None, jobs: tuple[JobSpec, ...]
) -> AttemptSpec:
    if recorded is None:
        return _minimal_attempt(number, created, jobs)
    started = parse_time(recorded.get("run_started_at") or recorded["created_at"])
    updated = parse_time(recorded["updated_at"])
    actor = recorded.get("triggering_actor") or recorded.get("actor") or {"login": "ghost"}
    return AttemptSpec(
        number=number,
        requested_at=created if number == 1 else started,
        in_progress_at=started,
        completed_at=updated if recorded["status"] == "completed" else None,
        conclusion=recorded["conclusion"],
        triggering_actor=actor["login"],
        jobs=jobs,
        recorded=recorded,
    )


def _minimal_attempt(number: int, created: UnixSeconds, jobs: tuple[JobSpec, ...]) -> AttemptSpec:
    begins = min((job.created_at for job in jobs), default=created)
    ends = max((job.completed_at or begins for job in jobs), default=begins)
    conclusions = {job.conclusion for job in jobs}
    is_running = None in conclusions
    outcome = next((item for item in ("failure", "cancelled") if item in conclusions), "success")
    return AttemptSpec(
        number=number,
        requested_at=created if number == 1 else begins,
        in_progress_at=begins,
        completed_at=None if is_running else max(begins, ends),
        conclusion=None if is_running else outcome,
        triggering_actor="ghost",
        jobs=jobs,
    )


def _placeholder_run(run_id: int, jobs: Mapping[int, Sequence[JobSpec]]) -> Json:
    recorded = [job.recorded or {} for attempt in jobs.values() for job in attempt]
    times = [job.get(name) for job in recorded for name in ("created_at", "started_at")]
    return {
        "created_at": min(time for time in times if time),
        "run_number": 1,
        "event": "push",
        "head_branch": recorded[0].get("head_branch"),
        "head_sha": recorded[0]["head_sha"],
        "display_title": recorded[0].get("workflow_name") or "",
        "name": recorded[0].get("workflow_name"),
        "workflow_id": int(seeded_sha("workflow", run_id)[:7], 16),
    }


def recorded_jobs(
    snapshots: Iterable[Json], logs: dict[int | None, list[bytes]]
) -> dict[int, list[JobSpec]]:
    """Plan the jobs of one run, by attempt number.

    `logs` are by job id; a job that ran and has none takes one out of `logs[None]`.
    """
    newest: dict[int, Json] = {}
    for job in snapshots:
        before = newest.get(job["id"])
        if before is None or (job["completed_at"] or "") >= (before["completed_at"] or ""):
            newest[job["id"]] = job
    specs: dict[int, list[JobSpec]] = defaultdict(list)
    for job in newest.values():
        specs[job.get("run_attempt") or 1].append(_job(job, logs))
    return specs


def _job(job: Json, logs: dict[int | None, list[bytes]]) -> JobSpec:
    content = _log_content(job, logs)
    started = parse_time(job["started_at"])
    return JobSpec(
        id=job["id"],
        name=job["name"],
        created_at=min(started, parse_time(job.get("created_at") or job["started_at"])),
        started_at=started,
        completed_at=parse_time(job["completed_at"]) if job["completed_at"] else None,
        conclusion=job["conclusion"],
        labels=tuple(job["labels"]),
        runner=job["runner_name"],
        log=None if content is None else LogSpec(seed=str(job["id"]), content=content),
        log_expired=content is None and _has_run(job),
        recorded=job,
    )


def _log_content(job: Json, logs: dict[int | None, list[bytes]]) -> bytes | None:
    if job["id"] in logs:
        return logs[job["id"]][0]
    unclaimed = logs.get(None)
    return unclaimed.pop(0) if unclaimed and _has_run(job) else None


def _has_run(job: Json) -> bool:
    return job["status"] == "completed" and job["conclusion"] != "skipped" and bool(job["steps"])
