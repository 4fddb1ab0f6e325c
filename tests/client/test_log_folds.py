"""Folding the groups of a log."""

from __future__ import annotations

from client_code import log_folds

GROUPS = [[2, 5, "Set up"], [8, 8, "Empty"], [9, 12, "Test"]]


def test_everything_is_seen_at_first() -> None:
    assert log_folds.visible_ranges(12, GROUPS, set()) == [[1, 12]]


def test_a_folded_group_keeps_its_first_line() -> None:
    assert log_folds.visible_ranges(20, GROUPS, {2}) == [[1, 2], [6, 20]]


def test_a_group_may_end_with_the_log_and_may_be_empty() -> None:
    assert log_folds.visible_ranges(12, GROUPS, log_folds.all_of(GROUPS)) == [[1, 2], [6, 9]]


def test_groups_that_hold_something_can_be_folded() -> None:
    assert log_folds.states(GROUPS, {9}) == [[2, False], [9, True]]


def test_a_line_that_must_be_seen_opens_its_group_alone() -> None:
    assert log_folds.with_line_seen(GROUPS, {2, 9}, 10) == {2}
    assert log_folds.with_line_seen(GROUPS, {2, 9}, 9) == {2, 9}


def test_a_log_without_lines_shows_none() -> None:
    assert log_folds.visible_ranges(0, [], set()) == []
