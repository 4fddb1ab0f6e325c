"""The templates of workflows in a simulated world: their events, jobs and steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .specs import StepSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTemplate:
    """A job or a matrix of jobs; it waits until all jobs of the levels before have ended.

    ``seconds``: the shortest and the longest duration.
    """

    names: tuple[str, ...]
    seconds: tuple[float, float]
    steps: tuple[str, ...]
    level: int = 0
    labels: tuple[str, ...] = ("ubuntu-latest",)
    max_approval_seconds: float = 0.0
    """The longest time until somebody approves its start; 0: no approval is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowTemplate:
    """A workflow file, the events that start it, and its jobs."""

    name: str
    file: str
    events: tuple[str, ...]
    jobs: tuple[JobTemplate, ...]


_BEGIN = ("Set up job", "Run actions/checkout@v4")
_END = ("Post Run actions/checkout@v4", "Complete job")

_CI = WorkflowTemplate(
    name="CI",
    file="ci.yml",
    events=("push", "pull_request"),
    jobs=(
        JobTemplate(names=("lint",), seconds=(20, 60), steps=(*_BEGIN, "Run ruff", *_END)),
        JobTemplate(
            names=tuple(
                f"test ({system}, {version})"
                for system in ("ubuntu-latest", "macos-14")
                for version in ("3.10", "3.12")
            ),
            seconds=(60, 420),
            steps=(*_BEGIN, "Set up Python", "Install", "Run tests", *_END),
        ),
        JobTemplate(
            names=("build",),
            seconds=(30, 120),
            steps=(*_BEGIN, "Build wheel", "Upload artifact", *_END),
            level=1,
        ),
    ),
)
_CODEQL = WorkflowTemplate(
    name="CodeQL",
    file="codeql.yml",
    events=("push", "pull_request"),
    jobs=(
        JobTemplate(
            names=("analyze / Scan: python", "analyze / Scan: javascript"),
            seconds=(90, 300),
            steps=(*_BEGIN, "Initialize CodeQL", "Perform CodeQL analysis", *_END),
        ),
    ),
)
_DOCS = WorkflowTemplate(
    name="Docs 📚",
    file="docs.yml",
    events=("pull_request",),
    jobs=(JobTemplate(names=("docs",), seconds=(15, 50), steps=(*_BEGIN, "Build pages", *_END)),),
)
_NIGHTLY = WorkflowTemplate(
    name="Nightly",
    file="nightly.yml",
    events=("schedule",),
    jobs=(
        JobTemplate(
            names=tuple(f"shard ({number}/106)" for number in range(1, 107)),
            seconds=(60, 600),
            steps=(*_BEGIN, "Run shard", *_END),
            labels=("self-hosted", "linux", "x64"),
        ),
    ),
)
_RELEASE = WorkflowTemplate(
    name="Release",
    file="release.yml",
    events=("workflow_dispatch",),
    jobs=(
        JobTemplate(names=("package",), seconds=(30, 90), steps=(*_BEGIN, "Package", *_END)),
        JobTemplate(
            names=("deploy / production",),
            seconds=(20, 200),
            steps=("Set up job", "Deploy", "Complete job"),
            level=1,
            max_approval_seconds=1800,
        ),
    ),
)
WORKFLOW_TEMPLATES = (_CI, _CODEQL, _DOCS, _NIGHTLY, _RELEASE)


@lru_cache(maxsize=1024)
def steps_of(names: tuple[str, ...], conclusion: str) -> tuple[StepSpec, ...]:
    """Plan a job's steps; those between the failed one and the last are skipped."""
    count = len(names)
    decisive = max(2, count - 2)
    result = []
    for number, name in enumerate(names, 1):
        step_conclusion = "success"
        if conclusion in {"failure", "timed_out", "cancelled"} and number >= decisive:
            step_conclusion = _step_conclusion(conclusion) if number == decisive else "skipped"
        if number == count:
            step_conclusion = "success"
        begin, end = (number - 1) / count, number / count
        # as on GitHub, the step numbers have a gap, here before the last step
        result.append(
            StepSpec(
                number=number + 3 * (number == count),
                name=name,
                begin=begin,
                end=end,
                conclusion=step_conclusion,
            )
        )
    return tuple(result)


def _step_conclusion(job_conclusion: str) -> str:
    return "cancelled" if job_conclusion == "timed_out" else job_conclusion
