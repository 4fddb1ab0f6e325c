"""Searching a log part by part."""

from __future__ import annotations

import io

from ingest.domain.log_pages import MAX_PAGE_BYTES, MAX_SEARCHED_BYTES, PageCutter, search_pages


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
