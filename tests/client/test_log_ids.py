"""Finding a log by what a person types."""

from __future__ import annotations

import pytest

from client_code import log_ids


@pytest.mark.parametrize(
    ("run_text", "job_text", "found"),
    [
        (" 123 ", "456", ("123", "456")),
        ("https://github.com/octo/api/actions/runs/123/job/456", "", ("123", "456")),
        ("", "https://github.com/octo/api/actions/runs/123/job/456?pr=7#step:3:1", ("123", "456")),
        ("https://github.com/octo/api/actions/runs/123", "456", (None, "456")),
        ("123", "", ("123", None)),
        ("run 123", "4 5", (None, None)),
    ],
)
def test_ids_are_read(run_text: str, job_text: str, found: tuple[str | None, str | None]) -> None:
    assert log_ids.read(run_text, job_text) == found
