"""Whatever a browser sends is taken as it should be, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.entrypoints.arguments import (
    clamp,
    optional_id,
    optional_text,
    require_id,
    require_text,
)
from ingest.errors import Rejected
from support.strategies import JSON

RUBBISH = st.one_of(
    JSON,
    st.binary(max_size=4),
    st.sampled_from(
        [10**5000, -(10**5000), 1e308, float("inf"), float("-inf"), float("nan"), -0.0, 2**63]
    ),
    st.sampled_from(["²", "١٢", "1_000", "+5", "1e3", " 7 ", "\x00", "\ud800", "9" * 19, object()]),
)
TAKERS: list[Callable[[object], object]] = [
    lambda value: require_text(value, "it"),
    lambda value: optional_text(value, "it"),
    lambda value: require_id(value, "it"),
    lambda value: optional_id(value, "it"),
    lambda value: clamp(value, "it", minimum=1, maximum=100),
]


def answer_of(take, value):
    try:
        return take(value)
    except Rejected as refusal:
        return refusal


@pytest.mark.parametrize("take", TAKERS)
@given(value=RUBBISH)
def test_rubbish_is_refused_in_a_sentence_or_taken(take, value):
    """Never anything but Rejected, and what is taken is fit for a database."""
    taken = answer_of(take, value)
    if isinstance(taken, Rejected):
        assert str(taken).startswith("it ")
        assert str(taken).endswith(".")
    elif isinstance(taken, str):
        assert taken == taken.strip() != ""
        assert b"\x00" not in taken.encode()
    else:
        assert taken is None or 0 < taken < 2**63


@given(st.integers(min_value=1, max_value=2**63 - 1))
def test_an_id_is_taken_as_number_and_as_digits(number):
    """The address of a page holds digits, a row of a list numbers."""
    assert require_id(number, "it") == number
    assert optional_id(f" {number} ", "it") == number


def test_a_browser_s_numbers_have_a_point():
    """All are floats there."""
    assert require_id(12_000_000_001.0, "it") == 12_000_000_001
    assert clamp(20.0, "it", minimum=1, maximum=100) == 20


@pytest.mark.parametrize("value", [True, 1.5, "1.5", "0", 0, -1, 2**63, str(2**63), [1], b"1"])
def test_what_is_no_id_is_refused(value):
    """Nothing is guessed."""
    with pytest.raises(Rejected):
        optional_id(value, "The run's id")


def test_what_is_missing_is_named():
    """For ids, ``""`` is nothing too: an address without one."""
    assert optional_id("", "it") is None
    assert optional_text("  ", "it") is None
    with pytest.raises(Rejected, match="The run's id is missing"):
        require_id("", "The run's id")
    with pytest.raises(Rejected, match="The name is missing"):
        require_text(" \n", "The name")


def test_a_text_has_its_bounds():
    """Of characters, blanks included."""
    assert require_text("x" * 500, "it") == "x" * 500
    with pytest.raises(Rejected, match="at most 500 characters"):
        optional_text("x" * 501, "it")
    assert require_text("x" * 501, "it", max_chars=501)


@pytest.mark.parametrize(("value", "taken"), [(-7, 1), (0.5, 1), (7, 7), (10**9, 100), (99.9, 99)])
def test_a_number_is_moved_into_its_bounds(value, taken):
    """A page that asks for too much gets as much as there is."""
    assert clamp(value, "it", minimum=1, maximum=100) == taken
