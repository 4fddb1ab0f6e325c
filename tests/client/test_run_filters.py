"""The Runs page's filters in the address."""

from __future__ import annotations

import pytest

from client_code import routes, run_filters


def test_filters_survive_the_way_through_the_address() -> None:
    filters = {"branch": "fix/ä&b", "conclusion": "failure", "search": "time out"}

    page, parameters = routes.parse_address(run_filters.address(filters, 3))

    assert page == "runs"
    assert run_filters.from_parameters(parameters) == (filters, 3)


def test_the_first_page_needs_no_number() -> None:
    assert run_filters.address({}, 1) == "#runs"


@pytest.mark.parametrize("page", ["", "0", "-2", "two"])
def test_a_page_that_cannot_be_is_the_first(page: str) -> None:
    assert run_filters.from_parameters({"page": page, "colour": "red"}) == ({}, 1)


def test_a_filter_is_set_and_taken_away() -> None:
    filters = run_filters.changed({"event": "push"}, "branch", "main")

    assert filters == {"event": "push", "branch": "main"}
    assert run_filters.changed(filters, "event", "") == {"branch": "main"}


@pytest.mark.parametrize(("total", "pages"), [(0, 1), (20, 1), (21, 2), (312, 16)])
def test_every_run_is_on_a_page(total: int, pages: int) -> None:
    assert run_filters.page_count(total, 20) == pages


def test_values_are_words() -> None:
    assert run_filters.label("conclusion", "timed_out") == "Timed out"
    assert run_filters.label("status", "in_progress") == "In progress"
    assert run_filters.label("branch", "in_progress") == "in_progress"


def test_the_server_is_asked_for_a_page_of_the_chosen_size() -> None:
    filters, page = run_filters.from_parameters({"size": "50", "order": "queued", "page": "3"})
    asked = run_filters.to_arguments(filters, page)
    assert asked == {"order": "queued", "limit": 50, "offset": 100}
    assert run_filters.filter_count({**filters, "since": "2026-01-05"}) == 1


@pytest.mark.parametrize("size", ["", "0", "7", "many", "20"])
def test_a_size_that_is_not_offered_is_the_smallest(size: str) -> None:
    filters, _ = run_filters.from_parameters({"size": size, "order": "colour"})
    assert filters == {}
    assert run_filters.page_size(filters) == 20
