"""The link to an app: every call has an end, and every failure its own sentence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import anvil.server
import pytest
from ingest.settings import Secret
from support.changed_ports import raising

from standalone.uplink import link
from standalone.uplink.link import (
    AppAddress,
    AppUnreachable,
    LinkSilent,
    WrongUplinkKey,
    call_app,
    check_link,
    connect,
    disconnect,
)

URL = "ws://app.example/_/uplink"
APP = AppAddress(URL, Secret("server_secret_key"))


@pytest.fixture
def never() -> Iterator[Callable[..., object]]:
    """A call that gets no answer while the test runs."""
    ended = threading.Event()
    yield lambda *_, **__: ended.wait(60)
    ended.set()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing longer than needed."""
    monkeypatch.setattr(link, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(link, "CONNECT_SECONDS", 0.05)
    monkeypatch.setattr(link, "_PAUSE_SECONDS", 0.01)


def test_an_answer_is_given_back():
    """Also where it is nothing."""
    assert call_app(30, lambda: 5) == 5
    assert call_app(30, lambda: None) is None


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)])
def test_what_a_call_raises_is_raised(error):
    """In the thread of who asked."""
    with pytest.raises(type(error)) as raised:
        call_app(30, raising(error))
    assert raised.value is error


def test_no_answer_in_time_is_a_dead_link(never):
    """The call is left hanging, in a thread that keeps no process alive."""
    with pytest.raises(LinkSilent, match="The app did not answer within"):
        call_app(0.01, never)
    hanging = [each for each in threading.enumerate() if each.name == "call The app"]
    assert hanging
    assert all(each.daemon for each in hanging)


def test_an_app_that_answers_is_alive(monkeypatch):
    """Asked by what every app answers, whatever its code is."""
    asked: list[object] = []
    monkeypatch.setattr(anvil.server, "call", lambda *args: asked.append(args))
    check_link(URL)
    assert asked == [("anvil.private.echo", "runstream")]


@pytest.mark.parametrize(
    ("error", "expected", "sentence"),
    [
        (Exception("Incorrect Uplink key"), WrongUplinkKey, "set ANVIL_UPLINK_KEY"),
        (ConnectionResetError("gone"), AppUnreachable, r"\(ConnectionResetError\)"),
    ],
)
def test_a_failed_check_reports_what_to_do(monkeypatch, error, expected, sentence):
    """A wrong key is for a person to fix, all else passes."""
    monkeypatch.setattr(anvil.server, "call", raising(error))
    with pytest.raises(expected, match=sentence) as raised:
        check_link(URL)
    assert URL in str(raised.value)


def test_a_silent_app_is_reported_from_one_that_is_down(monkeypatch, never):
    """The watchdog counts silence alone."""
    monkeypatch.setattr(anvil.server, "call", never)
    with pytest.raises(LinkSilent):
        check_link(URL)


def test_connecting_is_tried_again_until_the_server_is_up(monkeypatch):
    """Then the app is asked for an answer."""
    monkeypatch.setattr(link, "CONNECT_SECONDS", 30.0)
    ends = iter([ConnectionRefusedError(), ValueError("no handshake"), None])
    opened: list[tuple[object, ...]] = []

    def open_link(key: str, *, url: str, quiet: bool) -> None:
        end = next(ends)
        if end is not None:
            raise end
        opened.append((key, url, quiet))

    monkeypatch.setattr(anvil.server, "connect", open_link)
    monkeypatch.setattr(anvil.server, "call", lambda *_: None)
    connect(APP)
    assert opened == [("server_secret_key", URL, True)]


def test_calls_can_be_answered_where_opentelemetry_is_installed(monkeypatch):
    """Anvil's client needs a tracer for each call, and has none of its own over the Uplink."""
    impl = pytest.importorskip("anvil_downlink_util.tracing.impl")
    monkeypatch.setattr(impl, "_anvil_tracer_provider", None)
    monkeypatch.setattr(anvil.server, "connect", lambda *_, **__: None)
    monkeypatch.setattr(anvil.server, "call", lambda *_: None)
    connect(APP)
    with impl.get_anvil_tracer_provider().get_tracer("test").start_as_current_span("call") as span:
        assert not span.is_recording()


def test_a_wrong_key_is_found_though_connecting_went_well(monkeypatch):
    """Anvil's client says nothing of it."""
    monkeypatch.setattr(anvil.server, "connect", lambda *_, **__: None)
    monkeypatch.setattr(anvil.server, "call", raising(Exception("Incorrect uplink key")))
    with pytest.raises(WrongUplinkKey):
        connect(APP)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ConnectionRefusedError("no"), r"cannot be reached \(ConnectionRefusedError\)"),
        (
            RuntimeError("server_secret_key is bad"),
            "is not the Uplink of an Anvil app",
        ),
    ],
)
def test_what_cannot_be_reached_is_reported_without_the_key(monkeypatch, error, sentence):
    """After a while, where it may come up."""
    monkeypatch.setattr(anvil.server, "connect", raising(error))
    with pytest.raises(AppUnreachable, match=sentence) as raised:
        connect(APP)
    assert "server_secret_key" not in str(raised.value)


def test_a_link_that_opens_and_hangs_is_unreachable(monkeypatch, never):
    """Connecting may hang as any call may."""
    monkeypatch.setattr(anvil.server, "connect", never)
    with pytest.raises(AppUnreachable, match="does not answer"):
        connect(APP)


def test_leaving_does_not_wait_for_what_hangs(monkeypatch, never):
    """The process is about to end."""
    left: list[str] = []
    monkeypatch.setattr(anvil.server, "disconnect", lambda: left.append("left"))
    disconnect()
    monkeypatch.setattr(anvil.server, "disconnect", never)
    disconnect()
    assert left == ["left"]
