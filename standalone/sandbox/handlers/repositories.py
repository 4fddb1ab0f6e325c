"""Repositories and lists of them, the user, and the rate limit.

https://docs.github.com/rest/repos/repos
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..answers import Answer, Refusal, error_answer, json_answer, not_found
from ..calls import Call
from ..limits import Budget
from ..payloads.repositories import full_repository
from ..payloads.users import simple_user
from ..repository import Repository
from ..specs import Json
from ..times import iso
from .conditional import conditional_json, conditional_page


def get_repository(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}."""
    return conditional_json(_full(call.repository, call))


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
    return replace(json_answer({"resources": resources, "rate": _as_json(core)}), cost=0)


def list_user_repositories(call: Call) -> Answer:
    """Answer GET /user/repos: the repositories that the token's user can access."""
    token = call.identity.token
    if token is None:
        raise Refusal(error_answer(401, "Requires authentication"))
    if token.kind == "installation":
        raise Refusal(error_answer(403, "Resource not accessible by integration"))
    return _listed(
        call,
        lambda each: (
            each.spec.owner not in token.sso_unauthorized_owners
            and call.identity.sees(each)
            and (token.repositories is None or each.spec.full_name in token.repositories)
        ),
    )


def list_organization_repositories(call: Call) -> Answer:
    """Answer GET /orgs/{org}/repos; refuse if the account is a user's."""
    owner = _owner(call)
    if owner.lower() in call.state.settings.users:
        raise not_found()
    call.identity.require_sso(owner)
    return _listed(call, lambda each: each.spec.owner == owner and call.identity.sees(each))


def list_account_repositories(call: Call) -> Answer:
    """Answer GET /users/{username}/repos: public ones only."""
    owner = _owner(call)
    return _listed(call, lambda each: each.spec.owner == owner and not each.spec.private)


def list_installation_repositories(call: Call) -> Answer:
    """Answer GET /installation/repositories."""
    token = call.identity.token
    if token is None or token.kind != "installation":
        message = "You must authenticate with an installation access token"
        raise Refusal(error_answer(403, message))
    allowed = token.repositories
    selection = "all" if allowed is None else "selected"
    return _listed(
        call,
        lambda each: allowed is None or each.spec.full_name in allowed,
        wrap=lambda total, page: {
            "total_count": total,
            "repository_selection": selection,
            "repositories": page,
        },
    )


def _as_json(budget: Budget) -> dict[str, int | str]:
    return {
        "limit": budget.limit,
        "used": budget.used,
        "remaining": budget.remaining,
        "reset": int(budget.resets_at),
        "resource": budget.resource,
    }


def _owner(call: Call) -> str:
    """Return the path's owner in the spelling of its repositories, or refuse."""
    asked = str(call.params["owner"]).lower()
    for repository in call.state.world.repositories:
        if repository.spec.owner.lower() == asked:
            return repository.spec.owner
    raise not_found()


def _listed(
    call: Call,
    is_visible: Callable[[Repository], bool],
    *,
    wrap: Callable[[int, list[Json]], object] = lambda _, page: page,
) -> Answer:
    world = call.state.world
    visible = sorted(
        (each for each in world.repositories if is_visible(each)),
        key=lambda each: each.spec.full_name.lower(),
    )
    return conditional_page(call, visible, lambda each: _described(each, call), wrap)


def _full(repository: Repository, call: Call) -> Json:
    """Describe a repository; that of a user has an owner of this type, and no `organization`."""
    described = full_repository(repository.spec, call.base)
    if repository.spec.owner.lower() not in call.state.settings.users:
        return described
    of_user = {**described, "owner": {**described["owner"], "type": "User"}}
    del of_user["organization"]
    return of_user


def _described(repository: Repository, call: Call) -> Json:
    """Describe a repository; `pushed_at` is the time when its newest run was created."""
    described = _full(repository, call)
    _, newest = repository.page_of_runs(call.now, 0, 1)
    return {**described, "pushed_at": iso(newest[0].created_at)} if newest else described
