"""The viewer of a log: answers that come late, or not at all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from support.client_forms import ClientForms

ONE, OTHER = ("7", "70"), ("8", "80")
NOTHING_WANTED = (None, "")
PAGE = {"total_lines": 900, "first_line": 1, "lines": ["a"], "long_lines": []}
OUTLINE: dict[str, Any] = {"groups": [], "steps": [], "errors": [500, 600], "warnings": []}


@pytest.fixture
def viewer(forms: ClientForms) -> Any:
    """Open a viewer that shows a log whose outline is not loaded yet."""
    opened = forms.open_form("components.LogViewer")
    opened.open(ONE, PAGE, None, ("error", ""))
    return opened


def tick(viewer: Any) -> None:
    """Let the timer of the outline run out, if it is set."""
    if viewer.outline_timer.interval:
        viewer.outline_timer_tick()


def test_an_outline_leaves_the_address_of_another_page_alone(
    forms: ClientForms, viewer: Any
) -> None:
    def leave(*_call: Any) -> Any:
        viewer.frame.isConnected = False
        return OUTLINE

    forms.answer = leave
    tick(viewer)

    assert forms.addresses == []


def test_an_outline_that_failed_to_load_is_loaded_with_the_next_refresh(
    forms: ClientForms, viewer: Any
) -> None:
    forms.answer = lambda *_call: None
    tick(viewer)
    forms.answer = lambda *_call: OUTLINE

    viewer.draw_again()
    tick(viewer)
    viewer.draw_again()
    tick(viewer)

    assert [call[0] for call in forms.calls] == ["outline_log", "outline_log"]
    assert forms.addresses == ["#log?job_id=70&line=L500&run_id=7"]


def test_an_outline_leads_to_the_annotation_that_was_opened_last(
    forms: ClientForms, viewer: Any
) -> None:
    found = {"lines": [600], "searched_to": 900, "more": False}
    forms.answer = lambda name, *_call: OUTLINE if name == "outline_log" else found
    viewer.go_to_annotation("error", "the second")

    tick(viewer)

    assert forms.addresses == ["#log?job_id=70&line=L600&run_id=7"]


@pytest.mark.parametrize("kind", ["error", "notice"])
def test_a_search_for_an_annotation_ends_with_its_log(
    forms: ClientForms, viewer: Any, kind: str
) -> None:
    def open_other(name: str, *_call: Any) -> Any:
        if name == "outline_log":
            return OUTLINE
        viewer.open(OTHER, PAGE, None, NOTHING_WANTED)
        viewer.outline_timer_tick()
        return {"lines": [600], "searched_to": 600, "more": True}

    forms.answer = open_other
    viewer.go_to_annotation(kind, "a message")

    assert [call[:3] for call in forms.calls] == [
        ("find_in_log", *ONE),
        ("outline_log", *OTHER),
    ]
    assert forms.addresses == []


def test_lines_of_two_logs_are_never_copied_as_one_text(forms: ClientForms, viewer: Any) -> None:
    def open_other(*_call: Any) -> Any:
        viewer.open(OTHER, PAGE, None, NOTHING_WANTED)
        return {**PAGE, "lines": ["one"]}

    viewer.set_chosen(1, 2)
    forms.answer = open_other

    assert viewer.selection.load("\n".join) is None
    assert len(forms.calls) == 1


def test_an_error_of_a_log_that_was_left_is_not_shown(forms: ClientForms, viewer: Any) -> None:
    def fail(*_call: Any) -> Any:
        viewer.open(OTHER, PAGE, None, NOTHING_WANTED)
        raise LookupError("The log of the first job has left the cache.")

    forms.answer = fail
    viewer.lines_wanted(SimpleNamespace(detail=SimpleNamespace(first=1, count=9)))

    assert forms.banners == []


def test_a_search_that_failed_at_first_goes_to_its_first_match(
    forms: ClientForms, viewer: Any
) -> None:
    search = viewer.search
    search.dom_nodes["text"].value = "boom"
    forms.answer = lambda *_call: None
    search.timer_tick()
    forms.answer = lambda *_call: {"lines": [20, 40], "searched_to": 900, "more": False}

    search.step(1)

    assert forms.addresses[-1] == "#log?job_id=70&line=L20&run_id=7"
