"""Since when whoever was asked has answered nothing."""

from __future__ import annotations

from ingest.domain.pending_requests import (
    BETWEEN_TRIES_SECONDS,
    SAME_SILENCE_SECONDS,
    PendingRequests,
)

HOST = "https://api.github.com"


def unanswered(pending: PendingRequests, at: float) -> dict[str, float]:
    return pending.unanswered_seconds(at=at, longer_than=10)


def test_a_request_without_an_answer_is_a_silence_after_a_while():
    pending = PendingRequests()
    pending.begin(HOST, at=100)
    assert unanswered(pending, 110) == {}
    assert unanswered(pending, 130) == {HOST: 30}


def test_an_answer_ends_a_silence():
    pending = PendingRequests()
    number = pending.begin(HOST, at=100)
    pending.note_answer(HOST, number, at=130)
    pending.end(HOST, number, at=131)
    assert unanswered(pending, 200) == {}


def test_a_silence_goes_on_with_the_next_try():
    """It began with the first request, and lasts between two tries."""
    pending = PendingRequests()
    pending.end(HOST, pending.begin(HOST, at=100), at=120)
    assert unanswered(pending, 121) == {HOST: 21}
    assert unanswered(pending, 121 + BETWEEN_TRIES_SECONDS) == {}
    pending.begin(HOST, at=125)
    assert unanswered(pending, 126) == {HOST: 26}


def test_one_request_that_breaks_after_an_answer_is_no_silence():
    pending = PendingRequests()
    broken = pending.begin(HOST, at=100)
    pending.note_answer(HOST, pending.begin(HOST, at=100), at=109)
    pending.end(HOST, broken, at=110)
    assert unanswered(pending, 130) == {}


def test_a_silence_outlives_its_process():
    """The next process continues it, also where it has asked already, until it has an answer."""
    pending = PendingRequests()
    pending.resume({HOST: 50}, ended_at=95)
    assert unanswered(pending, 100) == {HOST: 50}
    pending.note_answer(HOST, pending.begin(HOST, at=100), at=101)
    assert unanswered(pending, 102) == {}
    asked = PendingRequests()
    asked.begin(HOST, at=100)
    asked.resume({HOST: 50}, ended_at=95)
    assert unanswered(asked, 115) == {HOST: 65}
    asked.note_answer(HOST, asked.begin(HOST, at=115), at=116)
    asked.resume({HOST: 50}, ended_at=95)
    assert unanswered(asked, 116) == {}


def test_a_silence_of_long_ago_is_another_one():
    pending = PendingRequests()
    pending.end(HOST, pending.begin(HOST, at=100), at=120)
    later = 121 + SAME_SILENCE_SECONDS
    pending.begin(HOST, at=later)
    pending.resume({HOST: 50}, ended_at=120)
    assert unanswered(pending, later + 11) == {HOST: 11}


def test_who_answers_others_is_silent_only_since_then():
    pending = PendingRequests()
    pending.begin(HOST, at=100)
    pending.note_answer(HOST, pending.begin(HOST, at=110), at=115)
    assert unanswered(pending, 120) == {}
    assert unanswered(pending, 130) == {HOST: 15}


def test_each_is_silent_by_itself():
    """A long poll is pending once its answer is due."""
    pending = PendingRequests()
    pending.begin(HOST, at=100)
    pending.begin("Queue logs", at=120)
    assert unanswered(pending, 125) == {HOST: 25}
    assert unanswered(pending, 140) == {HOST: 40, "Queue logs": 20}


def test_the_last_answer_is_known_for_a_while():
    pending = PendingRequests()
    pending.note_answer(HOST, pending.begin(HOST, at=100), at=130)
    pending.end(HOST, pending.begin(HOST, at=140), at=150)
    assert pending.seconds_since_answer(at=160) == {HOST: 30}
    assert pending.seconds_since_answer(at=131 + SAME_SILENCE_SECONDS) == {}
