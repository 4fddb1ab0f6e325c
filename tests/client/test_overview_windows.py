"""The windows of the overview."""

from __future__ import annotations

import pytest

from client_code import overview_windows


@pytest.mark.parametrize(("name", "chosen"), [("1h", "1h"), ("", "24h"), ("2 weeks", "24h")])
def test_an_address_names_a_window_or_the_day_is_shown(name: str, chosen: str) -> None:
    assert overview_windows.chosen({"window": name}) == chosen
    assert overview_windows.address("1h") == "#overview?window=1h"


def test_intervals_of_a_week_name_their_day() -> None:
    assert overview_windows.interval_time((2, 6, 0), "7d") == "Tue 06:00"
    assert overview_windows.interval_time((2, 6, 5), "1h") == "06:05"
    assert set(overview_windows.MESSAGE_INTERVALS) == set(overview_windows.LABELS)


def test_a_week_says_that_messages_are_counted_for_a_day_only() -> None:
    assert overview_windows.messages_label("24h") == "in 24 hours"
    assert overview_windows.messages_since("7d") == "24 h ago"
    assert overview_windows.messages_since("1h") == "1 h ago"
    assert overview_windows.messages_label("7d") == "in 24 hours"


def test_a_week_has_a_label_at_the_start_of_each_day() -> None:
    times = ["Mon 12:00", "Mon 18:00", "Tue 00:00", "Tue 06:00"]
    assert overview_windows.interval_labels(times, "7d") == ["", "", "Tue", ""]
    assert overview_windows.interval_labels(times[2:], "7d") == ["Tue", ""]
    assert overview_windows.interval_labels(["10:00", "11:00"], "24h") == ["10:00", "11:00"]
    assert overview_windows.interval_labels([], "7d") == []
