"""The login page, which may be open for longer than a session lasts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import anvil.server
import pytest
from support.client_forms import ClientForms


def test_a_login_after_the_session_has_expired_begins_another(
    forms: ClientForms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every further login would fail as well, until the page is loaded again."""
    page, resets = forms.open_form("LoginPage"), []
    monkeypatch.setattr(anvil.server, "reset_session", lambda: resets.append(1), raising=False)
    page.dom_nodes["email"].value, page.dom_nodes["password"].value = "ada@example.com", "secret"

    def answer(*call: Any) -> Any:
        if not resets:
            raise anvil.server.SessionExpiredError
        return {"email": call[1]}

    forms.answer = answer

    page.form_submit(SimpleNamespace(preventDefault=lambda: None))

    assert page.events == [("x-logged-in", {"user": {"email": "ada@example.com"}})]
    assert page.dom_nodes["error"].textContent == ""
