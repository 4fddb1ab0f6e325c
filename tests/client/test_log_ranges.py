"""Chosen lines in an address, and as a text to copy."""

import io
from functools import partial

import pytest
from ingest.domain.log_pages import MAX_PART_BYTES, PageCutter, parts_of, pick_lines

from client_code import log_ranges


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("L10", (10, 10)),
        ("10", (10, 10)),
        ("L10-L20", (10, 20)),
        ("10-20", (10, 20)),
        ("L20-L10", (10, 20)),
        ("", None),
        ("L0", None),
        ("L", None),
        ("1-2-3", None),
        ("L-5", None),
        ("L²", None),
        ("error", None),
    ],
)
def test_an_address_names_lines(text, lines):
    assert log_ranges.parse(text) == lines


def test_a_range_is_written_as_it_is_read():
    assert log_ranges.format_range(10, 10) == "L10"
    assert log_ranges.parse(log_ranges.format_range(10, 20)) == (10, 20)


def test_lines_are_copied_without_times():
    lines = [
        "\ufeff2026-11-24T06:30:00.1234567Z hello world",
        "2026-11-24T06:30:01.1234567Z",
        "2026-11-24 is no timestamp",
        "2026-11-24T06:30:02.1234567Z \x1b[36;1mmake\x1b[0m all",
    ]
    assert log_ranges.without_times(lines) == "hello world\n\n2026-11-24 is no timestamp\nmake all"


def test_other_escape_sequences_than_colors_are_not_copied():
    assert log_ranges.without_times(["\x1b[?25lhi\x1b[K"]) == "hi"


def answer(log, name, first, count=None):
    """Answer as the server does for a log, from its pages."""
    cutter = PageCutter()
    pages = list(cutter.cut(io.BytesIO(log)))
    if name == "get_log_parts":
        whole = log.split(b"\n")[first - 1]
        parts = [part.decode() for part in parts_of(whole)]
        return parts[count - 1 : count + 7]
    find = lambda part: next(page for page in pages if page.first_part <= part < page.end)  # noqa: E731
    found = pick_lines(find, cutter.size(), first, count).lines
    return {
        "lines": [line.content.decode().rstrip("\n") for line in found],
        "long_lines": [[line.number, line.part_count] for line in found if line.part_count > 1],
    }


def read(lines, first, last):
    log = "".join(line + "\n" for line in lines).encode()
    return log_ranges.read(partial(answer, log), first, last)


def test_all_lines_of_a_long_range_are_copied():
    """One answer of the server holds some of them."""
    lines = [f"line {number}" for number in range(1, 25_001)]
    assert read(lines, 2, 24_000) == lines[1:24_000]


def test_a_range_that_ends_after_the_log_is_copied_up_to_its_end():
    assert read(["a", "b"], 2, 999) == ["b"]


def test_a_long_line_is_copied_whole():
    lines = ["before", "x" * (20 * MAX_PART_BYTES // 2) + "end", "after"]
    assert read(lines, 1, 3) == lines


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["y" * 999] * 2000, "Copied the first 1,049 of 2,000 lines"),
        (["z" * (17 * MAX_PART_BYTES)], "Not copied: too long"),
        (["short"], "Copied"),
    ],
)
def test_what_is_not_copied_is_said(lines, text):
    found = read(lines, 1, len(lines))
    assert found == lines[: len(found)]
    assert log_ranges.copy_result(found, len(lines)) == text


@pytest.mark.parametrize("lost", ["get_job_logs", "get_log_parts"])
def test_a_range_without_an_answer_is_not_copied_in_part(lost):
    def call(name, *arguments):
        return None if name == lost else answer(b"x" * 2 * MAX_PART_BYTES, name, *arguments)

    assert log_ranges.read(call, 1, 1) is None
