"""Recorded jobs as specs, by the attempt that they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from .specs import JobSpec, Json, LogSpec
from .times import parse_time


def recorded_jobs(
    snapshots: Iterable[Json], logs: dict[int | None, list[bytes]]
) -> dict[int, list[JobSpec]]:
    """Plan the jobs of one run, by attempt number.

    `logs` are by job id; a finished job without one takes a log of an unknown job (key None).
    """
    newest: dict[int, Json] = {}
    for job in snapshots:
        before = newest.get(job["id"])
        if before is None or (job["completed_at"] or "") >= (before["completed_at"] or ""):
            newest[job["id"]] = job
    specs: dict[int, list[JobSpec]] = defaultdict(list)
    for job in newest.values():
        specs[job.get("run_attempt") or 1].append(_spec(job, logs))
    return specs


def _spec(job: Json, logs: dict[int | None, list[bytes]]) -> JobSpec:
    content = _content(job, logs)
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
        log_expired=content is None and _ran(job),
        recorded=job,
    )


def _content(job: Json, logs: dict[int | None, list[bytes]]) -> bytes | None:
    if job["id"] in logs:
        return logs[job["id"]][0]
    unclaimed = logs.get(None)
    return unclaimed.pop(0) if unclaimed and _ran(job) else None


def _ran(job: Json) -> bool:
    return job["status"] == "completed" and job["conclusion"] != "skipped" and bool(job["steps"])
