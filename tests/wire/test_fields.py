"""A field is read as what it should be, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from ingest.errors import MalformedPayload
from ingest.wire.fields import integer, lower_text, mapping, objects, required_integer, text
from support.strategies import JSON


@given(JSON)
def test_any_json_may_stand_in_any_field(value):
    """Reading a field raises nothing, whatever is in it."""
    assert isinstance(mapping(value), dict)
    assert all(isinstance(item, dict) for item in objects(value))
    assert text(value) in (value, None)
    assert lower_text(value) is None or isinstance(value, str)
    number = integer(value)
    assert number is None or 0 <= number < 2**63


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        (26_365_060_973, 26_365_060_973),
        ("26365060973", 26_365_060_973),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (-1, None),
        ("-1", None),
        ("9" * 19, None),
        ("9" * 5000, None),
        (True, None),
        (1.0, None),
        ("1.0", None),
        ("²", None),
        ("", None),
        (None, None),
        ([1], None),
    ],
)
def test_an_integer_is_a_number_that_a_database_holds(value, number):
    """Ids exceed 32 bits; GraphQL writes them as text; nothing of GitHub's is negative."""
    assert integer(value) == number


def test_an_object_without_its_id_is_malformed():
    """Nothing can be said of what cannot be named."""
    assert required_integer({"id": 7}, "id", "job") == 7
    with pytest.raises(MalformedPayload, match=r"a job without a usable 'id'"):
        required_integer({}, "id", "job")
    with pytest.raises(MalformedPayload):
        required_integer({"id": 0}, "id", "job")


def test_empty_text_is_unknown():
    """GitHub writes "" where it knows nothing."""
    assert text("") is None
    assert text(" ") == " "
    assert lower_text("TIMED_OUT") == "timed_out"
    assert lower_text("") is None
