"""Answers of the server that arrive when the page shows something else already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from support.client_forms import ConnectionLost, client_module

Answer = Callable[..., Any]

A_LOG = {"total_lines": 100, "first_line": 1, "lines": [], "long_lines": []}


class Server:
    """The server as the pages see it: each call is noted and answered by ``answer``."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.answer: Answer = lambda *arguments: None

    def call(self, name: str, *arguments: Any, **options: Any) -> Any:
        self.calls.append((name, *arguments, options) if options else (name, *arguments))
        return self.answer(*self.calls[-1])


class Shell:
    """The frame of the pages, which shows a banner and refreshes."""

    def __init__(self) -> None:
        self.banner: str | None = None
        self.refresh = self.replace_address = lambda *_: None

    def show_banner(self, sentence: str | None) -> None:
        self.banner = sentence


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def shell() -> Shell:
    return Shell()


@pytest.fixture
def load(server: Server, shell: Shell) -> Iterator[Callable[[str], Any]]:
    with ExitStack() as loaded:
        yield lambda name: loaded.enter_context(
            client_module(name, shell=shell, answer=server.call)
        )


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
def card(load: Callable[[str], Any]) -> Any:
    form = load("components.RepositoryCard").RepositoryCard()
    form.show(a_repository("octo/api"))
    return form


def test_a_pause_is_drawn_on_the_card_of_its_repository_only(card: Any, server: Server) -> None:
    """A refresh while the server works may move the repository to another card."""

    def answer(*_: Any) -> Any:
        card.show(a_repository("octo/web"))
        return a_repository("octo/api", state="paused")

    server.answer = answer
    card.pause_click()

    assert server.calls == [("pause_repository", "octo/api")]
    assert card.dom_nodes["name"].textContent == "octo/web"
    assert card.pause.text == "Pause"
    assert card.pause.enabled


def test_a_pause_is_drawn_at_once(card: Any, server: Server) -> None:
    server.answer = lambda *_: a_repository("octo/api", state="paused")

    card.pause_click()

    assert card.pause.text == "Resume"


def test_an_error_that_came_too_late_for_its_card_is_in_the_banner(
    card: Any, server: Server, shell: Shell
) -> None:
    refused = ValueError("octo/api is not watched.")
    server.answer = raising_after(lambda: card.show(a_repository("octo/web")), refused)

    card.pause_click()

    assert (card.dom_nodes["message"].textContent, shell.banner) == ("", str(refused))


def test_an_error_stays_with_the_source_that_it_is_about(
    load: Callable[[str], Any], server: Server
) -> None:
    row = load("components.SourceRow").SourceRow()
    row.show(a_source("octo/*"))
    server.answer = raising_after(lambda: None, ValueError("octo/* is no source."))
    row.confirm_click()
    assert row.dom_nodes["message"].textContent == "octo/* is no source."

    row.show(a_source("acme/*"))

    assert row.dom_nodes["message"].textContent == ""


def test_the_effect_of_a_removal_is_not_shown_for_another_source(
    load: Callable[[str], Any], server: Server
) -> None:
    row = load("components.SourceRow").SourceRow()
    row.show(a_source("octo/*"))

    def answer(*_: Any) -> str:
        row.show(a_source("acme/*"))
        return "2 repositories are no longer watched."

    server.answer = answer
    row.remove_click()

    assert row.dom_nodes["question"].textContent == ""
    assert row.dom_nodes["confirm"].hidden


def test_filters_are_not_said_to_be_saved_for_another_source(
    load: Callable[[str], Any], server: Server
) -> None:
    form = load("components.SourceFilters").SourceFilters()
    form.raise_event = lambda name: None
    form.show(a_source("octo/*"))

    def answer(*_: Any) -> str:
        form.show(a_source("acme/*"))
        return "octo/* has no filters now."

    server.answer = answer
    form.form_submit(SimpleNamespace(preventDefault=lambda: None))

    assert form.dom_nodes["message"].textContent == ""


