"""The outline of a log, found while it streams: groups, steps, error and warning lines.

A line ends at LF, as in GitHub's viewer, however long it is. Bytes count from 0, lines from 1, and
both ends belong to the range, as in HTTP's ``Range``.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import starmap
from typing import NamedTuple

from .jobs import Step
from .locate_steps import StepEvidence, StepRanges
from .step_ranges import StepRange
from .step_starts import START_MARKER, StartLineReader

#: How many of each kind are kept, in addition to the first line of each step. A kind with more is
#: named in ``truncated``.
MAX_GROUPS = 5000
MAX_LINES = 1000

_TITLE_BYTES = 200

#: A command begins its line, behind the line's time; the first bytes of a line suffice to find it.
_HEAD_BYTES = 300
_MARKER = b"##["
#: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
_COMMAND = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\d{4}-\d\d-\d\dT[\d:.]+Z )?"
    rb"##\[(group|endgroup|error|warning)\]([^\r\n]*)"
)

#: An outline of this size takes longer to compress than to store.
_SMALL_BYTES = 2048


class LogGroup(NamedTuple):
    """A foldable group of a log, with the lines that open and close it."""

    title: str
    first_line: int
    last_line: int
    first_byte: int
    last_byte: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOutline:
    """What GitHub's log viewer shows of a log: groups, steps, and lines of errors and warnings.

    ``steps`` is None unless the places of the steps are certain. Each of ``uncertain_steps`` lies
    within its range, which contains lines of other steps as well. ``truncated`` names the fields
    that are not complete.
    """

    error_lines: tuple[int, ...] = ()
    warning_lines: tuple[int, ...] = ()
    groups: tuple[LogGroup, ...] = ()
    steps: tuple[StepRange, ...] | None = None
    uncertain_steps: tuple[StepRange, ...] = ()
    truncated: tuple[str, ...] = ()


class LogOutlineReader:
    """A reader of a log's outline, chunk by chunk, in constant memory.

    A group that is not closed ends before the next one, or with the log.
    """

    def __init__(self) -> None:
        self._head = b""
        self._dropped_bytes = 0
        self._line = 1
        self._byte = 0
        self._opened: tuple[str, int, int] | None = None
        self._lines: dict[str, list[int]] = {"error_lines": [], "warning_lines": []}
        self._groups: list[LogGroup] = []
        self._starts = StartLineReader()
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

    def finish(self) -> tuple[LogOutline, StepEvidence]:
        """Return the outline of the log that ends here, and what it shows of its steps."""
        is_open_line = bool(self._head)
        self._read(self._head)
        last_line = self._line if is_open_line else self._line - 1
        self._close(last_line, self._byte - 1)
        outline = LogOutline(
            error_lines=tuple(self._lines["error_lines"]),
            warning_lines=tuple(self._lines["warning_lines"]),
            groups=tuple(self._groups),
            truncated=tuple(self._truncated),
        )
        return outline, StepEvidence(
            starts=tuple(self._starts.starts), last_line=last_line, last_byte=self._byte - 1
        )

    def _read(self, block: bytes) -> None:
        """Read lines; of the first one, bytes may have been dropped behind its head."""
        dropped, counted, line = self._dropped_bytes, 0, self._line
        for start, end in _marked_lines(block):
            line += block.count(b"\n", counted, start)
            counted = start
            first_byte = self._byte + start + (dropped if start else 0)
            if (command := _COMMAND.match(block, start)) is not None:
                self._add(command, line, first_byte, self._byte + end + dropped - 1)
            self._starts.read(block[start : min(end, start + _HEAD_BYTES)], line, first_byte)
        self._line = line + block.count(b"\n", counted)
        self._byte += len(block) + dropped

    def _add(self, command: re.Match[bytes], line: int, first_byte: int, last_byte: int) -> None:
        kind, rest = command.groups()
        if kind in (b"error", b"warning"):
            self._add_line(f"{kind.decode()}_lines", line)
        elif kind == b"endgroup":
            self._close(line, last_byte)
        else:
            self._close(line - 1, first_byte - 1)
            title = rest[:_TITLE_BYTES].decode(errors="replace").strip()
            self._opened = title, line, first_byte

    def _add_line(self, kind: str, line: int) -> None:
        lines = self._lines[kind]
        starts = self._starts.starts
        is_first_of_step = bool(lines and starts) and lines[-1] < starts[-1].line
        if len(lines) < MAX_LINES or is_first_of_step:
            lines.append(line)
        else:
            self._truncated[kind] = None

    def _close(self, last_line: int, last_byte: int) -> None:
        """Add the open group, if any: it ends before the next one, or with the log."""
        opened, self._opened = self._opened, None
        if opened is None:
            return
        if len(self._groups) == MAX_GROUPS:
            self._truncated["groups"] = None
            return
        title, first_line, first_byte = opened
        self._groups.append(
            LogGroup(
                title=title,
                first_line=first_line,
                last_line=last_line,
                first_byte=first_byte,
                last_byte=last_byte,
            )
        )


def _marked_lines(block: bytes) -> Iterator[tuple[int, int]]:
    """Return the start and end of each line that may hold a command or begin a step."""
    starts = set()
    found = block.find(_MARKER)
    while found >= 0:
        starts.add(block.rfind(b"\n", 0, found) + 1)
        found = block.find(_MARKER, block.find(b"\n", found) + 1 or len(block))
    starts.update(block.rfind(b"\n", 0, each.start()) + 1 for each in START_MARKER.finditer(block))
    for start in sorted(starts):
        yield start, block.find(b"\n", start) + 1 or len(block)


def read_outline(
    chunks: Iterable[bytes],
    steps: Sequence[Step] = (),
    stored_ranges: tuple[StepRange, ...] | None = None,
) -> LogOutline:
    """Read the outline of a whole log, with the ranges of its job's ``steps`` if they are known.

    ``stored_ranges``: those that the log's S3 object holds, which an archive proved.
    """
    reader = LogOutlineReader()
    for chunk in chunks:
        reader.feed(chunk)
    outline, evidence = reader.finish()
    return with_step_ranges(outline, replace(evidence, proved_ranges=stored_ranges).locate(steps))


def with_step_ranges(outline: LogOutline, ranges: StepRanges) -> LogOutline:
    """Return an outline with the ranges of a job's steps."""
    return replace(outline, steps=ranges.certain, uncertain_steps=ranges.uncertain)


def pack_outline(outline: LogOutline) -> bytes:
    """Return an outline as JSON, compressed if it is long."""
    packed = {each.name: getattr(outline, each.name) for each in fields(outline)}
    text = json.dumps(packed, separators=(",", ":")).encode()
    return text if len(text) <= _SMALL_BYTES else zlib.compress(text, zlib.Z_BEST_SPEED)


def unpack_outline(packed: bytes) -> LogOutline:
    """Read what ``pack_outline`` wrote."""
    read = json.loads(packed if packed[:1] == b"{" else zlib.decompress(packed))
    return LogOutline(
        error_lines=tuple(read["error_lines"]),
        warning_lines=tuple(read["warning_lines"]),
        groups=tuple(starmap(LogGroup, read["groups"])),
        steps=None if read["steps"] is None else tuple(starmap(StepRange, read["steps"])),
        uncertain_steps=tuple(starmap(StepRange, read.get("uncertain_steps", ()))),
        truncated=tuple(read["truncated"]),
    )
