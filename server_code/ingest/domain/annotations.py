"""The annotations of failed jobs: errors of the runner, and of the tools that it ran."""

from __future__ import annotations

from dataclasses import dataclass

from .codec import KeepsUnknownFields

#: Conclusions of jobs that did not succeed. Their annotations are read with one request per job.
UNSUCCESSFUL_CONCLUSIONS = frozenset({"failure", "cancelled", "timed_out", "startup_failure"})

#: Conclusions of attempts that could not start, and so have no job. If the workflow file is
#: invalid, the conclusion is ``failure``.
START_FAILURES = frozenset({"startup_failure", "failure"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation(KeepsUnknownFields):
    """One annotation of a check run, with the fields that it also has in messages.

    https://docs.github.com/en/rest/checks/runs#list-check-run-annotations
    """

    path: str | None
    start_line: int | None
    end_line: int | None
    start_column: int | None
    end_column: int | None
    level: str | None
    title: str | None
    message: str | None
    raw_details: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationList(KeepsUnknownFields):
    """The first annotations of one check run, failures before warnings.

    ``total``: how many it has; None if unknown. ``validator``: the ETag of the answer.
    """

    items: tuple[Annotation, ...]
    total: int | None
    validator: str | None = None
