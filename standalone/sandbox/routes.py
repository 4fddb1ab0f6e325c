"""The routes: which handler answers which path, and under which name it is counted."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from .answers import not_found
from .calls import Handler
from .handlers import (
    apps,
    checks,
    commits,
    graphql,
    hooks,
    jobs,
    log_redirects,
    repositories,
    runs,
)

#: The paths below a repository's address; requests are counted under their handler's name.
_REPOSITORY: tuple[tuple[str, Handler], ...] = (
    ("", repositories.get_repository),
    ("/actions/runs", runs.list_runs),
    ("/actions/runs/<int:run_id>", runs.get_run),
    ("/actions/runs/<int:run_id>/attempts/<int:attempt_number>", runs.get_attempt),
    ("/actions/runs/<int:run_id>/jobs", jobs.list_run_jobs),
    ("/actions/runs/<int:run_id>/attempts/<int:attempt_number>/jobs", jobs.list_attempt_jobs),
    (
        "/actions/runs/<int:run_id>/attempts/<int:attempt_number>/logs",
        log_redirects.get_attempt_log,
    ),
    ("/actions/jobs/<int:job_id>", jobs.get_job),
    ("/actions/jobs/<int:job_id>/logs", log_redirects.get_job_log),
    ("/actions/runs/<int:run_id>/pending_deployments", runs.list_pending_deployments),
    ("/actions/runs/<int:run_id>/artifacts", runs.list_artifacts),
    ("/check-runs/<int:check_run_id>/annotations", checks.list_annotations),
    ("/check-suites/<int:check_suite_id>/check-runs", checks.list_check_runs),
    ("/commits/<sha>", commits.get_commit),
    ("/commits/<sha>/pulls", commits.list_pulls),
    ("/pulls", commits.list_branch_pulls),
    ("/actions/permissions/artifact-and-log-retention", repositories.get_retention),
    ("/hooks", hooks.list_hooks),
    ("/hooks/<int:hook_id>/deliveries", hooks.list_deliveries),
    ("/hooks/<int:hook_id>/deliveries/<int:delivery_id>", hooks.get_delivery),
)
_ROOT: tuple[tuple[str, Handler], ...] = (
    ("/user/repos", repositories.list_user_repositories),
    ("/orgs/<owner>/repos", repositories.list_organization_repositories),
    ("/users/<owner>/repos", repositories.list_account_repositories),
    ("/rate_limit", repositories.rate_limit),
    ("/user", repositories.get_user),
    ("/graphql", graphql.graphql),
    ("/app-manifests/<code>/conversions", apps.convert_manifest),
    ("/app/installations", apps.list_installations),
    ("/app/installations/<int:installation_id>/access_tokens", apps.mint_token),
    ("/installation/repositories", repositories.list_installation_repositories),
)

_POSTED = (graphql.graphql, apps.convert_manifest, apps.mint_token)
_PREFIXES = ("/repos/<owner>/<name>", "/repositories/<int:repository_id>")


@dataclass(frozen=True, slots=True)
class Route:
    """The handler and parameters of a request; `endpoint` is the handler's name."""

    endpoint: str
    handler: Handler
    params: dict[str, object]


def _rule(path: str, handler: Handler) -> Rule:
    return Rule(path, endpoint=handler, methods=["POST" if handler in _POSTED else "GET"])


_ADAPTER = Map(
    [
        *(_rule(prefix + path, handler) for path, handler in _REPOSITORY for prefix in _PREFIXES),
        *(_rule(path, handler) for path, handler in _ROOT),
    ],
    strict_slashes=False,
    redirect_defaults=False,
).bind("sandbox")


def find_route(method: str, path: str) -> Route:
    """Return the route of a request, or refuse; `path` lacks an Enterprise Server's prefix."""
    try:
        handler, params = _ADAPTER.match(path, method=method)
    except HTTPException:
        raise not_found() from None
    return Route(handler.__name__, handler, dict(params))
