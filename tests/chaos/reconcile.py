"""What the sandbox holds against what the queues got."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tests.chaos.reader import Reader


def missing(truth: Iterable[dict[str, Any]], reader: Reader) -> Iterator[str]:
    """Name every ended attempt, ended job and log that the queues did not get."""
    for attempt in truth:
        key = (attempt["repo"], attempt["run_id"], attempt["run_attempt"])
        if attempt["status"] != "completed":
            continue
        if ("workflow_run_completed", *key, None) not in reader.facts:
            yield f"attempt {key}"
        for job in attempt["jobs"]:
            yield from _missing_of_job(key, job, reader)


def _missing_of_job(key: tuple[Any, ...], job: dict[str, Any], reader: Reader) -> Iterator[str]:
    if ("workflow_job_completed", *key, job["job_id"]) not in reader.facts:
        yield f"job {job['job_id']} of {key}"
    log_key = (*key, job["job_id"])
    if job.get("log_sha256") is not None:
        if reader.log_sha256(log_key) != job["log_sha256"] and log_key not in reader.absent:
            yield f"log of job {job['job_id']} of {key} ({reader.parts_of(log_key)})"
    elif log_key not in reader.absent and log_key not in reader.parts:
        yield f"word on the log of job {job['job_id']} of {key}"


def given_up(truth: Iterable[dict[str, Any]], reader: Reader) -> list[tuple[Any, ...]]:
    """List logs that exist and that GitHub's final answer (410) kept from the collectors."""
    keys = [
        (attempt["repo"], attempt["run_id"], attempt["run_attempt"], job["job_id"])
        for attempt in truth
        for job in attempt["jobs"]
        if job.get("log_sha256") is not None
    ]
    return [key for key in keys if reader.log_sha256(key) is None and key in reader.absent]


def wrongly_repeated(reader: Reader) -> Iterator[str]:
    """Name facts that came under two ids although they are the same."""
    for key, digests in reader.facts.items():
        if len(set(digests.values())) < len(digests):
            yield f"{key} came as {sorted(digests)}"
