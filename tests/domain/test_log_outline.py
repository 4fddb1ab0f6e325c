"""Where a log's errors and groups are: lines and bytes, however the log arrives."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.log_outline import (
    MAX_GROUPS,
    MAX_LINES,
    LogGroup,
    LogOutline,
    LogOutlineReader,
    pack_outline,
    read_outline,
    unpack_outline,
)
from ingest.domain.step_ranges import StepRange
from ingest.messaging.log_outline import MAX_OUTLINE_ENTRIES, truncate_outline

TIME = b"2026-11-24T06:30:00.1234567Z "
LOG = (
    b"\xef\xbb\xbf" + TIME + b"##[group]Run make \xe2\x9c\x93\n" + TIME + b"make\n"
    + TIME + b"##[endgroup]\n" + b"x" * 1000 + b"\n" + TIME + b"echo '##[error]quoted'\n"
    + TIME + b"##[error]Process completed with exit code 2.\r\n" + TIME + b"##[group]Post\nlast"
)  # fmt: skip


def marks_of(log: bytes, step: int) -> LogOutline:
    reader = LogOutlineReader()
    for start in range(0, len(log), step):
        reader.feed(log[start : start + step])
    return reader.finish()[0]


@pytest.mark.parametrize("step", [1, 7, 300, 100_000])
def test_marks_are_found_however_the_log_is_cut(step):
    """A ranged read of a group's bytes gives its lines, and a quoted mark is none."""
    outline = marks_of(LOG, step)
    assert outline.error_lines == (6,)
    lines = LOG.splitlines(keepends=True)
    found = [
        (each.title, each.first_line, each.last_line, LOG[each.first_byte : each.last_byte + 1])
        for each in outline.groups
    ]
    assert found == [
        ("Run make ✓", 1, 3, b"".join(lines[0:3])),
        ("Post", 7, 8, b"".join(lines[6:8])),
    ]
    assert outline.truncated == ()


def test_a_group_in_a_very_long_line_keeps_its_bytes():
    """Only the head of a line is kept, but all of it is counted."""
    log = b"##[group]" + b"t" * 5000 + b"\nin\n##[endgroup]\nout\n"
    [group] = marks_of(log, 100).groups
    assert (group.last_line, log[group.first_byte : group.last_byte + 1]) == (3, log[:-4])


def test_what_is_too_much_is_named():
    """The first of each kind are enough to jump to, and take little memory."""
    chunk = b"##[group]x\n##[error]y\n##[warning]z\n" * 1000
    tracemalloc.start()
    found = read_outline(chunk for _ in range(20))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found.groups) == MAX_GROUPS
    assert found.error_lines == tuple(range(2, 3 * MAX_LINES, 3))
    assert len(found.warning_lines) == MAX_LINES
    assert set(found.truncated) == {"error_lines", "warning_lines", "groups"}
    assert peak < 6 << 20


def test_a_message_names_few_marks_and_what_it_leaves_out():
    """Groups are left out before the lines with errors."""
    many = read_outline([b"##[error]no\n##[group]a\n" * (MAX_OUTLINE_ENTRIES + 5)])
    fields, truncated = truncate_outline(many, 100_000)
    assert len(fields["error_lines"]) == len(fields["groups"]) == MAX_OUTLINE_ENTRIES
    assert set(truncated) == {"error_lines", "groups"}
    group = LogGroup(title="a" * 90, first_line=1, last_line=2, first_byte=0, last_byte=9)
    step = StepRange(
        number=1, step_name="Run", first_line=1, last_line=2, first_byte=0, last_byte=9
    )
    outline = LogOutline(
        error_lines=(1, 2), groups=(group,), steps=(step,), uncertain_steps=(step, step)
    )
    whole = {
        "error_lines": [1, 2],
        "groups": [group._asdict()],
        "steps": [step._asdict()],
        "uncertain_steps": [step._asdict()] * 2,
    }
    assert truncate_outline(outline, 1000) == (whole, ())
    assert truncate_outline(outline, 360) == ({**whole, "groups": []}, ("groups",))
    assert truncate_outline(outline, 180) == (
        {**whole, "groups": [], "uncertain_steps": []},
        ("groups", "uncertain_steps"),
    )
    assert truncate_outline(outline, 5) == (
        {"error_lines": [], "groups": [], "steps": None, "uncertain_steps": []},
        ("groups", "uncertain_steps", "error_lines", "steps"),
    )


def test_the_first_error_of_a_step_is_named_behind_any_number_of_errors():
    """A step that is allowed to fail may print more errors than are kept, before one that fails."""
    tolerated = TIME + b"##[group]Run lint\n" + (TIME + b"##[error]lint\n") * (MAX_LINES + 5)
    failing = TIME + b"##[group]Run test\n" + (TIME + b"##[error]test\n") * 3
    outline = read_outline([tolerated + failing])
    first = MAX_LINES + 8
    assert outline.error_lines[-2:] == (MAX_LINES + 1, first)
    begins, ends = (1, first - 1), (first - 2, first + 2)
    steps = tuple(
        StepRange(number=n, step_name="", first_line=a, last_line=b, first_byte=0, last_byte=0)
        for n, (a, b) in enumerate(zip(begins, ends, strict=True))
    )
    fields, truncated = truncate_outline(replace(outline, steps=steps), 100_000)
    assert fields["error_lines"] == [*range(2, MAX_OUTLINE_ENTRIES + 1), first]
    assert truncated == ("error_lines",)


def test_many_marks_come_back_compressed():
    """Few are stored as they are."""
    few, many = marks_of(b"##[error]\n", 9), marks_of(b"##[error]\n" * 900, 9)
    assert [unpack_outline(pack_outline(each)) for each in (few, many)] == [few, many]
    assert len(pack_outline(many)) < len(json.dumps(many.error_lines)) / 2
    assert len(pack_outline(few)) < 200


@pytest.mark.parametrize(
    "line", [b'echo "##[error]x"', b"\x1b[36;1mecho ##[error]\x1b[0m", b"##[debug]x", b"# [error]"]
)
def test_a_mark_that_is_quoted_is_none(line):
    """A script that prints one shows it in its own text before."""
    assert read_outline([line + b"\n", TIME + line]) == LogOutline()


@given(
    st.lists(
        st.sampled_from([b"##[group]a", b"##[endgroup]", b"##[error]", b"##[warning]", b"", b"x"]),
        max_size=30,
    ),
    st.integers(min_value=1, max_value=9),
)
def test_marks_do_not_depend_on_chunks(lines, size):
    """Groups follow each other and lie within the log; packed marks come back."""
    log = b"".join(line + b"\n" for line in lines)
    found = marks_of(log, size)
    assert found == read_outline([log]) == unpack_outline(pack_outline(found))
    ends = [0, *(end for group in found.groups for end in (group.first_line, group.last_line))]
    assert ends == sorted(ends)
    assert ends[-1] <= len(lines)
    assert [lines[n - 1] for n in found.error_lines] == [b"##[error]"] * lines.count(b"##[error]")
