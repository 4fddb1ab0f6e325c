"""The routes: which handler answers which path, and the kind that it is counted as."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from .answers import not_found
from .calls import Handler
from .handlers import (
    apps,
    artifacts,
    checks,
    commits,
    graphql,
    hooks,
    jobs,
    log_redirects,
    repositories,
    repository_lists,
    runs,
)

_REPOSITORY: dict[str, tuple[str, Handler]] = {
    "get_repository": ("", repositories.get_repository),
    "list_runs": ("/actions/runs", runs.list_runs),
    "get_run": ("/actions/runs/<int:run_id>", runs.get_run),
    "get_attempt": ("/actions/runs/<int:run_id>/attempts/<int:attempt_number>", runs.get_attempt),
    "list_run_jobs": ("/actions/runs/<int:run_id>/jobs", jobs.list_run_jobs),
    "list_attempt_jobs": (
        "/actions/runs/<int:run_id>/attempts/<int:attempt_number>/jobs",
        jobs.list_attempt_jobs,
    ),
    "get_run_log": ("/actions/runs/<int:run_id>/logs", log_redirects.get_run_log),
    "get_attempt_log": (
        "/actions/runs/<int:run_id>/attempts/<int:attempt_number>/logs",
        log_redirects.get_attempt_log,
    ),
    "get_job": ("/actions/jobs/<int:job_id>", jobs.get_job),
    "get_job_log": ("/actions/jobs/<int:job_id>/logs", log_redirects.get_job_log),
    "list_pending_deployments": (
        "/actions/runs/<int:run_id>/pending_deployments",
        runs.list_pending_deployments,
    ),
    "list_artifacts": ("/actions/runs/<int:run_id>/artifacts", artifacts.list_artifacts),
    "list_annotations": ("/check-runs/<int:check_run_id>/annotations", checks.list_annotations),
    "list_check_runs": ("/check-suites/<int:check_suite_id>/check-runs", checks.list_check_runs),
    "get_commit": ("/commits/<sha>", commits.get_commit),
    "list_pulls": ("/commits/<sha>/pulls", commits.list_pulls),
    "list_branch_pulls": ("/pulls", commits.list_branch_pulls),
    "get_retention": (
        "/actions/permissions/artifact-and-log-retention",
        repositories.get_retention,
    ),
    "list_hooks": ("/hooks", hooks.list_hooks),
    "list_deliveries": ("/hooks/<int:hook_id>/deliveries", hooks.list_deliveries),
    "get_delivery": ("/hooks/<int:hook_id>/deliveries/<int:delivery_id>", hooks.get_delivery),
    "redeliver": ("/hooks/<int:hook_id>/deliveries/<int:delivery_id>/attempts", hooks.redeliver),
    "get_repository_installation": ("/installation", apps.get_repository_installation),
}
_ROOT: dict[str, tuple[str, Handler]] = {
    "list_user_repositories": ("/user/repos", repository_lists.list_user_repositories),
    "list_organization_repositories": (
        "/orgs/<owner>/repos",
        repository_lists.list_organization_repositories,
    ),
    "list_account_repositories": (
        "/users/<owner>/repos",
        repository_lists.list_account_repositories,
    ),
    "rate_limit": ("/rate_limit", repositories.get_rate_limit),
    "get_user": ("/user", repositories.get_user),
    "graphql": ("/graphql", graphql.post_graphql),
    "get_app": ("/app", apps.get_app),
    "convert_manifest": ("/app-manifests/<code>/conversions", apps.convert_manifest),
    "list_installations": ("/app/installations", apps.list_installations),
    "mint_token": ("/app/installations/<int:installation_id>/access_tokens", apps.mint_token),
    "list_installation_repositories": (
        "/installation/repositories",
        repository_lists.list_installation_repositories,
    ),
}

#: The kinds of requests that are sent by POST, and not by GET.
_POSTED = ("redeliver", "graphql", "convert_manifest", "mint_token")
_PREFIXES = ("/repos/<owner>/<name>", "/repositories/<int:repository_id>")


@dataclass(frozen=True, slots=True)
class Route:
    """The kind, handler and parameters of a request."""

    kind: str
    handler: Handler
    params: dict[str, object]


def _rule(kind: str, path: str) -> Rule:
    return Rule(path, endpoint=kind, methods=["POST" if kind in _POSTED else "GET"])


_HANDLERS = {kind: handler for kind, (_, handler) in (_REPOSITORY | _ROOT).items()}
_ADAPTER = Map(
    [
        *(
            _rule(kind, prefix + path)
            for kind, (path, _) in _REPOSITORY.items()
            for prefix in _PREFIXES
        ),
        *(_rule(kind, path) for kind, (path, _) in _ROOT.items()),
    ],
    strict_slashes=False,
    redirect_defaults=False,
).bind("sandbox")


def find_route(method: str, path: str) -> Route:
    """Return the route of a request, or refuse; the path has no prefix before it."""
    try:
        kind, params = _ADAPTER.match(path, method=method)
    except HTTPException:
        raise not_found() from None
    return Route(kind, _HANDLERS[kind], dict(params))
