"""What the state does when a call of the Data Tables is not answered."""

from __future__ import annotations

import socket
from itertools import count
from typing import Any

import anvil.server
import pytest
from anvil import _threaded_server
from anvil.tables import app_tables
from ingest.adapters.data_tables import DataTablesState
from ingest.errors import StateUnavailable
from support.changed_ports import raising
from support.command_line import wait_until
from support.state_records import REPOSITORY, an_attempt


@pytest.mark.parametrize("lost_at", [2, 4], ids=["as it begins", "between two tables"])
def test_a_connection_that_comes_back_within_a_save(
    state: DataTablesState, monkeypatch: pytest.MonkeyPatch, lost_at: int
) -> None:
    """Its transaction does not come back with it: none of the save is kept."""
    state.save_attempts([an_attempt()])
    ask, asked = _threaded_server.do_call, count(1)

    def ask_anew(args: Any, kwargs: Any, fn_name: Any = None, **rest: Any) -> Any:
        answer = ask(args, kwargs, fn_name=fn_name, **rest)
        if fn_name != "anvil.private.echo" and next(asked) == lost_at - 1:
            connect_again()
        return answer

    with monkeypatch.context() as changed:
        changed.setattr(_threaded_server, "do_call", ask_anew)
        with pytest.raises(StateUnavailable):
            state.save_attempts([an_attempt(fingerprint="new"), an_attempt(8)])
    # The server keeps a lost transaction's connection to its database for ten seconds.
    wait_until(lambda: answers(state))
    assert state.load_attempts(REPOSITORY, [7, 8]) == {an_attempt().key: an_attempt()}
    assert len(app_tables.attempts.search()) == len(app_tables.attempt_bodies.search()) == 1
    state.save_attempts([an_attempt(8)])
    assert state.count_ledger().attempts == 2


def connect_again() -> None:
    """Cut the Uplink, and wait until it has connected by itself."""
    lost = anvil.server._connection
    # Anvil's client leaves a lost socket to the garbage collector, which warns.
    with lost.sock as cut:
        cut.shutdown(socket.SHUT_RDWR)
        wait_until(lambda: anvil.server._connection not in (lost, None))


def answers(state: DataTablesState) -> bool:
    try:
        state.load_desired_states()
    except StateUnavailable:
        return False
    return True


@pytest.mark.parametrize(
    "error",
    [
        anvil.server.InternalError("a fault"),
        anvil.server.RuntimeUnavailableError("no worker"),
        anvil.server.SerializationError("Data payload too big"),
        anvil.server.TimeoutError("30 s"),
        anvil.server.UplinkDisconnectedError("gone"),
        anvil.server.QuotaExceededError("rows"),
        anvil.server.AnvilWrappedError("any other"),
        ConnectionRefusedError("nobody there"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_anvil_raises_is_an_error_of_ours(
    state: DataTablesState, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(_threaded_server, "do_call", raising(error))
        with pytest.raises(StateUnavailable, match=str(error)) as raised:
            state.list_repositories()
    assert isinstance(raised.value.__cause__, type(error))
