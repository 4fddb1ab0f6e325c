"""What an error of a call means for a page."""

from __future__ import annotations

import importlib
import json
from types import ModuleType
from typing import Any

import anvil
import anvil.server
import pytest
from support.changed_ports import raising

NO_RUNTIME = "Internal server error: Server runtime not available."


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the module with what only Anvil's client in the browser has."""
    for name in ("AppOfflineError", "SessionExpiredError"):
        monkeypatch.setattr(anvil.server, name, type(name, (Exception,), {}), raising=False)
    module = importlib.import_module("client_code.connection")
    monkeypatch.setattr(module, "_STATE", {"is_lost": False, "on_change": None, "on_logout": None})
    return module


def answer_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(anvil.server, "call_s", raising(error), raising=False)


def test_server_code_that_has_just_ended_is_a_lost_connection(
    connection: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server calls that an internal error too, and starts it again by itself."""
    said: list[bool] = []
    connection.watch(said.append, lambda: None)
    answer_with(monkeypatch, anvil.server.AnvilWrappedError({"message": NO_RUNTIME}))
    with pytest.raises(connection.ConnectionLost):
        connection.call("list_activity")
    assert said == [True]


def test_a_server_that_failed_itself_is_named(
    connection: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = anvil.server.AnvilWrappedError({"message": "Internal server error: 0b7a"})
    answer_with(monkeypatch, error)
    with pytest.raises(connection.ServerFailed, match=r"may be down.* Try again in a moment\."):
        connection.call("list_activity")


@pytest.mark.parametrize("message", [NO_RUNTIME, "Internal server error: 0b7a"])
def test_the_page_opens_as_soon_as_the_server_works(
    connection: ModuleType, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    """A database that starts again would leave it at "Opening Runstream…" until it is reloaded."""
    said: list[bool] = []
    connection.watch(said.append, lambda: None)
    user = {"email": "ada@example.com", "role": "admin"}
    answers = iter([anvil.server.AnvilWrappedError({"message": message}), user])

    def call(name: str) -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(anvil.server, "call_s", call, raising=False)
    monkeypatch.setattr(connection.time, "sleep", lambda _seconds: None)

    assert connection.current_user() == user
    assert said == [True, False]


def test_an_answer_is_read_from_its_text_and_a_file_stays_one(
    connection: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = anvil.BlobMedia("text/plain", b"a log")

    def call_s(name: str, *arguments: Any, as_json: bool, **options: Any) -> Any:
        assert as_json
        return file if name == "download_log" else json.dumps([name, arguments, options])

    monkeypatch.setattr(anvil.server, "call_s", call_s, raising=False)
    assert connection.call("get_run", 7, since=None) == ["get_run", [7], {"since": None}]
    assert connection.call("download_log", 7) is file
