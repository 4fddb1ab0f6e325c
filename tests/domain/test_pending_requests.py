"""Since when whoever was asked has answered nothing."""

from __future__ import annotations

from ingest.domain.pending_requests import SAME_SILENCE_SECONDS, PendingRequests

HOST = "https://api.github.com"


def silences(pending: PendingRequests, at: float) -> dict[str, float]:
    return pending.silences(at=at, longer_than=10)


def test_a_request_without_an_answer_is_a_silence_after_a_while():
    pending = PendingRequests()
    pending.begin(HOST, at=100)
    assert silences(pending, 110) == {}
    assert silences(pending, 130) == {HOST: 30}


def test_an_answer_ends_a_silence():
    pending = PendingRequests()
    number = pending.begin(HOST, at=100)
    pending.answer(HOST, number, at=130)
    pending.end(HOST, number, at=131)
    assert silences(pending, 200) == {}


def test_a_silence_goes_on_with_the_next_try():
    """It began with the first request, and is none while nothing is pending."""
    pending = PendingRequests()
    pending.end(HOST, pending.begin(HOST, at=100), at=120)
    assert silences(pending, 121) == {}
    pending.begin(HOST, at=125)
    assert silences(pending, 126) == {HOST: 26}


def test_a_silence_of_long_ago_is_another_one():
    pending = PendingRequests()
    pending.end(HOST, pending.begin(HOST, at=100), at=120)
    later = 121 + SAME_SILENCE_SECONDS
    pending.begin(HOST, at=later)
    assert silences(pending, later + 11) == {HOST: 11}


def test_who_answers_others_is_silent_only_since_then():
    pending = PendingRequests()
    pending.begin(HOST, at=100)
    pending.answer(HOST, pending.begin(HOST, at=110), at=115)
    assert silences(pending, 120) == {}
    assert silences(pending, 130) == {HOST: 15}


def test_each_is_silent_by_itself():
    """A long poll is pending once its answer is due."""
    pending = PendingRequests()
    pending.begin(HOST, at=100)
    pending.begin("Queue logs", at=120)
    assert silences(pending, 125) == {HOST: 25}
    assert silences(pending, 140) == {HOST: 40, "Queue logs": 20}
