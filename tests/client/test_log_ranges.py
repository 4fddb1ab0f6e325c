"""Chosen lines in an address, and as a text to copy."""

import pytest

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
        ("error", None),
    ],
)
def test_an_address_names_lines(text, lines):
    assert log_ranges.parse(text) == lines


def test_a_range_is_written_as_it_is_read():
    assert log_ranges.write(10, 10) == "L10"
    assert log_ranges.parse(log_ranges.write(10, 20)) == (10, 20)


def test_lines_are_copied_with_and_without_times():
    lines = [
        "\ufeff2026-11-24T06:30:00.1234567Z hello world",
        "2026-11-24T06:30:01.1234567Z",
        "2026-11-24 is no timestamp",
        "2026-11-24T06:30:02.1234567Z \x1b[36;1mmake\x1b[0m all",
    ]
    assert log_ranges.with_times(lines).count("\n") == 3
    assert log_ranges.without_times(lines) == "hello world\n\n2026-11-24 is no timestamp\nmake all"
