"""The field that adds a repository: what it says and enables when calls fail or take long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anvil.server
import anvil.users
import pytest
from support.changed_ports import raising
from support.client_forms import ClientForms

CAN_BE_ADDED = {"can_be_added": True, "is_ok": True, "finding": "octo/api is public", "remedy": ""}
ADDED = {"full_name": "octo/api"}


def server_failed() -> Exception:
    error: Exception = anvil.server.AnvilWrappedError({"message": "Internal server error: 0b7a"})
    return error


def lost() -> Exception:
    error: Exception = anvil.server.AppOfflineError()
    return error


class Field:
    """The form, its server and what it says."""

    def __init__(self, forms: ClientForms) -> None:
        self._forms = forms
        self.form = forms.open_form("components.AddRepository")
        self.said: list[str] = []
        show_finding = self.form.show_finding

        def remember(tone: str, finding: str, remedy: str | None) -> None:
            self.said.append(finding)
            show_finding(tone, finding, remedy)

        self.form.show_finding = remember
        self.answer_with(lambda *_call: CAN_BE_ADDED)

    def answer_with(self, answer: Callable[..., Any]) -> None:
        self._forms.answer = answer

    def type(self, text: str) -> None:
        self.form.address.text = text
        self.form.address_change()

    def add(self, answer: Callable[..., Any]) -> None:
        """Enter a repository that can be added, and add it with an answer."""
        self.type("octo/api")
        self.form.check_timer_tick()
        assert self.form.add.enabled
        self.answer_with(answer)
        self.form.add_click()


@pytest.fixture
def field(forms: ClientForms) -> Field:
    return Field(forms)


def test_a_check_that_the_server_fails_is_repeated(field: Field) -> None:
    """Its error says that it may succeed in a moment."""
    field.type("octo/api")
    field.answer_with(raising(server_failed()))
    field.form.check_timer_tick()
    assert field.said[-1].startswith("Runstream's server does not work")
    assert field.form.check_timer.interval > 0
    field.answer_with(lambda *_call: CAN_BE_ADDED)
    field.form.check_timer_tick()
    assert (field.form.add.enabled, field.form.check_timer.interval) == (True, 0)


@pytest.mark.parametrize("fault", [server_failed, lost, lambda: ValueError("a limit")])
def test_what_could_not_be_added_can_be_added_again(
    field: Field, fault: Callable[[], Exception]
) -> None:
    field.add(raising(fault()))
    assert field.form.add.enabled


def test_an_ended_session_is_no_server_that_does_not_respond(field: Field) -> None:
    """The login page is shown."""
    field.add(raising(anvil.users.AuthenticationFailed("")))
    assert field.said[-1].startswith("OWNER/NAME")
    field.type("octo/web")
    field.form.check_timer_tick()
    assert field.said[-1].startswith("OWNER/NAME")


def test_what_is_typed_while_another_is_added_stays_and_is_checked(field: Field) -> None:
    def add(*_call: Any) -> Any:
        field.type("octo/web")
        return ADDED

    field.add(add)
    assert field.form.address.text == "octo/web"
    assert field.form.check_timer.interval > 0
    assert field.said[-1] == "Checking on GitHub…"


def test_what_was_added_is_not_checked_again(field: Field) -> None:
    """Typed and taken back while it was added, it would be checked as an empty text."""

    def add(*_call: Any) -> Any:
        field.type("octo/api")
        return ADDED

    field.add(add)
    assert (field.form.address.text, field.form.check_timer.interval) == ("", 0)
    assert field.said[-1] == "octo/api was added."


def test_a_text_that_was_not_checked_cannot_be_added(field: Field) -> None:
    """Also where the one before could not be."""

    def add(*_call: Any) -> Any:
        field.type("octo/web")
        raise lost()

    field.add(add)
    assert not field.form.add.enabled
