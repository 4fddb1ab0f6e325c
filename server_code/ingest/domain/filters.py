"""Filters: which runs are collected, and which jobs' logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .globs import MATCH_ALL, GlobList, parse_globs
from .jobs import Job
from .runs import WorkflowRun

LOGS_ALL = "all"
LOGS_FAILED = "failed"
LOGS_NONE = "none"
LOG_CHOICES = (LOGS_ALL, LOGS_FAILED, LOGS_NONE)

#: When changed filters apply.
FILTERS_APPLY_FROM_NOW_ON = (
    "They apply to runs that are found from now on, and LOGS to jobs that end from now on; what "
    "was left out before stays left out."
)

#: A job with another conclusion counts as failed, also one that was cancelled or timed out.
_SUCCEEDED = frozenset({"success", "skipped", "neutral"})

PATTERN_NAMES = ("workflows", "branches", "events", "actors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is collected of a repository; ``logs`` None leaves the choice to another filter."""

    workflows: GlobList = MATCH_ALL
    branches: GlobList = MATCH_ALL
    events: GlobList = MATCH_ALL
    actors: GlobList = MATCH_ALL
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
        return self.logs != LOGS_FAILED or job.conclusion not in _SUCCEEDED

    def as_texts(self) -> dict[str, str]:
        """Return the filters that are set, by their names, as a person writes them."""
        lists = {name: getattr(self, name).patterns for name in PATTERN_NAMES}
        texts = {name: ",".join(patterns) for name, patterns in lists.items() if patterns}
        return texts if self.logs is None else {**texts, "logs": self.logs}

    @property
    def are_set(self) -> bool:
        """Return whether the filters leave anything out."""
        return self != NO_FILTERS and self != Filters(logs=LOGS_ALL)


NO_FILTERS = Filters()


def parse_filters(texts: Mapping[str, str]) -> Filters:
    """Read filters in the form of ``as_texts``; an empty text sets no filter.

    Raises ValueError, whose message names all faults.
    """
    globs, faults = {}, []
    for name in PATTERN_NAMES:
        try:
            globs[name] = parse_globs(texts.get(name, ""))
        except ValueError as fault:
            faults.append(f"{name} {fault}")
    logs = texts.get("logs", "").strip() or None
    if logs is not None and logs not in LOG_CHOICES:
        faults.append(f"logs is {logs[:100]!r}: expected {', '.join(LOG_CHOICES)}")
    if faults:
        raise ValueError("; ".join(faults))
    return Filters(**globs, logs=logs)


@dataclass(frozen=True, slots=True)
class FilterChain:
    """Filters that apply together. A run must pass all; the last one with ``logs`` selects logs."""

    filters: tuple[Filters, ...] = ()

    def accepts(self, run: WorkflowRun) -> bool:
        """Return whether a run is collected."""
        return all(each.accepts(run) for each in self.filters)

    def wants_log(self, job: Job) -> bool:
        """Return whether the log of an ended job is collected."""
        choices = [each for each in self.filters if each.logs is not None]
        return not choices or choices[-1].wants_log(job)
