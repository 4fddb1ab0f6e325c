"""Shapes and figures, without a browser."""

from client_code import plots, sparkline


def colour(token):
    return f"colour of {token}"


def test_the_slot_that_still_grows_is_left_out():
    assert sparkline.ended([4, 5, 1], 2) == [4, 5]


def test_a_young_plot_starts_with_nothing():
    assert sparkline.ended([7, 1], 3) == [0, 0, 7]
    assert sparkline.ended([], 3) == [0, 0, 0]


def test_a_sparkline_fills_its_box():
    line, area = sparkline.paths([0, 10, 5], 100, 20, margin=0)
    assert line == "M0.0,20.0L50.0,0.0L100.0,10.0"
    assert area == line + "L100.0,20L0,20Z"


def test_a_sparkline_of_nothing_lies_on_the_ground():
    assert sparkline.paths([0, 0], 10, 20, margin=0)[0] == "M0.0,20.0L10.0,20.0"


def test_a_sparkline_needs_two_values():
    assert sparkline.paths([3], 10, 20) == ("", "")


def test_hours_are_stacked_by_conclusion_and_empty_kinds_are_left_out():
    hours = [dict.fromkeys(("success", "failure", "cancelled", "skipped", "other"), 0)]
    hours[0].update(success=2, failure=1)
    figure = plots.runs_per_hour(hours, ["10:00"], colour)
    assert [(bar["name"], bar["y"]) for bar in figure["data"]] == [
        ("Success", [2]),
        ("Failed", [1]),
    ]
    assert figure["data"][1]["marker"]["color"] == "colour of fill-bad"
    assert figure["layout"]["barmode"] == "stack"


def test_axes_are_not_shared_between_plots():
    first, second = plots.layout(colour), plots.layout(colour)
    first["xaxis"]["title"] = {"text": "changed"}
    assert "title" not in second["xaxis"]
