"""Which errors people read of once."""

import pytest
from ingest.domain.error_causes import without_ids


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The log of job 90000000159 failed.", "The log of job 90000000160 failed."),
        (
            "Data Tables do not answer: Internal server error: c12dd9c74dda",
            "Data Tables do not answer: Internal server error: 533d725b14c1",
        ),
        (
            "Refused (request 0b1f6a52-8b9c-4a55-9d4e-6f1f7f2b3c4d).",
            "Refused (request 7c0d4a10-1111-2222-3333-0123456789ab).",
        ),
    ],
)
def test_errors_that_differ_by_an_id_are_one(one, other):
    assert without_ids(one) == without_ids(other)
    assert "…" in without_ids(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("token-271baa752070 is rejected.", "token-381baa752071 is rejected."),
        ("octo/deadbeef1 is gone.", "octo/deadbeef2 is gone."),
        ("The key facade99.txt is missing.", "The key facade98.txt is missing."),
        ("SQS answered 500.", "SQS answered 503."),
        ("defaced", "effaced"),
    ],
)
def test_errors_that_differ_by_a_name_are_two(one, other):
    assert without_ids(one) != without_ids(other)
