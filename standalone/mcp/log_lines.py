"""The lines of a job's log that an agent asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ingest.errors import NotFound
from ingest.services.dashboard.logs import JobLog

from .bounds import MAX_TEXT_CHARACTERS, size_of

MAX_LINES = 500
#: An answer ends with the line that reaches this many characters.
MAX_LINES_CHARACTERS = 80_000
#: How many lines are returned before and after each error; no line is returned twice.
AROUND_ERROR = 20

LineRange = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSelection:
    """A selection of lines of a log, or of the part of it that ``step`` or ``group`` names."""

    search: str | None = None
    around_errors: bool = False
    step: int | None = None
    group: str | None = None
    first_line: int = 1
    count: int = 200


def select_lines(log: JobLog, selection: LogSelection, *, total_lines: int) -> dict[str, Any]:
    """Return the lines, and the line at which to continue: None at the end.

    Raises NotFound for an unknown step or group.
    """
    count = max(1, min(selection.count, MAX_LINES))
    ranges = _ranges(log, selection, total_lines=total_lines, count=count)
    lines, next_line = _read_lines(log, ranges, count)
    found: dict[str, Any] = {"lines": lines, "next_line": next_line}
    if selection.step is not None:
        found = {"step_is_certain": _step(log, selection.step)[1], **found}
    return found


def _ranges(
    log: JobLog, selection: LogSelection, *, total_lines: int, count: int
) -> list[LineRange]:
    """Return the selected ranges in order; for a search, at most one more than ``count``."""
    begin, last = 1, total_lines
    if selection.step is not None:
        (begin, last), _ = _step(log, selection.step)
    elif selection.group is not None:
        begin, last = _group(log, selection.group)
    first = max(begin, selection.first_line)
    if selection.search:
        return _search(log, selection.search, (first, last), count)
    if not selection.around_errors:
        return [(first, last)]
    errors = _around_errors(error for error in log.outline()["errors"] if begin <= error <= last)
    return [(max(first, at), min(last, end)) for at, end in errors]


def _step(log: JobLog, number: int) -> tuple[LineRange, bool]:
    """Return the lines of a step, and whether they are certain. Raises NotFound."""
    outline = log.outline()
    for step in outline["steps"]:
        if step["number"] == number and step["first_line"] is not None:
            return (step["first_line"], step["last_line"]), True
    for uncertain, first, last in outline["uncertain_steps"]:
        if uncertain == number:
            return (first, last), False
    raise NotFound(
        f"The lines of step {number} in this log are not known. Use `around_errors`, `group` or "
        "`search` instead."
    )


def _group(log: JobLog, title: str) -> LineRange:
    for first, last, name in log.outline()["groups"]:
        if title.lower() in name.lower():
            return first, last
    raise NotFound(f"No group of this log has {title!r} in its title. Use `search` instead.")


def _search(log: JobLog, text: str, within: LineRange, count: int) -> list[LineRange]:
    after, last = within[0] - 1, within[1]
    found: list[LineRange] = []
    while after < last and len(found) <= count:
        answer = log.find(text, after)
        found += [(line, line) for line in answer["lines"] if line <= last]
        if not answer["more"]:
            break
        after = answer["searched_to"]
    return found[: count + 1]


def _around_errors(errors: Iterable[int]) -> list[LineRange]:
    ranges: list[LineRange] = []
    for line in errors:
        first, last = max(1, line - AROUND_ERROR), line + AROUND_ERROR
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], last)
        else:
            ranges.append((first, last))
    return ranges


def _read_lines(
    log: JobLog, ranges: Iterable[LineRange], count: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Return at most ``count`` lines of the ranges, and the number of the next line, if any."""
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
        if 0 < len(texts) < wanted:  # long lines: a page holds fewer of them
            return lines, first + len(texts)
    return lines, None
