"""Where a list continues."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.wire.links import next_parameters


@pytest.mark.parametrize(
    ("link", "parameters"),
    [
        (
            '<https://api.github.com/x?page=2&per_page=50>; rel="next"',
            {"page": "2", "per_page": "50"},
        ),
        ('<https://h/x?page=1>; rel="prev", <https://h/x?page=3>; rel="next"', {"page": "3"}),
        ("<https://h/x?cursor=v1_9>; rel=next", {"cursor": "v1_9"}),
        ('<https://h/x?page=9>; rel="last"', None),
        ('<https://h/x?page=9>; rel="next-archive"', None),
        ("", None),
    ],
)
def test_the_next_page_is_taken_from_its_link(link, parameters):
    """Other relations are no next page."""
    assert next_parameters({"link": link}) == parameters


def test_without_a_link_a_list_has_ended():
    """GitHub sends none for a list of one page."""
    assert next_parameters({}) is None


@given(st.text())
def test_no_link_is_too_broken_to_be_read(link):
    """Reading raises nothing."""
    assert next_parameters({"link": link}) is None or isinstance(
        next_parameters({"link": link}), dict
    )
