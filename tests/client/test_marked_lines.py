"""Stepping through what was found in a log."""

from __future__ import annotations

from client_code.marked_lines import MarkedLines, progress


def test_steps_go_all_round() -> None:
    lines = MarkedLines([3, 7, 9])

    assert [lines.step(1) for _ in range(4)] == [3, 7, 9, 3]
    assert [lines.step(-1) for _ in range(2)] == [9, 7]


def test_the_first_step_back_leads_to_the_end() -> None:
    assert MarkedLines([3, 7, 9]).step(-1) == 9


def test_nothing_found_leads_nowhere() -> None:
    assert MarkedLines().step(1) is None
    assert MarkedLines().describe("match", "matches") == "No match"


def test_more_lines_are_requested_at_the_end_of_those_loaded() -> None:
    lines = MarkedLines([3, 7], has_more=True)
    assert not lines.is_at_end()

    lines.step(-1)
    assert lines.is_at_end()

    lines.add({"lines": [20], "searched_to": 30, "more": False})
    assert lines.step(1) == 20
    assert not lines.is_at_end()


def test_words_report_where_the_steps_are() -> None:
    lines = MarkedLines(range(1, 1001), has_more=True)
    assert lines.describe("match", "matches") == "1,000+ matches"

    lines.step(1)
    assert lines.describe("match", "matches") == "1 of 1,000+ matches"
    assert MarkedLines([4]).describe("error", "errors") == "1 error"


def test_a_part_without_a_match_is_no_match_yet() -> None:
    lines = MarkedLines(has_more=True)
    lines.add({"lines": [], "searched_to": 50, "more": True})
    assert lines.is_at_end()
    assert lines.describe("match", "matches") == ""

    lines.add({"lines": [], "searched_to": 101, "more": False})
    assert lines.describe("match", "matches") == "No match"


def test_progress_is_the_share_of_the_log_that_is_searched() -> None:
    assert progress("Searching…", 0, 200) == "Searching… · 0 %"
    assert progress("2+ matches", 101, 200) == "2+ matches · 50 %"


def test_the_way_on_is_reported_before_it_is_taken() -> None:
    errors = MarkedLines([3, 7])
    assert errors.describe_next("error", "errors") == "First of 2 errors"

    errors.step(1)
    assert errors.describe_next("error", "errors") == "Next error · 1 of 2"
    assert MarkedLines([3]).describe_next("error", "errors") == "Go to the error"
    assert MarkedLines().describe_next("error", "errors") == "No error"


def test_the_first_marked_line_among_those_found_is_the_current_one() -> None:
    lines = MarkedLines([3, 7, 9])

    assert lines.step_to_first([1, 9, 7]) == 7
    assert lines.step(1) == 9
    assert lines.step_to_first([4]) is None
    assert lines.at == 2
