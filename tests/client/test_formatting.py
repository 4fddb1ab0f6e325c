"""Numbers, durations and sizes as people read them."""

import pytest

from client_code import formatting


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, formatting.NOTHING),
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (1284310, "1,284,310"),
        (-1234, "-1,234"),
    ],
)
def test_numbers_have_separators(value, written):
    assert formatting.number(value) == written


@pytest.mark.parametrize(
    ("count", "written"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1200, "1,200 runs")]
)
def test_a_count_agrees_with_its_noun(count, written):
    assert formatting.plural(count, "run") == written


def test_a_noun_may_have_its_own_plural():
    assert formatting.plural(2, "repository", "repositories") == "2 repositories"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (0.4, "< 1 s"),
        (42, "42 s"),
        (60, "1 min"),
        (75.9, "1 min 15 s"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds, written):
    assert formatting.duration(seconds) == written


def test_a_duration_that_is_not_known_is_a_dash():
    assert formatting.duration(None) == formatting.NOTHING


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s ago"),
        (12.7, "12 s ago"),
        (-9.5, "in 9 s"),
        (180, "3 min ago"),
        (-7300, "in 2 h"),
        (200000, "2 d ago"),
    ],
)
def test_distances_report_past_and_future(seconds, written):
    assert formatting.distance(seconds) == written


@pytest.mark.parametrize(
    ("seconds", "written"), [(-2, "0 s ago"), (0.5, "0 s ago"), (75, "1 min ago")]
)
def test_what_has_happened_is_never_in_the_future(seconds, written):
    """A browser knows the server's clock to within the time of an answer."""
    assert formatting.ago(seconds) == written


@pytest.mark.parametrize(("seconds", "written"), [(-75, "in 1 min"), (-0.5, "now"), (30, "now")])
def test_what_was_to_happen_by_now_happens_now(seconds, written):
    assert formatting.until(seconds) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, formatting.NOTHING),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1536, "1.5 KB"),
        (1024 * 1024 - 1, "1.0 MB"),
        (5 * 1024**4, "5.0 TB"),
    ],
)
def test_sizes_have_the_unit_that_fits(value, written):
    assert formatting.byte_count(value) == written


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [(1, 4, 25), (None, 4, 0), (9, 4, 100), (-1, 4, 0), (1, 0, 0), (1, None, 0)],
)
def test_a_share_stays_between_nothing_and_all(part, whole, percent):
    assert formatting.share(part, whole) == percent


def test_characters_that_hide_or_reorder_are_drawn_as_signs():
    """A branch named with them must not read as another one."""
    assert formatting.visible("main\u202egpj.exe") == "main\ufffdgpj.exe"
    assert formatting.visible("a\x00b\x1b[31mc\x7f") == "a\u2400b\u241b[31mc\ufffd"
    plain = "two\nlines\tand ✓ עברית"
    assert formatting.visible(plain) == plain


def test_an_unbroken_text_breaks_after_its_commas_only():
    text = formatting.unbroken("median 7 min 13 s, p95 8 min")
    assert text == "median\u00a07\u00a0min\u00a013\u00a0s, p95\u00a08\u00a0min"
