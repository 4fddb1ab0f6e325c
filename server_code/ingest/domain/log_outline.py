"""What stands out in a log: its groups, errors and warnings, by line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .log_pages import split_chunks

#: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
#: A mark begins its line, behind the time of the line; elsewhere it is quoted, as in a script.
_MARK = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\d{4}-\d\d-\d\dT[\d:.]+Z )?##\[(group|endgroup|error|warning)\](.*)"
)

_MOST_GROUPS = 5000
_MOST_LINES = 1000
_TITLE_BYTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOutline:
    """The marks of a log, lines from 1.

    ``groups``: first line, last line and title of each, in order; a group that is not closed ends
    before the next one, or with the log.
    """

    groups: tuple[tuple[int, int, str], ...]
    errors: tuple[int, ...]
    warnings: tuple[int, ...]


def outline_of(chunks: Iterable[bytes]) -> LogOutline:
    """Read a log once, in constant memory; the first few thousand marks of a kind."""
    groups: list[tuple[int, int, str]] = []
    marked: dict[bytes, list[int]] = {b"error": [], b"warning": []}
    opened: tuple[int, str] | None = None
    number = 0
    for number, line in enumerate(split_chunks(chunks), start=1):
        mark = _MARK.match(line) if b"##[" in line else None
        if mark is None:
            continue
        kind, rest = mark.groups()
        if kind in marked:
            if len(marked[kind]) < _MOST_LINES:
                marked[kind].append(number)
            continue
        if opened is not None:
            last = number if kind == b"endgroup" else number - 1
            groups.append((opened[0], last, opened[1]))
        if len(groups) == _MOST_GROUPS:
            kind = b""
        opened = (number, _title(rest)) if kind == b"group" else None
    if opened is not None:
        groups.append((opened[0], number, opened[1]))
    return LogOutline(
        groups=tuple(groups),
        errors=tuple(marked[b"error"]),
        warnings=tuple(marked[b"warning"]),
    )


def _title(rest: bytes) -> str:
    return rest[:_TITLE_BYTES].strip().decode(errors="replace")
