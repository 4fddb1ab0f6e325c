"""A log as pages of lines: what can be read by line range without reading the whole log.

Lines end at LF only, as GitHub counts them, and keep all other bytes: CR, NUL, byte order marks,
bytes that are not UTF-8. Pages hold parts. A line is one part, or several if it is longer than
MAX_PART_BYTES. So the parts of a log, joined, are the log byte for byte.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate, pairwise
from typing import BinaryIO, NamedTuple

from ..errors import StateUnavailable
from .batches import batches

MAX_PART_BYTES = 64 * 1024
MAX_PAGE_PARTS = 1000
MAX_PAGE_BYTES = 256 * 1024

#: An answer ends soon after this many lines or bytes, however many lines are requested.
MAX_ANSWER_LINES = 10_000
MAX_ANSWER_BYTES = 1024 * 1024

#: An answer of a search ends with this many line numbers, or soon after this many bytes searched.
MAX_ANSWER_MATCHES = 1000
MAX_SEARCHED_BYTES = 25 * 1024 * 1024

_READ_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """A page of complete parts of a log; ``first_part`` is the number of the first (from 1)."""

    first_part: int
    part_count: int
    content: bytes

    @property
    def end(self) -> int:
        """Return the number of the part after the last."""
        return self.first_part + self.part_count


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line with its line end; for a line of several parts, only the first part."""

    number: int
    content: bytes
    part_count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLines:
    """Consecutive lines of a log, and the size of the whole log.

    There are fewer lines than requested at the end of the log, and where an answer would become too
    large. The rest is requested from the line after the last.
    """

    lines: tuple[LogLine, ...]
    total_lines: int
    total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMatches:
    """Lines that contain a text, and the last line that was searched for it."""

    lines: tuple[int, ...]
    searched_to: int
    total_lines: int


class LongLine(NamedTuple):
    """A line of several parts."""

    number: int
    part_count: int


@dataclass(frozen=True, slots=True)
class LogSize:
    """The size of a log, and its lines that have several parts."""

    total_lines: int
    total_bytes: int
    long_lines: tuple[LongLine, ...] = ()


class PartIndex:
    """Which parts a line consists of, and which line a part belongs to, by their numbers."""

    def __init__(self, long_lines: tuple[LongLine, ...]) -> None:
        self._lines = [line.number for line in long_lines]
        self._parts = [line.part_count for line in long_lines]
        self._extra = [0, *accumulate(parts - 1 for parts in self._parts)]
        self._first_parts = [
            number + extra for number, extra in zip(self._lines, self._extra, strict=False)
        ]

    def first_part_of(self, line: int) -> int:
        """Return the first part of a line."""
        return line + self._extra[bisect_left(self._lines, line)]

    def parts_in(self, line: int) -> int:
        """Return how many parts a line has."""
        at = bisect_left(self._lines, line)
        return self._parts[at] if at < len(self._lines) and self._lines[at] == line else 1

    def line_of(self, part: int) -> int:
        """Return the line that a part belongs to."""
        at = bisect_right(self._first_parts, part)
        if at and part < self._first_parts[at - 1] + self._parts[at - 1]:
            return self._lines[at - 1]
        return part - self._extra[at]


#: Finds the page that holds a part, by the part's number; None where there is none.
FindPage = Callable[[int], "LogPage | None"]


class PageCutter:
    """A log cut into pages in constant memory, and measured on the way."""

    def __init__(self) -> None:
        self._lines = self._bytes = self._open_parts = 0
        self._long_lines: list[LongLine] = []

    def cut(self, log: BinaryIO) -> Iterator[LogPage]:
        """Yield the pages of a log from its current position."""
        measured = map(self._measure, iterate_parts(iter(lambda: log.read(_READ_BYTES), b"")))
        first = 1
        for parts in batches(
            measured, size_of=len, max_bytes=MAX_PAGE_BYTES, max_count=MAX_PAGE_PARTS
        ):
            yield LogPage(first_part=first, part_count=len(parts), content=b"".join(parts))
            first += len(parts)

    def size(self) -> LogSize:
        """Return the size of what was cut."""
        if self._open_parts:
            self._end_line()
        return LogSize(self._lines, self._bytes, tuple(self._long_lines))

    def _measure(self, part: bytes) -> bytes:
        """Count a part and return it."""
        self._bytes += len(part)
        self._open_parts += 1
        if part.endswith(b"\n"):
            self._end_line()
        return part

    def _end_line(self) -> None:
        self._lines += 1
        if self._open_parts > 1:
            self._long_lines.append(LongLine(self._lines, self._open_parts))
        self._open_parts = 0


