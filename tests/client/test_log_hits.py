"""Stepping through what was found in a log."""

from __future__ import annotations

from client_code.log_hits import Hits, progress


def test_steps_go_all_round() -> None:
    hits = Hits([3, 7, 9])

    assert [hits.step(1) for _ in range(4)] == [3, 7, 9, 3]
    assert [hits.step(-1) for _ in range(2)] == [9, 7]


def test_the_first_step_may_begin_at_a_line_or_at_the_end() -> None:
    assert Hits([3, 7, 9]).step(1, line=5) == 7
    assert Hits([3, 7, 9]).step(1, line=50) == 3
    assert Hits([3, 7, 9]).step(-1) == 9


def test_nothing_found_leads_nowhere() -> None:
    assert Hits().step(1) is None
    assert Hits().describe("hit", "hits") == "No hit"


def test_more_hits_are_asked_for_at_the_end_of_those_here() -> None:
    hits = Hits([3, 7], has_more=True)
    assert not hits.is_at_end()

    hits.step(-1)
    assert hits.is_at_end()

    hits.add({"lines": [20], "searched_to": 30, "more": False})
    assert hits.step(1) == 20
    assert not hits.is_at_end()


def test_words_report_where_the_steps_are() -> None:
    hits = Hits(range(1, 1001), has_more=True)
    assert hits.describe("hit", "hits") == "1,000+ hits"

    hits.step(1)
    assert hits.describe("hit", "hits") == "1 of 1,000+ hits"
    assert Hits([4]).describe("error", "errors") == "1 error"


def test_a_part_without_a_match_is_no_match_yet() -> None:
    hits = Hits(has_more=True)
    hits.add({"lines": [], "searched_to": 50, "more": True})
    assert hits.is_at_end()
    assert hits.describe("hit", "hits") == ""

    hits.add({"lines": [], "searched_to": 101, "more": False})
    assert hits.describe("hit", "hits") == "No hit"


def test_progress_is_the_share_of_the_log_that_is_searched() -> None:
    assert progress("Searching…", 0, 200) == "Searching… · 0 %"
    assert progress("2+ hits", 101, 200) == "2+ hits · 50 %"


def test_the_way_on_is_reported_before_it_is_taken() -> None:
    errors = Hits([3, 7])
    assert errors.describe_next("error", "errors") == "First of 2 errors"

    errors.step(1)
    assert errors.describe_next("error", "errors") == "Next error · 1 of 2"
    assert Hits([3]).describe_next("error", "errors") == "Go to the error"
    assert Hits().describe_next("error", "errors") == "No error"


def test_the_first_marked_line_among_those_found_is_stood_at() -> None:
    hits = Hits([3, 7, 9])

    assert hits.step_to_first([1, 9, 7]) == 7
    assert hits.step(1) == 9
    assert hits.step_to_first([4]) is None
    assert hits.at == 2
