"""The limits of GraphQL, which refuses with 200 or without naming its resource, in REST's form.

https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

from __future__ import annotations

from collections.abc import Mapping

from .fields import load_json, mapping, objects, text
from .rate_limits import is_secondary_limit, speaks_of_limit

_LIMIT_ERROR_TYPES = frozenset({"RATE_LIMIT", "RATE_LIMITED"})


def as_rest_answer(
    status: int, headers: Mapping[str, str], body: str
) -> tuple[int, Mapping[str, str]]:
    """Return the status and headers (lower-case names) with which REST would have answered.

    A used-up hour has no requests left, whatever the header says of them.
    """
    headers_with_resource = {"x-ratelimit-resource": "graphql", **headers}
    refusal = _find_refusal(body) if status == 200 else None
    if refusal is None:
        return status, headers_with_resource
    if is_secondary_limit(refusal):
        return 429, headers_with_resource
    return 429, {**headers_with_resource, "x-ratelimit-remaining": "0"}


def _find_refusal(body: str) -> str | None:
    """Return the message with which a limit refuses a query; None for any other answer."""
    if '"errors"' not in body:
        return None
    try:
        errors = objects(mapping(load_json(body)).get("errors"))
    except (ValueError, RecursionError):
        return None
    for error in errors:
        message = text(error.get("message")) or ""
        if text(error.get("type")) in _LIMIT_ERROR_TYPES or speaks_of_limit(message):
            return message
    return None
