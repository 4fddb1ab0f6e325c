"""What GitHub marks in a log, found while the log streams: error lines and groups.

A line ends at LF, as in GitHub's viewer, however long it is. Bytes count from 0, lines from 1, and
both ends belong to the range, as in HTTP's ``Range``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from .envelope import encode_json

#: So many of a kind are named; what is left out is named in ``truncated``.
MOST_ERROR_LINES = 100
MOST_GROUPS = 100

_TITLE_BYTES = 100

#: A mark begins its line, behind the line's time; so much of a line is enough to find it.
_HEAD_BYTES = 256
_SIGN = b"##["
_MARK = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\d{4}-\d\d-\d\dT[\d:.]+Z )?##\[(group|endgroup|error)\]([^\r\n]*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGroup:
    """A foldable group of a log, with the lines that open and close it."""

    title: str
    first_line: int
    last_line: int
    first_byte: int
    last_byte: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMarks:
    """The error lines and groups of a log; ``truncated`` names what is not complete."""

    error_lines: tuple[int, ...] = ()
    groups: tuple[LogGroup, ...] = ()
    truncated: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """Return the fields of a message's data, but ``truncated``."""
        groups = [
            {
                "title": group.title,
                "first_line": group.first_line,
                "last_line": group.last_line,
                "first_byte": group.first_byte,
                "last_byte": group.last_byte,
            }
            for group in self.groups
        ]
        return {"error_lines": list(self.error_lines), "groups": groups}

    def cut_to(self, max_bytes: int) -> LogMarks:
        """Return marks that take no more than this: without groups, or with no marks at all."""
        shorter = self
        for name in ("groups", "error_lines"):
            if len(encode_json(shorter.fields()).encode()) > max_bytes:
                truncated = tuple(dict.fromkeys((*shorter.truncated, name)))
                cut: dict[str, Any] = {name: (), "truncated": truncated}
                shorter = replace(shorter, **cut)
        return shorter


class LogMarkReader:
    """A reader of a log's marks, chunk by chunk, in constant memory."""

    def __init__(self) -> None:
        self._head = b""
        self._dropped_bytes = 0
        self._line = 1
        self._byte = 0
        self._error_lines: list[int] = []
        self._groups: list[LogGroup] = []
        self._opened: LogGroup | None = None
        self._truncated: dict[str, None] = {}

    def feed(self, chunk: bytes) -> None:
        """Read the next bytes of the log."""
        end = chunk.rfind(b"\n") + 1
        if end:
            self._read(self._head + chunk[:end])
            self._head, self._dropped_bytes = b"", 0
        self._head += chunk[end:]
        self._dropped_bytes += max(len(self._head) - _HEAD_BYTES, 0)
        self._head = self._head[:_HEAD_BYTES]

    def finish(self) -> LogMarks:
        """Return the marks of the log that ends here."""
        is_open_line = bool(self._head)
        self._read(self._head)
        last_line = self._line if is_open_line else self._line - 1
        self._close(last_line, self._byte - 1)
        return LogMarks(
            error_lines=tuple(self._error_lines),
            groups=tuple(self._groups),
            truncated=tuple(self._truncated),
        )

    def _read(self, block: bytes) -> None:
        """Read lines whose first may lack what was dropped of it behind its head."""
        dropped, counted, line = self._dropped_bytes, 0, self._line
        found = block.find(_SIGN)
        while found >= 0:
            start = block.rfind(b"\n", 0, found) + 1
            end = block.find(b"\n", found) + 1 or len(block)
            line += block.count(b"\n", counted, start)
            counted = start
            if (mark := _MARK.match(block, start)) is not None:
                first_byte = self._byte + start + (dropped if start else 0)
                self._add(mark, line, first_byte, self._byte + end + dropped - 1)
            found = block.find(_SIGN, end)
        self._line = line + block.count(b"\n", counted)
        self._byte += len(block) + dropped

    def _add(self, mark: re.Match[bytes], line: int, first_byte: int, last_byte: int) -> None:
        kind, rest = mark.groups()
        if kind == b"error":
            if len(self._error_lines) < MOST_ERROR_LINES:
                self._error_lines.append(line)
            else:
                self._truncated["error_lines"] = None
        elif kind == b"endgroup":
            self._close(line, last_byte)
        else:
            self._close(line - 1, first_byte - 1)
            self._opened = LogGroup(
                title=rest[:_TITLE_BYTES].decode(errors="replace").strip(),
                first_line=line,
                last_line=line,
                first_byte=first_byte,
                last_byte=last_byte,
            )

    def _close(self, last_line: int, last_byte: int) -> None:
        """Add the open group, if any: it ends before the next one, or with the log."""
        opened, self._opened = self._opened, None
        if opened is None:
            return
        if len(self._groups) == MOST_GROUPS:
            self._truncated["groups"] = None
            return
        self._groups.append(replace(opened, last_line=last_line, last_byte=last_byte))