def test_an_error_that_cannot_be_dismissed_says_so_in_its_own_row(
    load: Callable[[str], Any], server: Server
) -> None:
    row = load("components.ErrorRow").ErrorRow()
    row.show(an_error("A"))
    server.answer = raising_after(lambda: None, ValueError("The state is full."))
    row.dismiss_click()
    row.show(an_error("A"))
    assert row.dom_nodes["message"].textContent == "The state is full."

    row.show(an_error("B"))

    assert row.dom_nodes["message"].textContent == ""


def test_a_refused_role_is_taken_back_in_its_own_row(load: Callable[[str], Any]) -> None:
    row = load("components.AccountRow").AccountRow()

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
def repositories(load: Callable[[str], Any]) -> Any:
    page = load("RepositoriesPage").RepositoriesPage()
    page.open({"search": "web"})
    return page


def paused_by(server: Server) -> list[Any]:
    return [call[2]["search"] for call in server.calls if call[0] == "pause_repositories"]


def test_all_of_a_search_stay_those_of_that_search(repositories: Any, server: Server) -> None:
    """A list of thousands takes several calls, and meanwhile all repositories may be listed."""

    def answer(*_: Any) -> dict[str, int]:
        repositories.open({})
        return {"done": 200, "left": 3 - len(server.calls)}

    server.answer = answer
    repositories.pause_all_click()

    assert paused_by(server) == ["web", "web", "web"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([ConnectionLost()], ""),
        ([{"done": 1, "left": 3}, ConnectionLost()], "Paused 1 repository, 3 left."),
        ([{"done": 1, "left": 3}, {"done": 0, "left": 3}], "Paused 1 repository, 3 left."),
        ([{"done": 1, "left": 3}, {"done": 3, "left": 0}], "Paused 4 repositories."),
    ],
)
def test_what_is_left_of_a_list_is_told(
    repositories: Any, server: Server, answers: list[Any], message: str
) -> None:
    def answer(*_: Any) -> Any:
        given = answers[len(server.calls) - 1]
        if isinstance(given, Exception):
            raise given
        return given

    server.answer = answer
    repositories.pause_all_click()

    assert repositories.dom_nodes["bulk_message"].textContent == message


@pytest.mark.parametrize("name", ["RepositoriesPage", "RunsPage"])
def test_a_search_that_waits_for_the_last_key_does_not_leave_a_page_just_chosen(
    load: Callable[[str], Any], name: str
) -> None:
    page = getattr(load(name), name)()
    page.open({})
    page.search_input(None)
    assert page.search_timer.interval > 0

    page.open({"page": "2"})

    assert page.search_timer.interval == 0


@pytest.fixture
def viewer(load: Callable[[str], Any]) -> Any:
    form = load("components.LogViewer").LogViewer()
    form.open(("1", "2"), A_LOG, None, (None, ""))
    return form


def test_an_annotation_is_not_searched_for_in_the_next_log(viewer: Any, server: Server) -> None:
    """The search of a long log takes several calls, and meanwhile another may be opened."""

    def answer(*_: Any) -> dict[str, Any]:
        viewer.open(("1", "3"), A_LOG, None, (None, ""))
        return {"lines": [], "searched_to": 50, "more": len(server.calls) == 1}

    server.answer = answer
    viewer.errors.go_to_first.return_value = False
    viewer.go_to_annotation("error", "a message")

    assert server.calls == [("find_in_log", "1", "2", "a message", 0)]
    viewer.errors.step.assert_not_called()


def test_copied_lines_are_of_one_log(
    load: Callable[[str], Any], viewer: Any, server: Server
) -> None:
    selection = load("components.LogSelection").LogSelection()
    selection.show(viewer, 1, 100)

    def answer(*_: Any) -> dict[str, Any]:
        viewer.open(("1", "3"), A_LOG, None, (None, ""))
        return {"lines": ["a line"], "long_lines": []}

    server.answer = answer

    assert selection.load("\n".join) is None
    assert server.calls == [("get_job_logs", "1", "2", 1, 100)]
