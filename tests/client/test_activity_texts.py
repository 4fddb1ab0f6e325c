"""Sentences about what happened."""

from __future__ import annotations

import pytest

from client_code import activity_texts


@pytest.mark.parametrize(
    ("what", "repository", "sentence"),
    [
        ("added it", "octo/api", "maria added octo/api"),
        ("started a collection", "octo/api", "maria started a collection in octo/api"),
        ("paused the Log Ingestion Agent", None, "maria paused the Log Ingestion Agent"),
    ],
)
def test_an_activity_names_actor_and_action(
    what: str, repository: str | None, sentence: str
) -> None:
    record = {"actor": "maria", "what": what, "repository": repository}

    assert activity_texts.activity(record) == sentence


def test_an_error_reports_where_and_how_often() -> None:
    error = {"agent": "Log Ingestion Agent", "repository": None, "times": 1200}

    assert activity_texts.place(error) == "Log Ingestion Agent"
    assert activity_texts.repeated(error) == "· 1,200 times, first "
    assert activity_texts.repeated({**error, "times": 1}) == ""


def test_counts_are_words_and_leave_out_zero() -> None:
    counted = {
        "runs": 0,
        "jobs": 1,
        "github_requests.free": 1200,
        "github_requests.charged": 4,
        "job_lag.le.60": 7,
    }

    assert activity_texts.counts(counted) == "1,204 GitHub requests · 1 job"


def test_errors_are_counted() -> None:
    assert activity_texts.errors([]) == "No errors"
    assert activity_texts.errors([{}]) == "1 error"
