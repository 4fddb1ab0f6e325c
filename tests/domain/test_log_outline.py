"""What stands out in a log is found by line, wherever chunks are cut."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.log_outline import LogOutline, outline_of
from ingest.domain.log_pages import MAX_LINE_BYTES

TIME = b"2026-11-24T06:30:00.1234567Z "


def outline(*lines: bytes) -> LogOutline:
    return outline_of([b"".join(line + b"\n" for line in lines)])


def test_a_group_goes_from_its_mark_to_its_end():
    """Both are lines of it; the title stands behind the mark."""
    found = outline(
        TIME + b"before", TIME + b"##[group]Run make", TIME + b"cc", TIME + b"##[endgroup]", b"z"
    )
    assert found == LogOutline(groups=((2, 4, "Run make"),), errors=(), warnings=())


def test_a_group_that_is_not_closed_ends_before_the_next():
    """GitHub knows no groups in groups; an end without a group is none."""
    found = outline(
        b"##[endgroup]", b"##[group]a", b"1", b"##[group]b", b"##[endgroup]", b"##[endgroup]"
    )
    assert found.groups == ((2, 3, "a"), (4, 5, "b"))


def test_the_last_group_ends_with_the_log():
    """A job that was killed closes nothing."""
    assert outline(b"##[group]a", b"1", b"2").groups == ((1, 3, "a"),)


def test_errors_and_warnings_are_found():
    """Also inside of groups, and behind a byte order mark."""
    found = outline_of(
        [b"\xef\xbb\xbf##[error]1\r\n##[group]x\n", TIME, b"##[warning]3\n##[error]4"]
    )
    assert found == LogOutline(groups=((2, 4, "x"),), errors=(1, 4), warnings=(3,))


@pytest.mark.parametrize(
    "line", [b'echo "##[error]x"', b"\x1b[36;1mecho ##[error]\x1b[0m", b"##[debug]x", b"# [error]"]
)
def test_a_mark_that_is_quoted_is_none(line):
    """A script that prints one shows it in its own text before."""
    assert outline(line, TIME + line) == LogOutline(groups=(), errors=(), warnings=())


def test_a_log_of_nothing_has_no_marks():
    """Not even a line."""
    assert outline_of([]) == LogOutline(groups=(), errors=(), warnings=())


def test_a_title_is_short_and_readable():
    """Odd bytes are replaced; a line that is too long is cut anyway."""
    found = outline(b"##[group] \xff" + b"x" * 2 * MAX_LINE_BYTES)
    (first, last, title) = found.groups[0]
    assert (first, last) == (1, 3)
    assert title.startswith("�x")
    assert len(title) <= 200


@given(
    st.lists(
        st.sampled_from([b"##[group]a", b"##[endgroup]", b"##[error]", b"##[warning]", b"", b"x"]),
        max_size=30,
    ),
    st.integers(min_value=1, max_value=9),
)
def test_an_outline_does_not_depend_on_chunks(lines, size):
    """Groups follow each other and lie within the log."""
    log = b"".join(line + b"\n" for line in lines)
    found = outline_of(log[place : place + size] for place in range(0, len(log), size))
    assert found == outline_of([log])
    ends = [0, *(end for group in found.groups for end in group[:2])]
    assert ends == sorted(ends)
    assert ends[-1] <= len(lines)
    assert [lines[n - 1] for n in found.errors] == [b"##[error]"] * lines.count(b"##[error]")


def test_a_log_of_nothing_but_marks_is_outlined_in_constant_memory():
    """The first of each kind are enough to jump to."""
    chunk = b"##[group]x\n##[error]y\n##[warning]z\n" * 1000
    tracemalloc.start()
    found = outline_of(chunk for _ in range(100))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found.groups) == 5000
    assert found.errors == tuple(range(2, 3000, 3))
    assert len(found.warnings) == 1000
    assert peak < 4 << 20
