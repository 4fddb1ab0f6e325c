"""Where a log's errors and groups are: lines and bytes, however the log arrives."""

from __future__ import annotations

import pytest
from ingest.messaging.log_marks import (
    MOST_ERROR_LINES,
    MOST_GROUPS,
    LogGroup,
    LogMarkReader,
    LogMarks,
)

TIME = b"2026-11-24T06:30:00.1234567Z "
LOG = (
    b"\xef\xbb\xbf" + TIME + b"##[group]Run make \xe2\x9c\x93\n" + TIME + b"make\n"
    + TIME + b"##[endgroup]\n" + b"x" * 1000 + b"\n" + TIME + b"echo '##[error]quoted'\n"
    + TIME + b"##[error]Process completed with exit code 2.\r\n" + TIME + b"##[group]Post\nlast"
)  # fmt: skip


def marks_of(log: bytes, step: int) -> LogMarks:
    reader = LogMarkReader()
    for start in range(0, len(log), step):
        reader.feed(log[start : start + step])
    return reader.finish()


@pytest.mark.parametrize("step", [1, 7, 300, 100_000])
def test_marks_are_found_however_the_log_is_cut(step):
    """A ranged read of a group's bytes gives its lines, and a quoted mark is none."""
    marks = marks_of(LOG, step)
    assert marks.error_lines == (6,)
    lines = LOG.splitlines(keepends=True)
    found = [
        (each.title, each.first_line, each.last_line, LOG[each.first_byte : each.last_byte + 1])
        for each in marks.groups
    ]
    assert found == [
        ("Run make ✓", 1, 3, b"".join(lines[0:3])),
        ("Post", 7, 8, b"".join(lines[6:8])),
    ]
    assert marks.truncated == ()


def test_a_group_in_a_very_long_line_keeps_its_bytes():
    """Only the head of a line is kept, but all of it is counted."""
    log = b"##[group]" + b"t" * 5000 + b"\nin\n##[endgroup]\nout\n"
    [group] = marks_of(log, 100).groups
    assert (group.last_line, log[group.first_byte : group.last_byte + 1]) == (3, log[:-4])


def test_what_is_too_much_is_named():
    """Marks are bounded by their number, and by what a message holds."""
    many = marks_of(b"##[error]no\n##[group]a\n" * (MOST_GROUPS + 5), 1000)
    assert len(many.error_lines) == MOST_ERROR_LINES
    assert len(many.groups) == MOST_GROUPS
    assert set(many.truncated) == {"error_lines", "groups"}
    group = LogGroup(title="a" * 90, first_line=1, last_line=2, first_byte=0, last_byte=9)
    marks = LogMarks(error_lines=(1, 2), groups=(group,))
    assert marks.cut_to(1000) == marks
    assert marks.cut_to(60) == LogMarks(error_lines=(1, 2), truncated=("groups",))
    assert marks.cut_to(5) == LogMarks(truncated=("groups", "error_lines"))
