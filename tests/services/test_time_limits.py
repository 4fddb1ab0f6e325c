"""Time limits: an answer in time, its error, or who did not answer."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future

import pytest
from ingest.errors import AccessDenied, GithubUnavailable
from ingest.services.time_limits import await_result, call_with_timeout
from support.changed_ports import raising


def test_an_answer_in_time_is_returned():
    assert call_with_timeout(5, "The queue", lambda: "answer") == "answer"


@pytest.mark.parametrize("error", [AccessDenied("no"), KeyError("a bug of ours")])
def test_what_a_function_raises_within_its_time_is_raised(error):
    """A bug is not mistaken for a silent third party."""
    with pytest.raises(type(error)):
        call_with_timeout(5, "The queue", raising(error))


def test_who_does_not_answer_is_named():
    with pytest.raises(GithubUnavailable, match=r"^The queue did not answer within 0 seconds"):
        call_with_timeout(0, "The queue", threading.Event().wait)


def test_a_result_that_a_shutdown_has_cancelled_is_not_waited_for():
    future: Future[str] = Future()
    future.cancel()
    with pytest.raises(CancelledError):
        await_result(future, raising(AssertionError("it is waited for")))
