"""What `runstream mcp` answers: the read model of the dashboard, in bounded portions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ingest.domain.annotations import ANNOTATED_CONCLUSIONS
from ingest.domain.summaries import RunSummary
from ingest.errors import NotFound
from ingest.ports import Clock, LogCache, StateStore
from ingest.services.dashboard.logs import JobLog, find_job_log
from ingest.services.dashboard.overview import build_overview
from ingest.services.dashboard.rows import summary_row
from ingest.services.dashboard.runs import RunFilters, RunReference, list_runs, load_run
from ingest.services.log_ingestion.read_log import LogReader
from ingest.settings import Settings

from .bounds import MAX_CHARACTERS, MAX_TEXT_CHARACTERS, cut_annotations, fit, size_of

MAX_RUNS = 50
MAX_JOBS = 100
MAX_ATTEMPTS = 50
MAX_LINES = 500
#: The most characters of an answer about a run: of the run itself, and of one job.
MAX_RUN_CHARACTERS = 20_000
MAX_JOB_CHARACTERS = 70_000
#: The characters of a log's lines in an answer, to which one more line is added.
MAX_LINES_CHARACTERS = 80_000
MAX_HEAD_CHARACTERS = 5_000
#: Lines before and after each error; errors that are closer share their lines.
AROUND_ERROR = 20

Range = tuple[int, int]

#: Parts of the overview for people: plots, and the first steps with this process's own settings.
_ONLY_ON_PAGES = ("setup", "message_intervals", "windows")


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
class RunPart:
    """The part of a run that an agent asks for: its jobs from one on, or one job.

    The other offsets are those of this job's lists; without a job, of the run's own annotations.
    """

    jobs_offset: int = 0
    job_id: int | None = None
    steps_offset: int = 0
    annotations_offset: int = 0


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

    def list_runs(self, filters: RunFilters, *, limit: int, offset: int) -> dict[str, Any]:
        """Return recent runs, newest first."""
        found = list_runs(self.state, filters, limit=min(limit, MAX_RUNS), offset=offset)
        return {name: value for name, value in found.items() if name != "choices"}

    def list_failures(self, repository: str | None, *, limit: int, offset: int) -> dict[str, Any]:
        """Return runs that failed in any way, newest first."""
        filters = RunFilters(repository=repository)
        failed = [each for each in self.state.load_run_summaries() if _is_match(each, filters)]
        shown = failed[offset:][: max(1, min(limit, MAX_RUNS))]
        return {"runs": [summary_row(each) for each in shown], "total": len(failed)}

    def get_run(self, reference: RunReference, part: RunPart) -> dict[str, Any]:
        """Return one attempt of a run as in its message, failed jobs first. Raises NotFound."""
        found = load_run(
            self.state, reference, web_url=self.settings.github.web_url, now=self.clock.now()
        )
        run, logs = found["run"], found["logs"]
        jobs = sorted(run["jobs"], key=_has_succeeded)
        chosen = [job for job in jobs if part.job_id in (None, job["job_id"])]
        if part.job_id is not None and not chosen:
            raise NotFound(f"Run {reference.run_id} has no job {part.job_id} in this attempt.")
        own_offset = part.annotations_offset if part.job_id is None else 0
        own = {
            "run": {
                **run,
                "jobs": [],
                "annotations": cut_annotations(run["annotations"], own_offset),
            },
            "jobs_total": len(jobs),
            "attempts": found["attempts"][-MAX_ATTEMPTS:],
            "attempts_total": len(found["attempts"]),
            "logs": {},
            "html_url": found["html_url"],
        }
        answer = fit(own, MAX_RUN_CHARACTERS)
        _add_jobs(answer, chosen[part.jobs_offset :][:MAX_JOBS], logs, part)
        return answer

    def get_job_log(self, reference: RunReference, job_id: int, place: LogPlace) -> dict[str, Any]:
        """Return lines of a job's log with their numbers, or why there is none.

        ``next_line`` continues the answer as ``first_line``; None at the end. Raises NotFound for
        an unknown job, step or group, LogPending where the log cannot be searched.
        """
        log = find_job_log(self.state, self.cache, self.open_log_reader, reference, job_id)
        head = log.page(1, 1)
        for name in ("lines", "first_line", "long_lines"):
            del head[name]
        head = fit(head, MAX_HEAD_CHARACTERS)
        if head["state"] != "fetched":
            return {**head, "lines": [], "next_line": None}
        if place.step is not None:
            head["step_is_certain"] = _step(log, place.step)[1]
        count = max(1, min(place.count, MAX_LINES))
        ranges = _ranges(log, place, total_lines=head["total_lines"], count=count)
        lines, next_line = _read(log, ranges, count)
        return {**head, "lines": lines, "next_line": next_line}


def _add_jobs(
    answer: dict[str, Any], jobs: list[dict[str, Any]], logs: dict[str, Any], part: RunPart
) -> None:
    """Add the first jobs with the states of their logs, as many as fit; one always."""
    size = size_of(answer)
    begins = part if part.job_id is not None else RunPart()
    for job in jobs:
        annotations = cut_annotations(job["annotations"], begins.annotations_offset)
        steps = job["steps"][begins.steps_offset :]
        short = fit({**job, "annotations": annotations, "steps": steps}, MAX_JOB_CHARACTERS)
        log = {each: logs[each] for each in [str(job["job_id"])] if each in logs}
        size += size_of({"run": {"jobs": [short]}, "logs": log})
        if size > MAX_CHARACTERS and answer["run"]["jobs"]:
            return
        answer["run"]["jobs"].append(short)
        answer["logs"] |= log


def _has_succeeded(job: dict[str, Any]) -> bool:
    return job["conclusion"] not in ANNOTATED_CONCLUSIONS


def _is_match(summary: RunSummary, filters: RunFilters) -> bool:
    return summary.is_failed and filters.accepts(summary)


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
        return _step(log, place.step)[0]
    if place.group is not None:
        return _group(log, place.group)
    return None


def _step(log: JobLog, number: int) -> tuple[Range, bool]:
    """Return the lines of a step, and whether they are certain. Raises NotFound."""
    outline = log.outline()
    for step in outline["steps"]:
        if step["number"] == number and step["first_line"] is not None:
            return (step["first_line"], step["last_line"]), True
    for uncertain, first, last in outline["uncertain_steps"]:
        if uncertain == number:
            return (first, last), False
    raise NotFound(
        f"Where step {number} is in this log is not known. Use `around_errors`, `group` or "
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
            if len(lines) == count or characters >= MAX_LINES_CHARACTERS:
                return lines, number
            shown = text[:MAX_TEXT_CHARACTERS]
            line = {"number": number, "text": shown}
            if len(shown) < len(text):
                line["is_cut"] = True
            characters += size_of({"lines": [line]})
            lines.append(line)
    return lines, None
