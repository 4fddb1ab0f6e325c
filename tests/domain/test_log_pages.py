"""Searching a log part by part."""

from __future__ import annotations

import io

import pytest
from ingest.domain.log_pages import (
    MAX_PAGE_BYTES,
    MAX_PART_BYTES,
    MAX_SEARCHED_BYTES,
    PageCutter,
    search_pages,
)


def test_a_long_log_is_searched_in_parts_that_end_with_a_line() -> None:
    """Each answer names the line to continue behind, also where one line is many pages."""
    line, long = b"z" * 60_000 + b"\n", b"y" * (MAX_SEARCHED_BYTES + MAX_PAGE_BYTES) + b" needle\n"
    cutter = PageCutter()
    pages = list(cutter.cut(io.BytesIO(line * 200 + long + line * 20 + b"needle\n")))
    searched, answers = 0, []
    while searched < cutter.size().total_lines:
        answer = search_pages(
            lambda number: next(page for page in pages if number < page.end),
            cutter.size(),
            "needle",
            searched,
        )
        assert answer is not None
        assert answer.searched_to > searched
        searched = answer.searched_to
        answers.append(answer.lines)
    assert answers == [(201,), (222,)]


@pytest.mark.parametrize("boundary", [MAX_PART_BYTES, MAX_PAGE_BYTES])
@pytest.mark.parametrize("text", ["needle", "x"])
def test_a_text_is_found_across_the_parts_and_pages_of_a_line(boundary: int, text: str) -> None:
    """The next line, which begins like the rest of the text, does not hold it."""
    long = b"y" * (boundary - 3) + b"NEEDLE x\n"
    cutter = PageCutter()
    pages = list(cutter.cut(io.BytesIO(b"first\n" * 3 + long + b"nee\ndle\n" + long)))
    answer = search_pages(
        lambda number: next(page for page in pages if number < page.end), cutter.size(), text, 1
    )
    assert answer is not None
    assert (answer.lines, answer.searched_to) == ((4, 7), 7)
