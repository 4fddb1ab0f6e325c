"""Shapes and figures, without a browser."""

import pytest

from client_code import plots, run_texts, sparkline, statuses


def test_a_young_plot_starts_with_nothing():
    assert sparkline.padded([7], 3) == [0, 0, 7]
    assert sparkline.padded([4, 5, 1], 3) == [4, 5, 1]
    assert sparkline.padded([], 3) == [0, 0, 0]


def test_a_sparkline_fills_its_box():
    line, area = sparkline.paths([0, 10, 5], 100, 20, margin=0)
    assert line == "M0.0,20.0L50.0,0.0L100.0,10.0"
    assert area == line + "L100.0,20L0,20Z"


def test_a_sparkline_of_nothing_lies_on_the_ground():
    assert sparkline.paths([0, 0], 10, 20, margin=0)[0] == "M0.0,20.0L10.0,20.0"


def test_a_sparkline_needs_two_values():
    assert sparkline.paths([3], 10, 20) == ("", "")


def an_interval(**counts):
    return {
        "at": "t",
        "success": 0,
        "failure": 0,
        "cancelled": 0,
        "skipped": 0,
        "other": 0,
        **counts,
    }


def test_columns_are_stacked_in_percent_of_an_even_axis():
    intervals = [an_interval(success=3, failure=1), an_interval()]
    assert plots.top_of_axis(intervals) == 4
    assert plots.columns(intervals, ["10:00", "11:00"]) == [
        ("10:00: 3 succeeded, 1 failed", [("ok", 75), ("bad", 25)]),
        ("11:00: no runs", []),
    ]


@pytest.mark.parametrize(("maximum", "top"), [(0, 2), (1, 2), (3, 4), (7, 10), (11, 20), (55, 60)])
def test_the_axis_ends_at_an_even_number_that_no_column_exceeds(maximum, top):
    assert plots.top_of_axis([an_interval(success=maximum)]) == top


def test_some_intervals_have_a_label():
    assert plots.labels(["a", "b", "c"]) == ["a", "b", "c"]
    assert [each for each in plots.labels(list(map(str, range(24)))) if each] == [
        "0",
        "4",
        "8",
        "12",
        "16",
        "20",
    ]


@pytest.mark.parametrize("conclusion", ["success", "failure", "cancelled", "skipped"])
def test_a_result_has_the_same_tone_in_badges_plots_and_squares(conclusion):
    tone, _, _ = statuses.run_badge("completed", conclusion)
    (plot_tone,) = [tone for kind, _, tone in plots.KINDS if kind == conclusion]
    letters = {"success": "s", "failure": "f", "cancelled": "c", "skipped": "k"}
    assert plot_tone == tone
    assert run_texts.job_tones({"job_marks": letters[conclusion]}) == [tone]