def cut_log(log: bytes) -> tuple[list[LogPage], LogSize]:
    """Cut a log in memory into pages; a short log becomes one page."""
    lines = log.count(b"\n") + (not log.endswith(b"\n"))
    if log and len(log) <= MAX_PART_BYTES and lines <= MAX_PAGE_PARTS:
        page = LogPage(first_part=1, part_count=lines, content=log)
        return [page], LogSize(lines, len(log))
    cutter = PageCutter()
    return list(cutter.cut(BytesIO(log))), cutter.size()


def pick_lines(find_page: FindPage, size: LogSize, first: int, count: int) -> LogLines | None:
    """Read a range of lines from pages; None if a page has left the cache meanwhile."""
    index = PartIndex(size.long_lines)
    number = max(first, 1)
    end = min(number + max(0, min(count, MAX_ANSWER_LINES)), size.total_lines + 1)
    found: list[LogLine] = []
    answer_bytes = 0
    while number < end and answer_bytes < MAX_ANSWER_BYTES:
        page = find_page(index.first_part_of(number))
        if page is None:
            return None
        parts = parts_of(page.content)
        while number < end and (at := index.first_part_of(number) - page.first_part) < len(parts):
            found.append(
                LogLine(number=number, content=parts[at], part_count=index.parts_in(number))
            )
            number += 1
            answer_bytes += len(parts[at])
    return LogLines(lines=tuple(found), total_lines=size.total_lines, total_bytes=size.total_bytes)


def pick_part(find_page: FindPage, size: LogSize, line: int, part: int) -> bytes | None:
    """Read one part (from 1) of a line from its page; empty if the line has no such part.

    None if the page has left the cache meanwhile.
    """
    index = PartIndex(size.long_lines)
    if not 1 <= line <= size.total_lines or not 1 <= part <= index.parts_in(line):
        return b""
    number = index.first_part_of(line) + part - 1
    page = find_page(number)
    return None if page is None else parts_of(page.content)[number - page.first_part]


def read_pages(find_page: FindPage, size: LogSize) -> Iterator[bytes]:
    """Read all pages in order. Raises StateUnavailable if one has left the cache meanwhile."""
    read_bytes, number = 0, 1
    while read_bytes < size.total_bytes:
        page = find_page(number)
        if page is None:
            raise StateUnavailable("The log has left the cache; ask for it again.")
        yield page.content
        read_bytes += len(page.content)
        number = page.end


def search_pages(find_page: FindPage, size: LogSize, text: str, after: int) -> LogMatches | None:
    """Find the next lines behind ``after`` that hold a text in any case of ASCII letters.

    None if a page has left the cache meanwhile.
    """
    wanted = text.encode(errors="surrogatepass").lower()
    index = PartIndex(size.long_lines)
    found: dict[int, None] = {}
    number, end = index.first_part_of(max(after, 0) + 1), index.first_part_of(size.total_lines + 1)
    searched_to, searched_bytes = size.total_lines, 0
    line_so_far = b""  # as much of the open line's end as can begin the text
    while wanted and number < end:
        page = find_page(number)
        if page is None:
            return None
        content = line_so_far + page.content.lower()
        if wanted in content:
            lines = enumerate(BytesIO(content), start=index.line_of(page.first_part))
            found.update((line, None) for line, read in lines if line > after and wanted in read)
        number = page.end
        searched_bytes += len(page.content)
        line_so_far = content[max(len(content) - len(wanted) + 1, 0) :].rpartition(b"\n")[2]
        is_line_whole = number >= end or index.line_of(number) != index.line_of(number - 1)
        if len(found) >= MAX_ANSWER_MATCHES:
            searched_to = list(found)[MAX_ANSWER_MATCHES - 1]
            break
        if searched_bytes >= MAX_SEARCHED_BYTES and is_line_whole:
            searched_to = index.line_of(number - 1)
            break
    return LogMatches(
        lines=tuple(found)[:MAX_ANSWER_MATCHES],
        searched_to=searched_to,
        total_lines=size.total_lines,
    )


def parts_of(content: bytes) -> list[bytes]:
    """Split a page, or a whole log, into its parts."""
    return list(iterate_parts([content]))


def iterate_parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Split a log that comes in chunks into its parts."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield from _pieces(line + b"\n")
        if len(rest) > MAX_PART_BYTES:
            *long, rest = _pieces(rest)
            yield from long
    yield from _pieces(rest) if rest else ()


def _pieces(line: bytes) -> Iterable[bytes]:
    """Cut a line that is too long, between characters where it is UTF-8."""
    if len(line) <= MAX_PART_BYTES:
        return (line,)
    cuts = [0]
    while len(line) - cuts[-1] > MAX_PART_BYTES:
        cuts.append(_boundary(line, cuts[-1] + MAX_PART_BYTES))
    return [line[start:end] for start, end in pairwise([*cuts, len(line)])]


def _boundary(line: bytes, cut: int) -> int:
    for back in range(4):
        if line[cut - back] & 0xC0 != 0x80:
            return cut - back
    return cut
