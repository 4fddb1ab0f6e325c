"""What the doctor learns of credentials and repositories that GitHub refuses."""

from __future__ import annotations

from contextlib import suppress

import pytest
from ingest.adapters.github import GithubActions, open_token_pool
from ingest.adapters.github.inspect import CredentialInspector
from ingest.adapters.github.request import Request
from ingest.domain.counters import Counters
from ingest.errors import AccessDenied
from ingest.ports.inspection import FAILED
from ingest.services.doctor.github import check_credentials, check_repository
from ingest.settings import GithubSettings, Secret
from support.stub_github import StillClock, stub_github

LIMITS = {"resources": {"core": {"limit": 5000, "remaining": 4000, "reset": 1795500000}}}


def checks_of(answer):
    """Run the doctor's checks of GitHub; return each as one text, failed ones marked."""
    clock, counters = StillClock(), Counters()
    with stub_github(answer) as github:
        settings = GithubSettings(api_url=github.url, tokens=(Secret("tok_secret"),))
        pool = open_token_pool(settings, clock=clock, counters=counters)
        inspector, actions = CredentialInspector(pool), GithubActions(pool, counters)
        checks = [
            *check_credentials(inspector, now=clock.now),
            check_repository(actions, inspector, "octo/api", backfill_days=2),
        ]
    return [f"{check.status}: {check.finding} {check.remedy}" for check in checks]


def sound(asked):
    """Answer as a GitHub on which all is well."""
    if asked.path == "/user":
        return 200, {"X-OAuth-Scopes": "repo"}, {"login": "ada"}
    if asked.path == "/rate_limit":
        return 200, {}, LIMITS
    if asked.path.endswith("/actions/runs"):
        return 200, {}, {"total_count": 3, "workflow_runs": []}
    if asked.path == "/repos/octo/api":
        return 200, {}, {"full_name": "octo/api"}
    return 404, {}, {"message": "Not Found"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"message": "Rate limiting is not enabled."}),
        (404, "<html>Not Found</html>"),
        (403, {"message": "Forbidden"}),
        (501, ""),
    ],
)
def test_a_server_without_rate_limits_is_sound(status, body):
    """A GitHub Enterprise Server may have none, or be behind a proxy that hides them."""

    def answer(asked):
        return (status, {}, body) if asked.path == "/rate_limit" else sound(asked)

    found = checks_of(answer)
    assert all(check.startswith("ok") for check in found)
    assert any("reports no limit" in check for check in found)


def test_an_unreachable_github_is_reported_without_a_token_too():
    """The request for the limits is then the only one; a server without limits answers it."""
    with stub_github(sound) as github:
        address = github.url
    clock = StillClock()
    settings = GithubSettings(api_url=address)
    inspector = CredentialInspector(open_token_pool(settings, clock=clock, counters=Counters()))
    (check,) = check_credentials(inspector, now=clock.now)
    assert (check.status, check.subject) == (FAILED, "token")
    assert "could not be reached" in check.finding


def test_an_installations_token_has_no_user():
    """As the GITHUB_TOKEN of a workflow."""

    def answer(asked):
        if asked.path == "/user":
            return 403, {}, {"message": "Resource not accessible by integration"}
        return sound(asked)

    assert "app installation" in checks_of(answer)[0]


@pytest.mark.parametrize(
    ("status", "headers", "message", "remedy"),
    [
        (403, {}, "the `octo` organization has an IP allow list enabled", "IP address"),
        (
            403,
            {"X-GitHub-SSO": "required; url=https://github.com/orgs/octo/sso?r=1"},
            "Resource protected by organization SAML enforcement.",
            "https://github.com/orgs/octo/sso?r=1",
        ),
        (451, {}, "Repository access blocked", "blocked"),
        (403, {}, "This installation has been suspended", "unsuspend"),
        (
            403,
            {"X-Accepted-GitHub-Permissions": "actions=read"},
            "Resource not accessible by personal access token",
            "actions=read",
        ),
    ],
)
def test_each_refusal_of_a_repository_is_explained(status, headers, message, remedy):
    """In GitHub's words, with what to do."""
    request_id = {"X-GitHub-Request-Id": "AB:12"}

    def answer(asked):
        if asked.path.startswith("/repos/"):
            return status, {**headers, **request_id}, {"message": message}
        return sound(asked)

    last = checks_of(answer)[-1]
    assert last.startswith("failed")
    assert message.rstrip(".") in last
    assert remedy in last
    assert "AB:12" in last
    assert "tok_secret" not in last


@pytest.mark.parametrize("status", [200, 404])
def test_a_server_that_is_addressed_without_its_api_path_is_recognized(status):
    """Its web pages answer instead."""
    page = {"Content-Type": "text/html"}
    found = checks_of(lambda _: (status, page, "<!DOCTYPE html><title>Sign in</title>"))
    assert all("/api/v3" in check for check in found)


def test_a_permission_is_missing_until_a_request_that_needs_it_is_accepted():
    """A person gives it to the token, which stays the same; another repository says nothing."""
    needed = {"x-accepted-github-permissions": "actions=read"}
    granted = set()

    def answer(asked):
        name = asked.path.removeprefix("/repos/octo/").partition("/")[0]
        runs = {"total_count": 0, "workflow_runs": []}
        return (200, needed, runs) if name in granted else (403, needed, {"message": "No."})

    with stub_github(answer) as github:
        settings = GithubSettings(api_url=github.url, tokens=(Secret("tok_secret"),))
        pool = open_token_pool(settings, clock=StillClock(), counters=Counters())
        client = pool.client_for("octo/api")
        missing = []
        for name in ("api", "web", "api"):
            with suppress(AccessDenied):
                client.get(Request.to("/repos/{}/actions/runs", f"octo/{name}"))
            missing.append(client.missing_permissions)
            granted.add("web" if name == "api" else "api")
    assert missing == [("actions=read",), ("actions=read",), ()]
