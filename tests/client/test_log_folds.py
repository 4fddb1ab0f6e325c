"""Folding the groups of a log."""

from __future__ import annotations

from client_code import log_folds

STEPS = [
    {"number": 1, "step_name": "Set up", "first_line": 2, "last_line": 8},
    {"number": 2, "step_name": "Skipped", "first_line": None, "last_line": None},
    {"number": 3, "step_name": "Test", "first_line": 9, "last_line": 12},
]

GROUPS = [[2, 5, "Set up"], [8, 8, "Empty"], [9, 12, "Test"]]


def test_everything_is_seen_at_first() -> None:
    assert log_folds.visible_ranges(12, []) == [[1, 12]]


def test_a_folded_group_keeps_its_first_line() -> None:
    assert log_folds.visible_ranges(20, [(2, 5)]) == [[1, 2], [6, 20]]


def test_a_group_may_end_with_the_log_and_may_be_empty() -> None:
    assert log_folds.visible_ranges(12, log_folds.folded_lines(GROUPS, {2, 8, 9})) == [
        [1, 2],
        [6, 9],
    ]


def test_groups_that_hold_something_can_be_folded() -> None:
    assert log_folds.group_fold_states(GROUPS, {9}) == [[2, False], [9, True]]


def test_a_line_that_must_be_seen_opens_its_group_alone() -> None:
    assert log_folds.unfold_line(GROUPS, {2, 9}, 10) == {2}
    assert log_folds.unfold_line(GROUPS, {2, 9}, 9) == {2, 9}


def test_a_log_without_lines_shows_none() -> None:
    assert log_folds.visible_ranges(0, []) == []


def test_a_folded_step_hides_the_groups_in_it() -> None:
    assert log_folds.visible_ranges(20, [(2, 5), (2, 8), (9, 12)]) == [[1, 2], [9, 9], [13, 20]]
    assert log_folds.visible_ranges(20, [(4, 6), (2, 8)]) == [[1, 2], [9, 20]]


def test_a_line_belongs_to_the_step_around_it() -> None:
    assert log_folds.step_at(STEPS, 8) == 1
    assert log_folds.step_at(STEPS, 9) == 3
    assert log_folds.step_at(STEPS, 1) is None
    assert log_folds.step_items(STEPS) == [(2, 8, "Set up"), (9, 12, "Test")]
