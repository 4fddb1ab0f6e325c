"""Answers of the server that arrive when the page shows something else already."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import anvil.server
import pytest
from support.client_forms import ClientForms

Answer = Callable[..., Any]

#: Stands for an answer that does not come.
LOST = object()


def a_repository(name: str, *, state: str = "active") -> dict[str, Any]:
    numbers = ("in_flight", "collected", "logs_fetched", "logs_pending", "logs_unavailable")
    return {
        **dict.fromkeys((*numbers, "known", "backlog"), 0),
        **dict.fromkeys(("last_error", "remedy", "last_polled_at", "next_poll_at")),
        "backlog_seconds": None,
        "full_name": name,
        "state": state,
        "html_url": f"https://github.com/{name}",
        "is_being_polled": False,
    }


def a_source(pattern: str) -> dict[str, Any]:
    return {
        "pattern": pattern,
        "finding": "2 repositories",
        "origin": "app",
        "is_exclusion": False,
        "is_current": False,
        "filters": {},
    }


def an_error(what: str) -> dict[str, Any]:
    at = {"occurred_at": None, "first_at": None}
    return {"agent": "a", "repository": "octo/api", "what": what, "remedy": "", "times": 1, **at}


def raising_after(change: Callable[[], None], error: Exception) -> Answer:
    def answer(*_: Any) -> None:
        change()
        raise error

    return answer


@pytest.fixture
def card(forms: ClientForms) -> Any:
    form = forms.open_form("components.RepositoryCard")
    form.show(a_repository("octo/api"))
    return form


def test_a_pause_is_drawn_on_the_card_of_its_repository_only(card: Any, forms: ClientForms) -> None:
    """A refresh while the server works may move the repository to another card."""

    def answer(*_: Any) -> Any:
        card.show(a_repository("octo/web"))
        return a_repository("octo/api", state="paused")

    forms.answer = answer
    card.pause_click()

    assert forms.calls == [("pause_repository", "octo/api")]
    assert card.dom_nodes["name"].textContent == "octo/web"
    assert card.pause.text == "Pause"
    assert card.pause.enabled


def test_a_pause_is_drawn_at_once(card: Any, forms: ClientForms) -> None:
    forms.answer = lambda *_: a_repository("octo/api", state="paused")

    card.pause_click()

    assert card.pause.text == "Resume"


def test_an_error_that_came_too_late_for_its_card_is_in_the_banner(
    card: Any, forms: ClientForms
) -> None:
    refused = ValueError("octo/api is not watched.")
    forms.answer = raising_after(lambda: card.show(a_repository("octo/web")), refused)

    card.pause_click()

    assert (card.dom_nodes["message"].textContent, forms.banners) == ("", [str(refused)])


def test_an_error_stays_with_the_source_that_it_is_about(forms: ClientForms) -> None:
    row = forms.open_form("components.SourceRow")
    row.show(a_source("octo/*"))
    forms.answer = raising_after(lambda: None, ValueError("octo/* is no source."))
    row.confirm_click()
    assert row.dom_nodes["message"].textContent == "octo/* is no source."

    row.show(a_source("acme/*"))

    assert row.dom_nodes["message"].textContent == ""


def test_the_effect_of_a_removal_is_not_shown_for_another_source(forms: ClientForms) -> None:
    row = forms.open_form("components.SourceRow")
    row.show(a_source("octo/*"))

    def answer(*_: Any) -> str:
        row.show(a_source("acme/*"))
        return "2 repositories are no longer watched."

    forms.answer = answer
    row.remove_click()

    assert row.dom_nodes["question"].textContent == ""
    assert row.dom_nodes["confirm"].hidden


def test_filters_are_not_said_to_be_saved_for_another_source(forms: ClientForms) -> None:
    form = forms.open_form("components.SourceFilters")
    form.raise_event = lambda name: None
    form.show(a_source("octo/*"), is_open=True)

    def answer(*_: Any) -> str:
        form.show(a_source("acme/*"), is_open=True)
        return "octo/* has no filters now."

    forms.answer = answer
    form.form_submit(SimpleNamespace(preventDefault=lambda: None))

    assert form.dom_nodes["message"].textContent == ""


def test_an_error_that_cannot_be_dismissed_says_so_in_its_own_row(forms: ClientForms) -> None:
    row = forms.open_form("components.ErrorRow")
    row.show(an_error("A"))
    forms.answer = raising_after(lambda: None, ValueError("The state is full."))
    row.dismiss_click()
    row.show(an_error("A"))
    assert row.dom_nodes["message"].textContent == "The state is full."

    row.show(an_error("B"))

    assert row.dom_nodes["message"].textContent == ""


def test_a_refused_role_is_taken_back_in_its_own_row(forms: ClientForms) -> None:
    row = forms.open_form("components.AccountRow")

    def account(email: str, role: str) -> dict[str, Any]:
        flags = dict.fromkeys(("is_enabled", "is_you", "is_editable"), True)
        return {"email": email, "role": role, "last_login": None, "card": card, **flags}

    def refuse(*_: Any) -> bool:
        row.show(account("b@example.com", "viewer"))
        return False

    card = SimpleNamespace(perform=refuse)
    row.show(account("a@example.com", "admin"))
    row.dom_nodes["role"].value = "viewer"

    row.role_change(None)

    assert row.dom_nodes["role"].value == "viewer"


@pytest.fixture
def repositories(forms: ClientForms) -> Any:
    page = forms.open_form("RepositoriesPage")
    page.open({"search": "web"})
    return page


def paused_by(forms: ClientForms) -> list[Any]:
    return [call[2]["search"] for call in forms.calls if call[0] == "pause_repositories"]


def test_all_of_a_search_stay_those_of_that_search(repositories: Any, forms: ClientForms) -> None:
    """A list of thousands takes several calls, and meanwhile all repositories may be listed."""

    def answer(*_: Any) -> dict[str, int]:
        repositories.open({})
        return {"done": 200, "left": 3 - len(forms.calls)}

    forms.answer = answer
    repositories.pause_all_click()

    assert paused_by(forms) == ["web", "web", "web"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([LOST], ""),
        ([{"done": 1, "left": 3}, LOST], "Paused 1 repository, 3 left."),
        ([{"done": 1, "left": 3}, {"done": 0, "left": 3}], "Paused 1 repository, 3 left."),
        ([{"done": 1, "left": 3}, {"done": 3, "left": 0}], "Paused 4 repositories."),
    ],
)
def test_what_is_left_of_a_list_is_told(
    repositories: Any, forms: ClientForms, answers: list[Any], message: str
) -> None:
    def answer(*_: Any) -> Any:
        given = answers[len(forms.calls) - 1]
        if given is LOST:
            raise anvil.server.AppOfflineError
        return given

    forms.answer = answer
    repositories.pause_all_click()

    assert repositories.dom_nodes["bulk_message"].textContent == message


@pytest.mark.parametrize("name", ["RepositoriesPage", "RunsPage"])
def test_a_search_that_waits_for_the_last_key_does_not_leave_a_page_just_chosen(
    forms: ClientForms, name: str
) -> None:
    page = forms.open_form(name)
    page.open({})
    page.search_input(None)
    assert page.search_timer.interval > 0

    page.open({"page": "2"})

    assert page.search_timer.interval == 0


def test_progress_stays_while_a_refresh_shows_what_it_has_changed(
    repositories: Any, forms: ClientForms
) -> None:
    told: list[str] = []

    def answer(*_: Any) -> dict[str, int]:
        left = 300 - 100 * len(forms.calls)
        repositories.show_bulk_buttons(left + 100, 200 - left)
        told.append(repositories.dom_nodes["bulk_message"].textContent)
        return {"done": 100, "left": left}

    forms.answer = answer
    repositories.pause_all_click()

    assert told == [
        "",
        "Paused 100 repositories, 200 left…",
        "Paused 200 repositories, 100 left…",
    ]
