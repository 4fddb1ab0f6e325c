"""What forms draw when an answer is late, an error, or about something else than the last one."""

from __future__ import annotations

import importlib
from collections import defaultdict
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from support.client_forms import ClientForms

SOURCE: dict[str, Any] = {
    "finding": "3 repositories.",
    "origin": "page",
    "is_exclusion": False,
    "is_current": False,
}


def source(pattern: str, **filters: str) -> dict[str, Any]:
    """Return a source as a page gets it."""
    return {**SOURCE, "pattern": pattern, "filters": filters}


def fail(*_call: Any, **_options: Any) -> Any:
    """Answer a call with an error."""
    raise LookupError("It was not collected.")


@pytest.fixture
def clock(forms: ClientForms, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Let the module of times read some instants of the browser's clock."""
    module = importlib.import_module("client_code.clock")
    moments = {"2026-11-28T12:00:00Z": 1_796_000_000_000}
    date = type("Date", (), {"now": lambda: 1_795_000_000_000, "parse": moments.__getitem__})
    monkeypatch.setattr(module.window, "Date", date, raising=False)
    return module


class LatePage:
    """A page that somebody leaves while it loads."""

    title = "Late"

    def __init__(self, shell: Any, *, fails: bool) -> None:
        self._shell, self._fails = shell, fails

    def load(self) -> Any:
        """Answer while another page opens."""
        self._shell._is_opening = True
        return fail() if self._fails else {}

    def show(self, _answer: Any) -> None:
        """Nothing is to be drawn."""
        raise AssertionError


@pytest.mark.parametrize("fails", [False, True])
def test_an_answer_of_a_page_that_was_left_is_not_shown(forms: ClientForms, fails: bool) -> None:
    shell = forms.open_form("Shell")
    shell.page = LatePage(shell, fails=fails)

    shell.refresh()

    assert shell.dom_nodes["connection"].textContent == ""


def test_a_page_knows_the_servers_time_from_the_login_on(
    forms: ClientForms, clock: ModuleType
) -> None:
    shell = forms.open_form("Shell")
    shell._is_opening = True  # no page is to be opened

    shell.enter({"email": "ada@example.com", "role": "admin", "now": "2026-11-28T12:00:00Z"})

    assert clock.now() == 1_796_000_000.0


def run_answer() -> dict[str, Any]:
    """Return the answer for a run of which little is known."""
    unknown: Any = partial(defaultdict, lambda: None)
    code = unknown()
    run = unknown(repo="octo/api", run_attempt=1, jobs=[], pull_requests=[], code_metrics=code)
    links = {"html_url": None, "commit_url": None}
    return {"run": run, "attempts": [], "logs": {}, "annotations": [], "message": "{}", **links}


@pytest.mark.usefixtures("clock")
def test_another_attempt_that_cannot_be_shown_is_not_the_one_before(forms: ClientForms) -> None:
    page = forms.open_form("RunPage")
    page.open({"run_id": "7", "attempt": "1"})
    page.show(run_answer())
    forms.answer = fail
    page.open({"run_id": "7", "attempt": "9"})

    page.show(page.load())

    assert page.error.dom_nodes["what"].textContent == "It was not collected."
    assert page.dom_nodes["body"].hidden


@pytest.mark.usefixtures("clock")
def test_a_run_that_is_shown_stays_where_its_refresh_fails(forms: ClientForms) -> None:
    page = forms.open_form("RunPage")
    page.open({"run_id": "7"})
    page.show(run_answer())
    forms.answer = fail

    with pytest.raises(LookupError):
        page.load()


def test_a_log_page_that_is_drawn_stays_where_its_refresh_fails(forms: ClientForms) -> None:
    page = forms.open_form("LogPage")
    page.open({"run_id": "7", "job_id": "70"})
    forms.answer = fail
    assert page.load() == {"error": "It was not collected."}

    page.is_drawn = True
    with pytest.raises(LookupError):
        page.load()


def test_a_download_that_failed_is_that_of_its_own_log(forms: ClientForms) -> None:
    page = forms.open_form("LogPage")
    page.open({"run_id": "7", "job_id": "70"})
    forms.answer = fail
    page.download_click(None)
    assert page.dom_nodes["download_label"].textContent == "It was not collected."

    page.open({"run_id": "8", "job_id": "80"})

    assert page.dom_nodes["download_label"].textContent == "Download"


def test_a_log_that_was_not_found_is_asked_for_again(forms: ClientForms) -> None:
    page = forms.open_form("LogPage")
    page.dom_nodes["run_id"].value, page.dom_nodes["job_id"].value = "7", "70"
    submit = SimpleNamespace(preventDefault=lambda: None)
    page.find_submit(submit)
    assert forms.window.location.hash == "#log?job_id=70&run_id=7"
    assert forms.refreshes == 0

    page.find_submit(submit)

    assert forms.refreshes == 1


def test_behind_the_end_of_a_list_its_last_page_comes_next(forms: ClientForms) -> None:
    pager = forms.open_form("components.Pager")

    pager.show(9, 3, lambda page: f"#runs?page={page}")

    assert pager.dom_nodes["previous"].attributes["href"] == "#runs?page=3"
    assert "href" not in pager.dom_nodes["next"].attributes


def test_a_list_that_has_become_shorter_does_not_match_nothing(forms: ClientForms) -> None:
    page = forms.open_form("RunsPage")
    page.open({"page": "9"})
    names = ("repository", "workflow", "branch", "event", "actor", "status", "conclusion")

    page.show(
        {"runs": [], "total": 5, "unfiltered_total": 5, "choices": {name: [] for name in names}}
    )

    assert page.dom_nodes["none_found"].hidden


def test_filters_that_somebody_else_has_changed_are_not_overwritten(forms: ClientForms) -> None:
    row = forms.open_form("components.SourceRow")
    branches = row.filters.dom_nodes["branches"]
    row.show(source("octo/*", branches="main"))
    row.show(source("octo/*", branches="release"))
    assert branches.value == "release"

    row.edit_click()
    branches.value = "being typed"
    row.show(source("octo/*", branches="main"))

    assert branches.value == "being typed"


def a_collection(collection_id: str, minute: int, *, state: str) -> dict[str, Any]:
    """Return a collection as a page gets it."""
    counts = ("repositories_done", "repositories_total", "runs", "jobs", "logs")
    return {
        **dict.fromkeys(counts, 1),
        "collection_id": collection_id,
        "state": state,
        "phase": f"phase of {collection_id}",
        "error": None,
        "sentence": f"Result of {collection_id}.",
        "started_at": f"2026-11-28T12:{minute:02}:00Z",
    }


@pytest.mark.parametrize("before", [None, a_collection("c1", 1, state="completed")])
def test_a_page_that_was_asked_for_before_hides_no_collection_that_has_started(
    forms: ClientForms, before: Any
) -> None:
    form = forms.open_form("components.CollectNow")
    forms.answer = lambda *_call: a_collection("c2", 2, state="running")
    form.collect_click()

    form.show(before)

    assert form.dom_nodes["sentence"].textContent == "Phase of c2…"
    assert form.progress_timer.interval > 0
    forms.answer = lambda *_call: a_collection("c2", 2, state="completed")
    form.progress_timer_tick()
    assert form.dom_nodes["sentence"].textContent == "Result of c2."


def test_a_collection_that_somebody_else_has_started_a_moment_before_is_followed(
    forms: ClientForms,
) -> None:
    form = forms.open_form("components.CollectNow")
    forms.answer = lambda *_call: a_collection("c1", 2, state="running")
    form.collect_click()

    forms.answer = lambda *_call: a_collection("c1", 1, state="completed")
    form.progress_timer_tick()

    assert form.dom_nodes["sentence"].textContent == "Result of c1."
    assert form.progress_timer.interval == 0


def test_the_result_of_a_collection_is_shown_for_its_time_only(forms: ClientForms) -> None:
    form = forms.open_form("components.CollectNow")
    form.show(a_collection("c1", 1, state="completed"))
    assert form.dom_nodes["sentence"].textContent == "Result of c1."

    form.show(None)

    assert form.dom_nodes["sentence"].textContent == ""


def test_why_a_collection_cannot_start_outlasts_the_next_refresh(forms: ClientForms) -> None:
    form = forms.open_form("components.CollectNow")
    forms.answer = fail
    form.collect_click()

    form.show(None)

    assert form.dom_nodes["sentence"].textContent == "It was not collected."


def test_progress_that_cannot_be_read_is_reported_once(forms: ClientForms) -> None:
    form = forms.open_form("components.CollectNow")
    form.progress_timer.interval = 1.5
    forms.answer = fail

    form.progress_timer_tick()

    assert form.dom_nodes["sentence"].textContent == "It was not collected."
    assert form.progress_timer.interval == 0


QUEUES = [{"name": name, "purpose": name} for name in ("metrics", "logs")]
DEPTH = {"error": None, "waiting": 1, "in_flight": 0, "delayed": 0}


def test_a_queue_that_fails_holds_no_other(forms: ClientForms) -> None:
    card = forms.open_form("components.QueuesCard")
    card.set_shown(is_shown=True)
    card.show(QUEUES)
    forms.answer = lambda _, queue: fail() if queue == "metrics" else DEPTH

    card.ask_timer_tick()

    metrics, logs = card.in_slots
    assert metrics.dom_nodes["error"].textContent == "It was not collected."
    assert logs.dom_nodes["depth"].textContent.startswith("1 waiting")


def test_a_page_that_is_opened_again_claims_no_depth_of_before(forms: ClientForms) -> None:
    card = forms.open_form("components.QueuesCard")
    card.set_shown(is_shown=True)
    card.show(QUEUES)

    def open_again(_name: str, queue: str) -> Any:
        if len(forms.calls) == len(QUEUES):
            card.set_shown(is_shown=True)
        return DEPTH

    forms.answer = open_again
    card.ask_timer_tick()
    drawn = [row.dom_nodes["depth"].textContent for row in card.in_slots]
    assert drawn == ["Asking the queue…"] * 2
    card.ask_timer_tick()

    assert len(forms.calls) == 2 * len(QUEUES)
    assert card.ask_timer.interval == 0


def test_queues_that_are_left_while_they_answer_are_not_asked_again(forms: ClientForms) -> None:
    card = forms.open_form("components.QueuesCard")
    card.set_shown(is_shown=True)
    card.show(QUEUES)
    card.ask_timer.interval = 0

    def leave(*_: Any) -> Any:
        card.set_shown(is_shown=False)
        return DEPTH

    forms.answer = leave
    card.ask_timer_tick()

    assert card.ask_timer.interval == 0


def test_settings_that_are_opened_again_show_no_password(forms: ClientForms) -> None:
    card = forms.open_form("components.PasswordCard")
    card.dom_nodes["old"].value = "typed, and left"
    card.dom_nodes["message"].textContent = "Password changed."

    card.reset()

    assert (card.dom_nodes["old"].value, card.dom_nodes["message"].textContent) == ("", "")


def test_the_setup_shows_no_problems_of_before(
    forms: ClientForms, monkeypatch: pytest.MonkeyPatch, clock: ModuleType
) -> None:
    page = forms.open_form("OverviewPage")
    page.problem_rows.show(
        [
            {
                "sentence": "The state cannot be written.",
                "detail": None,
                "is_headline": False,
                "since": None,
                "last_at": None,
            }
        ]
    )
    step = {
        "step": "token",
        "title": "Connect GitHub",
        "finding": "No GitHub token is set.",
        "remedy": "Create a token.",
        "is_done": False,
        "is_checked": True,
    }

    page.show({"now": "2026-11-28T12:00:00Z", "is_set_up": False, "setup": [step]})

    assert [type(each).__name__ for each in page.in_slots] == ["SetupStep"]


def test_a_password_that_is_shown_once_stays_while_a_role_changes(forms: ClientForms) -> None:
    card = forms.open_form("components.AccountsCard")
    made = {"email": "ada@example.com", "password": "generated"}
    forms.answer = lambda name, *_call: made if name == "add_account" else None
    card.perform("add_account", "ada@example.com", "viewer")

    card.perform("set_account_role", "bob@example.com", "admin")

    assert card.dom_nodes["password"].textContent == "generated"


@pytest.mark.parametrize(
    ("action", "shown"),
    [("install", "installed"), ("update", "installed"), ("request", "requested")],
)
def test_a_requested_installation_is_not_called_done(
    forms: ClientForms, action: str, shown: str
) -> None:
    """GitHub redirects a member who may not install an App with `setup_action=request`."""
    forms.window.location.search = f"?setup_action={action}"
    address = importlib.import_module("client_code.github_redirect").page_to_open()
    page = forms.open_form("RepositoriesPage")

    page.open(importlib.import_module("client_code.routes").parse_address(address)[1])

    notes = [each for each in ("installed", "requested") if not page.dom_nodes[each].hidden]
    assert notes == [shown]


def test_settings_are_drawn_before_an_app_is_received(forms: ClientForms) -> None:
    redirect = importlib.import_module("client_code.github_redirect")
    redirect._RECEIVED["code"] = {"code": "c", "state": "s"}  # as after GitHub's redirect
    card = forms.open_form("components.GithubAppCard")
    forms.answer = fail

    card.show(None)
    assert forms.calls == []
    assert card.finish_timer.interval > 0
    card.finish_timer_tick()

    assert [call[0] for call in forms.calls] == ["finish_github_app"]
