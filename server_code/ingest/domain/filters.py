"""Filters: which runs are collected, and which jobs' logs."""

from __future__ import annotations

from dataclasses import dataclass

from .globs import ANY, GlobList
from .jobs import Job
from .runs import WorkflowRun

#: Values of LOGS.
LOGS_ALL = "all"
LOGS_FAILED = "failed"
LOGS_NONE = "none"
LOG_CHOICES = (LOGS_ALL, LOGS_FAILED, LOGS_NONE)

#: A job with another conclusion counts as failed, also one that was cancelled or timed out.
_WELL = frozenset({"success", "skipped", "neutral"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is collected of a repository; ``logs`` None leaves the choice to another filter."""

    workflows: GlobList = ANY
    branches: GlobList = ANY
    events: GlobList = ANY
    actors: GlobList = ANY
    logs: str | None = None

    def accepts(self, run: WorkflowRun) -> bool:
        """Return whether a run is collected.

        A workflow is matched by its name, its path and its file name; an actor is the account that
        triggered the attempt.
        """
        path = (run.workflow_path or "").partition("@")[0]
        actor = run.triggering_actor or run.actor
        return (
            self.workflows.accepts(run.workflow_name, path, path.rpartition("/")[2])
            and self.branches.accepts(run.head_branch)
            and self.events.accepts(run.event)
            and self.actors.accepts(actor)
        )

    def wants_log(self, job: Job) -> bool:
        """Return whether the log of an ended job is collected."""
        if self.logs == LOGS_NONE:
            return False
        return self.logs != LOGS_FAILED or job.conclusion not in _WELL

    @property
    def are_set(self) -> bool:
        """Return whether anything is left out."""
        return self != NO_FILTERS and self != Filters(logs=LOGS_ALL)


NO_FILTERS = Filters()
