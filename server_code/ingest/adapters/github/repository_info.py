"""A repository as GitHub's objects describe it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...domain.timestamps import parse_timestamp
from ...ports import RepositoryInfo
from ...wire.fields import integer, mapping, text


def parse_repository(payload: Mapping[str, Any], *, requested_name: str = "") -> RepositoryInfo:
    """Parse a repository object; ``requested_name`` stands in for a name that it lacks."""
    return RepositoryInfo(
        full_name=text(payload.get("full_name")) or requested_name,
        is_private=payload.get("private") is True,
        is_archived=payload.get("archived") is True,
        is_disabled=payload.get("disabled") is True,
        repository_id=integer(payload.get("id")),
        pushed_at=parse_timestamp(payload.get("pushed_at")),
        html_url=text(payload.get("html_url")),
        owner_id=integer(mapping(payload.get("owner")).get("id")),
    )


def repository_of_runs(runs: tuple[Mapping[str, Any], ...]) -> str | None:
    """Return the full name of the repository of a list of runs; None for an empty list."""
    names = (mapping(run.get("repository")) for run in runs)
    return next((text(name.get("full_name")) for name in names), None)


def repository_of_jobs(jobs: tuple[Mapping[str, Any], ...]) -> str | None:
    """Return the full name of the repository of a list of jobs, from the URL of their run."""
    for job in jobs:
        _, found, path = (text(job.get("run_url")) or "").partition("/repos/")
        return "/".join(path.split("/")[:2]) if found else None
    return None
