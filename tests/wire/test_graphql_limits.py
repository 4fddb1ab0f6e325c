"""GraphQL's refusals by a limit, in each form in which GitHub has sent them."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from ingest.errors import RateLimited
from ingest.wire.graphql_limits import as_rest_answer
from ingest.wire.rate_limiter import RateLimiter

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=timezone.utc)
HOUR = {
    "x-ratelimit-limit": "5000",
    "x-ratelimit-remaining": "4900",
    "x-ratelimit-reset": str(int(NOW.timestamp()) + 600),
}
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes."


def errors(**error: str) -> str:
    return json.dumps({"errors": [error]})


def waits(status: int, headers: dict[str, str], body: str) -> dict[str, float]:
    """Return for how many seconds each resource waits after an answer of GraphQL."""
    limiter = RateLimiter()
    with pytest.raises(RateLimited):
        limiter.update(*as_rest_answer(status, headers, body), body, now=NOW)
    found = {}
    for resource in ("core", "graphql"):
        try:
            limiter.admit("/any", resource=resource, now=NOW)
            found[resource] = 0.0
        except RateLimited as limit:
            found[resource] = (limit.retry_at - NOW).total_seconds()
    return found


@pytest.mark.parametrize(
    "body",
    [
        errors(type="RATE_LIMITED", message="API rate limit exceeded for user ID 1."),
        errors(
            type="RATE_LIMIT",
            code="graphql_rate_limit",
            message="API rate limit already exceeded for user ID 1.",
        ),
        errors(message="API rate limit already exceeded for installation ID 1."),
    ],
)
def test_a_used_up_hour_pauses_graphql_alone(body: str) -> None:
    """It answers 200, and its header may still name requests that are left."""
    assert waits(200, HOUR, body) == {"core": 0, "graphql": 601}


def test_a_secondary_limit_pauses_every_request() -> None:
    """It answers 200 or 403; the end of the hour has nothing to do with it."""
    assert waits(200, HOUR, errors(message=SECONDARY)) == {"core": 60, "graphql": 60}


def test_a_server_that_names_no_resource_means_graphql() -> None:
    """REST's requests do not wait for the end of GraphQL's hour."""
    refused = {**HOUR, "x-ratelimit-remaining": "0"}
    body = '{"message": "API rate limit exceeded"}'
    assert waits(403, refused, body) == {"core": 0, "graphql": 601}


@pytest.mark.parametrize(
    "body",
    [
        '{"data": {"repository": {"c0": {"message": "RATE_LIMITED"}}}}',
        '{"data": null, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve"}]}',
        '{"data": {"repository": {"c0": {"message": "rate limit exceeded"}}}, "errors": []}',
        '{"errors": "RATE_LIMITED"',
        "",
    ],
)
def test_other_answers_are_no_limit(body: str) -> None:
    """A commit's message may say anything."""
    status, headers = as_rest_answer(200, HOUR, body)
    RateLimiter().update(status, headers, "", now=NOW)
    assert (status, headers["x-ratelimit-remaining"]) == (200, "4900")
