"""The tools of `runstream mcp`: the read model of the dashboard, in bounded portions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from ingest.domain.annotations import UNSUCCESSFUL_CONCLUSIONS
from ingest.errors import NotFound
from ingest.ports import Clock, StateStore
from ingest.services.dashboard.logs import find_job_log
from ingest.services.dashboard.overview import build_overview
from ingest.services.dashboard.rows import summary_row
from ingest.services.dashboard.runs import RunFilters, RunReference, list_runs, load_run
from ingest.services.log_ingestion.read_log import LogReader
from ingest.settings import Settings
from pydantic import Field

from .bounds import MAX_CHARACTERS, cut_annotations, fit, size_of
from .log_lines import LogSelection, select_lines

MAX_RUNS = 50
MAX_JOBS = 100
MAX_ATTEMPTS = 50
#: In an answer about a run, the most characters of the run itself, and of one job.
MAX_RUN_CHARACTERS = 20_000
MAX_JOB_CHARACTERS = 70_000
#: In an answer about a log, the most characters of everything but its lines.
MAX_LOG_HEAD_CHARACTERS = 5_000

#: The ids that a state can store.
Id = Annotated[int, Field(ge=1, lt=2**63)]
Offset = Annotated[int, Field(ge=0)]
RepositoryName = Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$", description="owner/name")]

#: Parts of the overview that only people need: first steps with this process's settings, plots.
_ONLY_ON_PAGES = ("setup", "message_intervals", "windows")


@dataclass(frozen=True, slots=True, kw_only=True)
class McpTools:
    """Read-only tools for AI agents, with their signatures and docstrings as MCP shows them.

    All raise StateUnavailable; ``get_run`` and ``get_job_log`` also raise NotFound; ``get_job_log``
    raises LogPending if the log cannot be searched yet.
    """

    state: StateStore
    settings: Settings
    clock: Clock
    open_log_reader: Callable[[], LogReader]

    def get_collection_status(self) -> dict[str, Any]:
        """Return the health of collection: agents, queues, rate limit, repositories, errors."""
        overview = build_overview(self.state, self.settings, now=self.clock.now())
        return {name: value for name, value in overview.items() if name not in _ONLY_ON_PAGES}

    def list_failures(
        self, *, repository: RepositoryName | None = None, limit: int = 20, offset: Offset = 0
    ) -> dict[str, Any]:
        """Return runs that failed, timed out or did not start, newest first; at most 50."""
        filters = RunFilters(repository=repository)
        summaries = self.state.load_run_summaries()
        failed = [each for each in summaries if each.is_failed and filters.accepts(each)]
        shown = failed[offset:][: max(1, min(limit, MAX_RUNS))]
        return {"runs": [summary_row(each) for each in shown], "total": len(failed)}

    def list_runs(
        self,
        *,
        repository: RepositoryName | None = None,
        workflow: str | None = None,
        branch: str | None = None,
        status: str | None = None,
        conclusion: str | None = None,
        search: str | None = None,
        limit: int = 20,
        offset: Offset = 0,
    ) -> dict[str, Any]:
        """Return recent runs, newest first; at most 50. `search`: id, number, SHA or words."""
        filters = RunFilters(
            repository=repository,
            workflow=workflow,
            branch=branch,
            status=status,
            conclusion=conclusion,
            search=search,
        )
        found = list_runs(self.state, filters, limit=min(limit, MAX_RUNS), offset=offset)
        return {name: value for name, value in found.items() if name != "choices"}

    def get_run(
        self,
        *,
        run_id: Id,
        run_attempt: Id | None = None,
        repository: RepositoryName | None = None,
        jobs_offset: Offset = 0,
        job_id: Id | None = None,
        steps_offset: Offset = 0,
        annotations_offset: Offset = 0,
    ) -> dict[str, Any]:
        """Return a run's newest attempt, or a given one: jobs, steps, commit, annotations.

        At most 100 jobs from `jobs_offset` on, failed ones first; `jobs_total` counts all. With
        `job_id` only this job. `truncated` names what is not complete; continue a job's
        `annotations` and `steps` with `job_id` and `annotations_offset` or `steps_offset`. If an
        annotation has `is_cut`, only the first 2,000 characters of its texts are returned; GitHub
        shows them in full at `html_url`.
        """
        reference = RunReference(run_id=run_id, run_attempt=run_attempt, repository=repository)
        found = load_run(
            self.state, reference, web_url=self.settings.github.web_url, now=self.clock.now()
        )
        run = found["run"]
        jobs = sorted(run["jobs"], key=_is_unsuccessful, reverse=True)
        chosen = [job for job in jobs if job_id in (None, job["job_id"])]
        if job_id is not None and not chosen:
            raise NotFound(f"Run {run_id} has no job {job_id} in this attempt.")
        # The offsets apply to a given job; without one, to the run's own annotations.
        run_offset = annotations_offset if job_id is None else 0
        if job_id is None:
            chosen = chosen[jobs_offset:]
            steps_offset = annotations_offset = 0
        head = {
            "run": {**_from_offsets(run, annotations=run_offset), "jobs": []},
            "jobs_total": len(jobs),
            "attempts": found["attempts"][-MAX_ATTEMPTS:],
            "attempts_total": len(found["attempts"]),
            "logs": {},
            "html_url": found["html_url"],
        }
        answer = fit(head, MAX_RUN_CHARACTERS)
        listed = [
            _from_offsets(job, annotations=annotations_offset, steps=steps_offset)
            for job in chosen[:MAX_JOBS]
        ]
        _add_jobs(answer, listed, found["logs"])
        return answer

    def get_job_log(
        self,
        *,
        run_id: Id,
        job_id: Id,
        run_attempt: Id | None = None,
        repository: RepositoryName | None = None,
        around_errors: bool = False,
        search: str | None = None,
        step: int | None = None,
        group: str | None = None,
        first_line: int = 1,
        count: int = 200,
    ) -> dict[str, Any]:
        """Return numbered lines of a job's log: `count` from `first_line` on, at most 500.

        `around_errors` selects 20 lines before and after each error, `search` the lines that
        contain a text. `step` (its `number` in `get_run`) or `group` (a text in the title of a
        `##[group]`) limits either to a part of the log; if `step_is_certain` is false, the part
        contains lines of the step's neighbours as well. `next_line` is the `first_line` that
        continues the answer; null at the end. If a line has `is_cut`, only its first 2,000
        characters are returned.
        """
        reference = RunReference(run_id=run_id, run_attempt=run_attempt, repository=repository)
        log = find_job_log(self.state, self.open_log_reader, reference, job_id)
        head = log.page(1, 1)
        for name in ("lines", "first_line", "long_lines"):
            del head[name]
        head = fit(head, MAX_LOG_HEAD_CHARACTERS)
        if head["state"] != "fetched":
            return {**head, "lines": [], "next_line": None}
        selection = LogSelection(
            search=search,
            step=step,
            group=group,
            around_errors=around_errors,
            first_line=first_line,
            count=count,
        )
        return {**head, **select_lines(log, selection, total_lines=head["total_lines"])}


def _add_jobs(answer: dict[str, Any], jobs: list[dict[str, Any]], logs: dict[str, Any]) -> None:
    """Add the first jobs with the states of their logs, as many as fit, but at least one."""
    size = size_of(answer)
    for job in jobs:
        short = fit(job, MAX_JOB_CHARACTERS)
        log = {each: logs[each] for each in [str(job["job_id"])] if each in logs}
        size += size_of({"run": {"jobs": [short]}, "logs": log})
        if size > MAX_CHARACTERS and answer["run"]["jobs"]:
            return
        answer["run"]["jobs"].append(short)
        answer["logs"] |= log


def _from_offsets(item: dict[str, Any], *, annotations: int, steps: int = 0) -> dict[str, Any]:
    """Return a run or a job with its annotations and its steps from these offsets on."""
    cut = {**item, "annotations": cut_annotations(item["annotations"], annotations)}
    return {**cut, "steps": item["steps"][steps:]} if "steps" in item else cut


def _is_unsuccessful(job: dict[str, Any]) -> bool:
    return job["conclusion"] in UNSUCCESSFUL_CONCLUSIONS
