"""Pauses that grow with failures in a row."""

from __future__ import annotations

from datetime import timedelta

from ingest.domain.backoff import backoff


def test_pauses_double_up_to_their_maximum():
    """The first failure has the first pause."""
    pauses = [backoff(failures, maximum=timedelta(seconds=10)) for failures in range(1, 7)]
    assert [pause.total_seconds() for pause in pauses] == [1, 2, 4, 8, 10, 10]


def test_any_number_of_failures_has_a_pause():
    """A repository may fail for a year, and a pause without failures is the first one."""
    first, maximum = timedelta(seconds=5), timedelta(days=1)
    assert backoff(10**9, first=first, maximum=maximum) == maximum
    assert backoff(0, first=first, maximum=maximum) == first
