"""The watchdog: what it says, whom it ends, and what it lets others ask meanwhile."""

from __future__ import annotations

import threading

import pytest

from standalone.failures import exit_code_for
from standalone.uplink import watchdog as module
from standalone.uplink.link import AppUnreachable, LinkSilent, WrongUplinkKey
from standalone.uplink.watchdog import MAX_SILENT_CHECKS, Watchdog

URL = "ws://app.example/_/uplink"


class Watched:
    """A watchdog whose checks end as given, one after the other; then it is stopped."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *ends: Exception | None) -> None:
        self.said: list[str] = []
        self.dead: list[Exception] = []
        #: What a call returned after each check.
        self.answers: list[str] = []
        self._ends = iter(ends)
        self._stop = threading.Event()
        self.watchdog = Watchdog(
            URL, stop=self._stop, echo=self.said.append, on_dead=self.dead.append
        )
        monkeypatch.setattr(module, "CHECK_SECONDS", 0.0)
        monkeypatch.setattr(module, "check_link", self._check)
        self.watchdog.start()
        self.watchdog._thread.join(30)

    def _check(self, _url: str) -> None:
        self.answers.append(self._asked())
        try:
            end = next(self._ends)
        except StopIteration:
            self._stop.set()
            return
        if end is not None:
            raise end

    def _asked(self) -> str:
        try:
            return self.watchdog.run_query(lambda: "answered")
        except AppUnreachable as error:
            return str(error)


def test_a_link_that_is_lost_and_found_is_reported_once_each(monkeypatch):
    """However many checks it takes."""
    gone = AppUnreachable("the server is down")
    seen = Watched(monkeypatch, None, gone, gone, gone, gone, None)
    assert seen.said == [
        "The link to the app is gone: the server is down",
        "The link to the app is back; the agents continue.",
    ]
    assert seen.dead == []


def test_while_the_link_is_lost_nothing_is_asked_over_it(monkeypatch):
    """Health reports it at once, where a call would hang."""
    seen = Watched(monkeypatch, AppUnreachable("the server is down"), None)
    lost = "The link to the app is gone: the server is down"
    assert seen.answers == ["answered", lost, "answered"]


def test_a_call_that_gets_no_answer_is_given_up(monkeypatch):
    """The link may have died since the last check."""
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.01)
    watchdog = Watchdog(URL, stop=threading.Event(), echo=print, on_dead=print)
    never = threading.Event()
    with pytest.raises(LinkSilent, match="The app did not answer"):
        watchdog.run_query(never.wait)
    never.set()


def test_a_silent_link_ends_the_process_in_the_end(monkeypatch):
    """Each silence in a row counts, and one answer begins anew."""
    silent = LinkSilent("no answer")
    few = [silent] * (MAX_SILENT_CHECKS - 1)
    assert Watched(monkeypatch, *few, None, *few).dead == []
    seen = Watched(monkeypatch, *few, silent)
    assert [exit_code_for(error) for error in seen.dead] == [69]
    assert "nobody answers on it" in str(seen.dead[0])


def test_what_no_waiting_fixes_ends_the_process_at_once(monkeypatch):
    """As a key that was taken back."""
    seen = Watched(monkeypatch, WrongUplinkKey("the app does not know this key"))
    assert [exit_code_for(error) for error in seen.dead] == [78]
    assert "does not know this key" in str(seen.dead[0])
