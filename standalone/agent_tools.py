"""What `runstream mcp` answers: the read model of the dashboard, in bounded portions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ingest.domain.summaries import RunSummary
from ingest.errors import LogPending
from ingest.ports import Clock, LogCache, StateStore
from ingest.services.dashboard.logs import JobLog, find_job_log
from ingest.services.dashboard.overview import build_overview
from ingest.services.dashboard.rows import summary_row
from ingest.services.dashboard.runs import RunAddress, RunChoice, list_runs, load_run
from ingest.services.read_log import LogReader
from ingest.settings import Settings

MOST_RUNS = 50
MOST_LINES = 500
#: Lines before and after each error; errors that are closer share their lines.
AROUND_ERROR = 20
MOST_ERRORS = 10

#: Parts of the overview for people: plots, and the first steps with this process's own settings.
_FOR_PEOPLE = ("setup", "traffic", "windows")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """The part of a log that an agent asks for; the first that is given decides."""

    search: str | None = None
    step: int | None = None
    group: str | None = None
    around_errors: bool = False
    first_line: int = 1
    count: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTools:
    """Read-only questions about what was collected. All raise StateUnavailable."""

    state: StateStore
    cache: LogCache
    settings: Settings
    clock: Clock
    open_log_reader: Callable[[], LogReader]

    def get_collection_status(self) -> dict[str, Any]:
        """Return health, agents, queues, rate limit, repositories, failures and errors."""
        overview = build_overview(self.state, self.settings, now=self.clock.now())
        return {name: value for name, value in overview.items() if name not in _FOR_PEOPLE}

    def list_runs(self, choice: RunChoice, *, limit: int, offset: int) -> dict[str, Any]:
        """Return recent runs, newest first."""
        found = list_runs(self.state, choice, limit=min(limit, MOST_RUNS), offset=offset)
        return {name: value for name, value in found.items() if name != "choices"}

    def list_failures(self, repository: str | None, *, limit: int) -> dict[str, Any]:
        """Return runs that failed in any way, newest first."""
        choice = RunChoice(repository=repository)
        failed = [each for each in self.state.load_run_summaries() if _is_match(each, choice)]
        shown = failed[: max(1, min(limit, MOST_RUNS))]
        return {"runs": [summary_row(each) for each in shown], "total": len(failed)}

    def get_run(self, address: RunAddress) -> dict[str, Any]:
        """Return one attempt of a run as in its message. Raises NotFound."""
        found = load_run(
            self.state, address, web_url=self.settings.github.web_url, now=self.clock.now()
        )
        return {name: found[name] for name in ("run", "attempts", "logs", "html_url")}

    def get_job_log(self, address: RunAddress, job_id: int, place: LogPlace) -> dict[str, Any]:
        """Return lines of a job's log with their numbers, or why there is none.

        Raises NotFound for an unknown job, LogPending where the log cannot be searched.
        """
        log = find_job_log(self.state, self.cache, self.open_log_reader, address, job_id)
        head = log.page(1, 1)
        if head["state"] != "fetched":
            return {**_head(head), "lines": []}
        ranges = _ranges(log, place)
        lines = [
            {"number": first + at, "text": text}
            for first, last in ranges
            for at, text in enumerate(log.page(first, last - first + 1)["lines"])
        ]
        return {**_head(head), "lines": lines}


def _is_match(summary: RunSummary, choice: RunChoice) -> bool:
    return summary.is_failed and choice.accepts(summary)


def _head(page: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in page.items() if name not in ("lines", "first_line")}


def _ranges(log: JobLog, place: LogPlace) -> list[tuple[int, int]]:
    """Return the line ranges that are asked for, MOST_LINES in all at most."""
    if place.search is not None:
        found = log.find(place.search, 0)["lines"][:MOST_LINES]
        return [(line, line) for line in found]
    if place.step is not None:
        return _cut(_step(log, place.step))
    if place.group is not None:
        return _cut([_group(log, place.group)])
    if place.around_errors:
        return _cut(_around(log.outline()["errors"][:MOST_ERRORS]))
    first, count = max(1, place.first_line), max(1, min(place.count, MOST_LINES))
    return [(first, first + count - 1)]


def _step(log: JobLog, number: int) -> list[tuple[int, int]]:
    """Return the lines of a step. Raises LogPending where its place in the log is not certain."""
    for step in log.outline()["steps"]:
        if step["number"] == number and step["first_line"] is not None:
            return [(step["first_line"], step["last_line"])]
    raise LogPending(
        f"Where step {number} is in this log is not certain. Use `around_errors`, `group` or "
        "`search` instead."
    )


def _group(log: JobLog, title: str) -> tuple[int, int]:
    """Return the lines of the first group whose title contains the text; none match: no line."""
    for first, last, name in log.outline()["groups"]:
        if title.lower() in name.lower():
            return first, last
    return 1, 0


def _around(errors: list[int]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for line in errors:
        first, last = max(1, line - AROUND_ERROR), line + AROUND_ERROR
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], last)
        else:
            ranges.append((first, last))
    return ranges


def _cut(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    left, kept = MOST_LINES, []
    for first, last in ranges:
        count = min(left, last - first + 1)
        if count > 0:
            kept.append((first, first + count - 1))
            left -= count
    return kept
