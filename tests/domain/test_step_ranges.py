"""Steps are proved by the sizes and checksums of their files, or not named at all."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.step_ranges import BOM, StepFile, StepFileReader, StepRange

#: Lines without a byte order mark: of two in a row, nobody can say whose they are.
LINES = st.lists(
    st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"").replace(BOM, b"") + b"\n")
)


def files_of(*contents: bytes) -> list[StepFile]:
    return [
        StepFile(number=number * 2, size_bytes=len(content), crc=zlib.crc32(content))
        for number, content in enumerate(contents, start=1)
    ]


def ranges(files: list[StepFile], log: bytes, size: int = 7) -> tuple[StepRange, ...] | None:
    reader = StepFileReader(files)
    for start in range(0, len(log), size):
        reader.feed(log[start : start + size])
    return reader.finish()


@given(st.lists(LINES.map(b"".join), min_size=1, max_size=5), st.integers(1, 40), st.booleans())
def test_the_bytes_and_lines_of_a_range_are_its_file(contents, size, has_bom):
    """However the log is cut, and also where the whole log has one byte order mark, or none."""
    files = files_of(*(BOM * has_bom + each for each in contents))
    expected = [(file.number, each) for file, each in zip(files, contents, strict=True) if each]
    for whole in {b"".join(contents), BOM * bool(has_bom and expected) + b"".join(contents)}:
        found = ranges(files, whole, size) or ()
        cut = [(each.number, whole[each.first_byte : each.last_byte + 1]) for each in found]
        assert [(number, each.removeprefix(BOM)) for number, each in cut] == expected
        for each, (_, content) in zip(found, cut, strict=True):
            lines = whole.split(b"\n")[each.first_line - 1 : each.last_line]
            assert b"\n".join(lines) == content.removesuffix(b"\n")


@pytest.mark.parametrize(
    "log",
    [b"a\nb\nc\nd", b"a\nb\nc\n", b"a\nb\nc\nd\ne\n", b"b\na\nc\nd\n", b"a\nB\nc\nd\n", b""],
    ids=["short", "lacks a line", "has a line more", "other order", "other bytes", "empty"],
)
def test_a_log_that_is_not_its_steps_has_none(log):
    """Nothing is guessed."""
    assert ranges(files_of(b"a\nb\n", b"c\nd\n"), b"a\nb\nc\nd\n") is not None
    assert ranges(files_of(b"a\nb\n", b"c\nd\n"), log) is None


def test_a_step_begins_with_a_line():
    """A range of lines could not name it else; only the log's last line may have no end."""
    for size in (1, 4, 99):
        assert ranges(files_of(b"a\nb", b"cdefgh\n"), b"a\nbcdefgh\n", size) is None
    [first, last] = ranges(files_of(b"a\n", b"b\nc"), b"a\nb\nc") or ()
    assert (first.last_line, last.first_line, last.last_line) == (1, 2, 3)


def test_an_archive_that_lies_about_a_size_proves_nothing():
    """Nor one without files."""
    [first, second] = files_of(b"a\n", b"b\n")
    assert ranges([replace(first, size_bytes=10**9), second], b"a\nb\n") is None
    assert ranges([], b"a\n") is None
