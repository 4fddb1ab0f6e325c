"""A log as pages of lines: what can be read by line range without reading the whole log.

Lines end at LF only, and keep whatever they hold: CR, NUL, byte order marks, bytes that are no
UTF-8. A line longer than MAX_LINE_BYTES is several lines here, all but its last ``is_cut``; so the
joined lines of a log are always the log, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from ..errors import StateUnavailable

MAX_LINE_BYTES = 64 * 1024
PAGE_LINES = 1000
PAGE_BYTES = 256 * 1024

#: However many lines are asked for, one answer ends soon after so many lines or bytes.
ANSWER_LINES = 10_000
ANSWER_BYTES = 1024 * 1024

#: However often a text is found, one answer holds no more line numbers than this.
ANSWER_FINDINGS = 1000

_READ_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Whole lines of a log, the first of them number ``first`` (from 1)."""

    first: int
    line_count: int
    content: bytes

    @property
    def end(self) -> int:
        """Return the number of the line after the last."""
        return self.first + self.line_count


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line with its line end; where it ``is_cut``, the next one continues it."""

    number: int
    content: bytes
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLines:
    """Consecutive lines of a log, and the size of the whole log.

    They are fewer than were asked for at the log's end, and where they would be too many at once:
    ask again from the line after the last.
    """

    lines: tuple[LogLine, ...]
    total_lines: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class LogSize:
    """The size of a log."""

    total_lines: int
    total_bytes: int


#: Finds the page that holds a line, by the line's number; None where there is none.
FindPage = Callable[[int], "LogPage | None"]


def cut_pages(log: BinaryIO) -> Iterator[LogPage]:
    """Cut a log into pages from its current position, in constant memory."""
    lines: list[bytes] = []
    first, size = 1, 0
    for line in split_chunks(iter(lambda: log.read(_READ_BYTES), b"")):
        if lines and (len(lines) == PAGE_LINES or size + len(line) > PAGE_BYTES):
            yield LogPage(first=first, line_count=len(lines), content=b"".join(lines))
            first, lines, size = first + len(lines), [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield LogPage(first=first, line_count=len(lines), content=b"".join(lines))


def measure_pages(pages: Iterable[LogPage]) -> LogSize:
    """Count the lines and bytes of all pages."""
    total_lines = total_bytes = 0
    for page in pages:
        total_lines += page.line_count
        total_bytes += len(page.content)
    return LogSize(total_lines, total_bytes)


def pick_lines(find_page: FindPage, size: LogSize, first: int, count: int) -> LogLines | None:
    """Take a range of lines out of pages; None where a page is gone meanwhile."""
    number = max(first, 1)
    end = min(number + max(0, min(count, ANSWER_LINES)), size.total_lines + 1)
    found: list[LogLine] = []
    answer_bytes = 0
    while number < end and answer_bytes < ANSWER_BYTES:
        page = find_page(number)
        if page is None:
            return None
        lines = split_lines(page.content)[number - page.first : end - page.first]
        for content in lines:
            is_cut = not content.endswith(b"\n") and number < size.total_lines
            found.append(LogLine(number=number, content=content, is_cut=is_cut))
            number += 1
            answer_bytes += len(content)
    return LogLines(lines=tuple(found), total_lines=size.total_lines, total_bytes=size.total_bytes)


def read_pages(find_page: FindPage, size: LogSize) -> Iterator[bytes]:
    """Read all pages in order. Raises StateUnavailable where one is gone meanwhile."""
    number = 1
    while number <= size.total_lines:
        page = find_page(number)
        if page is None:
            raise StateUnavailable("The log has left the cache; ask for it again.")
        yield page.content
        number = page.end


def search_pages(find_page: FindPage, size: LogSize, text: str, after: int) -> list[int] | None:
    """Find the lines behind ``after`` that hold a text in any case of ASCII letters.

    No more than ANSWER_FINDINGS at once; None where a page is gone meanwhile.
    """
    wanted = text.encode(errors="surrogatepass").lower()
    found: list[int] = []
    number = max(after, 0) + 1
    while wanted and number <= size.total_lines and len(found) < ANSWER_FINDINGS:
        page = find_page(number)
        if page is None:
            return None
        content = page.content.lower()
        if wanted in content:
            lines = enumerate(split_lines(content), start=page.first)
            found += [place for place, line in lines if place >= number and wanted in line]
        number = page.end
    return found[:ANSWER_FINDINGS]


def split_lines(content: bytes) -> list[bytes]:
    """Split a page, or a whole log, into its lines."""
    return list(split_chunks([content]))


def split_chunks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Split a log that comes in chunks into its lines."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield from _pieces(line + b"\n")
        if len(rest) > MAX_LINE_BYTES:
            *long, rest = _pieces(rest)
            yield from long
    yield from _pieces(rest) if rest else ()


def _pieces(line: bytes) -> Iterable[bytes]:
    """Cut a line that is too long, between characters where it is UTF-8."""
    if len(line) <= MAX_LINE_BYTES:
        return (line,)
    cuts = [0]
    while len(line) - cuts[-1] > MAX_LINE_BYTES:
        cuts.append(_boundary(line, cuts[-1] + MAX_LINE_BYTES))
    return [line[start:end] for start, end in pairwise([*cuts, len(line)])]


def _boundary(line: bytes, cut: int) -> int:
    for back in range(4):
        if line[cut - back] & 0xC0 != 0x80:
            return cut - back
    return cut
