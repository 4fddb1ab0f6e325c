"""Repositories, the user, and the rate limit.

https://docs.github.com/rest/repos/repos
"""

from __future__ import annotations

from ..answers import Answer, json_answer
from ..calls import Call
from ..limits import Budget
from ..payloads.repositories import full_repository
from ..payloads.users import simple_user
from .conditional import conditional_json


def get_repository(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}."""
    return conditional_json(full_repository(call.repository.spec, call.base))


def get_retention(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/permissions/artifact-and-log-retention."""
    days = call.repository.spec.retention_days
    return conditional_json({"days": days, "maximum_allowed_days": max(days, 90)})


def get_user(call: Call) -> Answer:
    """Answer GET /user."""
    return conditional_json({**simple_user(call.identity.login, call.base), "name": "Mona"})


def rate_limit(call: Call) -> Answer:
    """Answer GET /rate_limit, which itself costs nothing."""
    identity = call.identity
    graphql = identity.token.graphql_limit if identity.token else 0
    core = call.state.limiter.budget(identity.key, "core", identity.limit, call.now)
    points = call.state.limiter.budget(identity.key, "graphql", graphql, call.now)
    search = Budget("search", 30, call.now + 60)
    resources = {"core": _as_json(core), "search": _as_json(search), "graphql": _as_json(points)}
    answer = json_answer({"resources": resources, "rate": _as_json(core)})
    return Answer(body=answer.body, cost=0)


def _as_json(budget: Budget) -> dict[str, int | str]:
    return {
        "limit": budget.limit,
        "used": budget.used,
        "remaining": budget.remaining,
        "reset": int(budget.resets_at),
        "resource": budget.resource,
    }
