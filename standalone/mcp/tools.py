"""What `runstream mcp` answers: the read model of the dashboard, in bounded portions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from ingest.domain.annotations import ANNOTATED_CONCLUSIONS
from ingest.domain.summaries import RunSummary
from ingest.errors import NotFound
from ingest.ports import Clock, LogCache, StateStore
from ingest.services.dashboard.logs import JobLog, find_job_log
from ingest.services.dashboard.overview import build_overview
from ingest.services.dashboard.rows import summary_row
from ingest.services.dashboard.runs import RunAddress, RunChoice, list_runs, load_run
from ingest.services.log_ingestion.read_log import LogReader
from ingest.settings import Settings

MAX_RUNS = 50
MAX_JOBS = 100
MAX_LINES = 500
#: Characters of a line, and of all lines or jobs of one answer.
MAX_LINE_CHARACTERS = 2_000
MAX_CHARACTERS = 100_000
#: Lines before and after each error; errors that are closer share their lines.
AROUND_ERROR = 20

Range = tuple[int, int]

#: Parts of the overview for people: plots, and the first steps with this process's own settings.
_ONLY_ON_PAGES = ("setup", "traffic", "windows")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """The lines that an agent asks for: ``step`` or ``group`` limit where, the others which."""

    search: str | None = None
    around_errors: bool = False
    step: int | None = None
    group: str | None = None
    first_line: int = 1
    count: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTools:
    """Read-only queries of what was collected. All raise StateUnavailable."""

    state: StateStore
    cache: LogCache
    settings: Settings
    clock: Clock
    open_log_reader: Callable[[], LogReader]

    def get_collection_status(self) -> dict[str, Any]:
        """Return health, agents, queues, rate limit, repositories, failures and errors."""
        overview = build_overview(self.state, self.settings, now=self.clock.now())
        return {name: value for name, value in overview.items() if name not in _ONLY_ON_PAGES}

    def list_runs(self, choice: RunChoice, *, limit: int, offset: int) -> dict[str, Any]:
        """Return recent runs, newest first."""
        found = list_runs(self.state, choice, limit=min(limit, MAX_RUNS), offset=offset)
        return {name: value for name, value in found.items() if name != "choices"}

    def list_failures(self, repository: str | None, *, limit: int) -> dict[str, Any]:
        """Return runs that failed in any way, newest first."""
        choice = RunChoice(repository=repository)
        failed = [each for each in self.state.load_run_summaries() if _is_match(each, choice)]
        shown = failed[: max(1, min(limit, MAX_RUNS))]
        return {"runs": [summary_row(each) for each in shown], "total": len(failed)}

    def get_run(self, address: RunAddress, *, jobs_offset: int) -> dict[str, Any]:
        """Return one attempt of a run as in its message, failed jobs first. Raises NotFound."""
        found = load_run(
            self.state, address, web_url=self.settings.github.web_url, now=self.clock.now()
        )
        jobs = sorted(found["run"]["jobs"], key=_has_succeeded)
        shown = _shown(jobs[max(0, jobs_offset) :][:MAX_JOBS])
        ids = {str(job["job_id"]) for job in shown}
        return {
            "run": {**found["run"], "jobs": shown},
            "jobs_total": len(jobs),
            "attempts": found["attempts"],
            "logs": {job_id: log for job_id, log in found["logs"].items() if job_id in ids},
            "html_url": found["html_url"],
        }

    def get_job_log(self, address: RunAddress, job_id: int, place: LogPlace) -> dict[str, Any]:
        """Return lines of a job's log with their numbers, or why there is none.

        ``next_line`` continues the answer as ``first_line``; None at the end. Raises NotFound for
        an unknown job, step or group, LogPending where the log cannot be searched.
        """
        log = find_job_log(self.state, self.cache, self.open_log_reader, address, job_id)
        head = log.page(1, 1)
        for name in ("lines", "first_line", "long_lines"):
            del head[name]
        if head["state"] != "fetched":
            return {**head, "lines": [], "next_line": None}
        count = max(1, min(place.count, MAX_LINES))
        ranges = _ranges(log, place, total_lines=head["total_lines"], count=count)
        lines, next_line = _read(log, ranges, count)
        return {**head, "lines": lines, "next_line": next_line}


def _shown(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the first jobs, as many as an answer may contain; one always."""
    sizes = accumulate(len(json.dumps(job, default=str)) for job in jobs)
    return [job for job, size in zip(jobs, sizes, strict=True) if size <= MAX_CHARACTERS] or jobs[
        :1
    ]


def _has_succeeded(job: dict[str, Any]) -> bool:
    return job["conclusion"] not in ANNOTATED_CONCLUSIONS


def _is_match(summary: RunSummary, choice: RunChoice) -> bool:
    return summary.is_failed and choice.accepts(summary)


def _ranges(log: JobLog, place: LogPlace, *, total_lines: int, count: int) -> list[Range]:
    """Return the lines that are asked for, in order; of a search, one more than ``count``."""
    begin, last = _limits(log, place) or (1, total_lines)
    first = max(begin, place.first_line)
    if place.search:
        return _matches(log, place.search, (first, last), count)
    if not place.around_errors:
        return [(first, last)]
    errors = _around(error for error in log.outline()["errors"] if begin <= error <= last)
    return [(max(first, at), min(last, end)) for at, end in errors]


def _limits(log: JobLog, place: LogPlace) -> Range | None:
    """Return where the step or the group is; None for the whole log. Raises NotFound."""
    if place.step is not None:
        return _step(log, place.step)
    if place.group is not None:
        return _group(log, place.group)
    return None


def _step(log: JobLog, number: int) -> Range:
    for step in log.outline()["steps"]:
        if step["number"] == number and step["first_line"] is not None:
            return step["first_line"], step["last_line"]
    raise NotFound(
        f"Where step {number} is in this log is not certain. Use `around_errors`, `group` or "
        "`search` instead."
    )


def _group(log: JobLog, title: str) -> Range:
    for first, last, name in log.outline()["groups"]:
        if title.lower() in name.lower():
            return first, last
    raise NotFound(f"No group of this log has {title!r} in its title. Use `search` instead.")


def _matches(log: JobLog, text: str, within: Range, count: int) -> list[Range]:
    after, last = within[0] - 1, within[1]
    found: list[Range] = []
    while after < last and len(found) <= count:
        answer = log.find(text, after)
        found += [(line, line) for line in answer["lines"] if line <= last]
        if not answer["more"]:
            break
        after = answer["searched_to"]
    return found[: count + 1]


def _around(errors: Iterable[int]) -> list[Range]:
    ranges: list[Range] = []
    for line in errors:
        first, last = max(1, line - AROUND_ERROR), line + AROUND_ERROR
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], last)
        else:
            ranges.append((first, last))
    return ranges


def _read(
    log: JobLog, ranges: Iterable[Range], count: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Return ``count`` lines of the ranges at most, and the line that would be the next."""
    lines: list[dict[str, Any]] = []
    characters = 0
    for first, last in ranges:
        wanted = min(last - first, count - len(lines)) + 1
        texts = log.page(first, wanted)["lines"] if wanted > 0 else []
        for number, text in enumerate(texts, first):
            if len(lines) == count or characters >= MAX_CHARACTERS:
                return lines, number
            shown = text[:MAX_LINE_CHARACTERS]
            characters += len(shown)
            cut = {"is_cut": True} if len(shown) < len(text) else {}
            lines.append({"number": number, "text": shown, **cut})
    return lines, None
