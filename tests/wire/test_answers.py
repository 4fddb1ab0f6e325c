"""What an answer of GitHub means, and which of its words reach people."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.errors import (
    AccessDenied,
    BadCredentials,
    BadRequest,
    CredentialSuspended,
    CredentialTooNew,
    Gone,
    IngestError,
    NotFound,
    RepositoryUnavailable,
    RequestFailed,
)
from ingest.wire.answers import RawAnswer, error_of, parse_json

REPOSITORY = "/repos/octo/api"
RUN = "/repos/octo/api/actions/runs/7"
PUBLIC = "https://api.github.com"
SERVER = "https://github.example.com"


def error(status, message=None, *, path=RUN, api_url=PUBLIC, body=None, headers=None, **more):
    """Return the error that an answer means."""
    if body is None:
        body = "" if message is None else json.dumps({"message": message, **more})
    answer = RawAnswer(status=status, headers=headers or {}, body=body)
    return error_of(answer, path, api_url=api_url)


@pytest.mark.parametrize(
    ("status", "message", "path", "kind"),
    [
        (500, "Server Error", RUN, RequestFailed),
        (502, None, RUN, RequestFailed),
        (202, None, RUN, RequestFailed),
        (407, None, RUN, RequestFailed),
        (408, None, RUN, RequestFailed),
        (421, "Misdirected Request", RUN, RequestFailed),
        (431, None, RUN, RequestFailed),
        (460, None, RUN, RequestFailed),
        (401, "Bad credentials", RUN, BadCredentials),
        (403, "Resource not accessible by integration", RUN, AccessDenied),
        (403, "This installation has been suspended", RUN, CredentialSuspended),
        (403, "Sorry. Your account was suspended.", RUN, CredentialSuspended),
        (403, "Repository access blocked", RUN, RepositoryUnavailable),
        (403, "Actions has been disabled for this repository.", RUN, RepositoryUnavailable),
        (451, "Repository access blocked", RUN, RepositoryUnavailable),
        (451, None, RUN, RepositoryUnavailable),
        (404, "Not Found", REPOSITORY, RepositoryUnavailable),
        (404, "Not Found", REPOSITORY + "/actions/runs", RepositoryUnavailable),
        (410, "Gone", REPOSITORY, RepositoryUnavailable),
        (404, "Not Found", RUN, NotFound),
        (404, None, RUN, NotFound),
        (409, "Git Repository is empty.", RUN, NotFound),
        (422, "No commit found for SHA", RUN, NotFound),
        (410, "Gone", RUN, Gone),
        (400, "The API version is not supported", RUN, BadRequest),
        (415, None, RUN, BadRequest),
    ],
)
def test_each_answer_has_one_meaning(status, message, path, kind):
    """Status and words decide together."""
    assert type(error(status, message, path=path)) is kind


@pytest.mark.parametrize("body", ["auth", "<html><title>Cache Access Denied</title>"])
def test_a_proxy_that_requires_a_login_is_named(body):
    """Its page is not about the address of the API, and no maintainer can help."""
    refused = error(407, body=body)
    assert "The proxy requires another login" in str(refused)
    assert refused.remedy == "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY."


@pytest.mark.parametrize("status", [200, 201, 204, 302, 304])
def test_other_answers_are_no_error(status):
    """They are read by whoever asked."""
    assert error(status, "Moved") is None


def test_a_new_token_that_is_not_known_yet_is_a_passing_failure():
    """GitHub's servers learn of a new token one after the other."""
    answer = RawAnswer(status=401, headers={}, body='{"message": "Bad credentials"}')
    assert type(error_of(answer, RUN, api_url=PUBLIC, is_fresh_token=True)) is CredentialTooNew


@pytest.mark.parametrize("status", [401, 403, 404, 406, 410, 422])
def test_a_web_page_is_no_answer_of_the_api(status):
    """A proxy's page and a server's address without /api/v3 must not delete or reject anything."""
    page = "<!DOCTYPE html><html><title>Page not found</title></html>"
    failed = error(status, body=page, api_url=SERVER)
    assert type(failed) is RequestFailed
    assert "/api/v3" in failed.remedy
    assert "/api/v3" not in (error(502, body=page, api_url=PUBLIC).remedy or "")


@pytest.mark.parametrize(
    ("api_url", "is_explained"),
    [
        ("https://api.github.com", False),
        ("https://api.octocorp.ghe.com", False),
        ("https://api.github.company.com", True),
        ("https://github.example.com", True),
        ("https://github.example.com/api/v3", False),
    ],
)
def test_the_address_of_a_server_is_explained_if_it_may_be_wrong(api_url, is_explained):
    """github.com and enterprises on ghe.com have no /api/v3; every server has."""
    failed = error(502, body="<!DOCTYPE html><html></html>", api_url=api_url)
    assert ("ends in /api/v3" in failed.remedy) == is_explained


@pytest.mark.parametrize(
    ("page_host", "api"),
    [("github.com", "api.github.com"), ("octocorp.ghe.com", "api.octocorp.ghe.com")],
)
def test_the_address_of_githubs_pages_is_told_from_that_of_its_api(page_host, api):
    """The host is known, so the hint is exact."""
    failed = error(404, body="<!DOCTYPE html><html></html>", api_url=f"https://{page_host}")
    assert f"the API of {page_host} is at https://{api}." in failed.remedy


def test_githubs_own_words_reach_people():
    """Its message, its documentation and the request's id."""
    refused = error(
        403,
        "Resource not accessible by personal access token",
        headers={
            "x-github-request-id": "A1:B2",
            "x-accepted-github-permissions": "actions=read",
        },
        documentation_url="https://docs.github.com/rest/actions",
    )
    assert "Resource not accessible by personal access token" in str(refused)
    for words in ("actions=read", "https://docs.github.com/rest/actions", "A1:B2"):
        assert words in refused.remedy
    assert "A1:B2" not in str(refused)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("Denied by policy 77", "Denied by policy 77"),
        ("<html><head><TITLE>Policy &amp; 77</TITLE></head><h1>No</h1></html>", "Policy & 77"),
        ("<html><body><h1 class='x'>Policy 77</h1></body></html>", "Policy 77"),
        ('<?xml version="1.0"?><Error><Code>No</Code><Message>Policy 77</Message></Error>', "No: "),
        ('{"errors": [{"message": "Policy 77"}]}', "Policy 77"),
        ('{"error": "access_denied", "error_description": "Policy 77"}', "access_denied: Policy"),
        ('{"error": {"code": "No", "message": "Policy 77"}}', "No: Policy 77"),
    ],
)
@pytest.mark.parametrize("status", [403, 451, 502])
def test_whatever_refuses_its_words_reach_people(status, body, words):
    """A proxy, a gateway and a cloud write them in other places than GitHub does."""
    refused = error(status, body=body, headers={"x-github-request-id": "A1:B2"})
    assert words in str(refused)
    assert "A1:B2" in refused.remedy


@pytest.mark.parametrize("body", ["{", "<p", "[" * 5000, '{"error": ' * 900 + "1" + "}" * 900])
def test_a_body_without_words_adds_none(body):
    """Half an answer, and nested ones."""
    assert str(error(403, body=body)) == f"GitHub denied access to {RUN} (403)."


@pytest.mark.parametrize(
    ("message", "headers", "words"),
    [
        (
            "Resource protected by organization SAML enforcement.",
            {"x-github-sso": "required; url=https://github.com/orgs/octo/sso?r=A"},
            "https://github.com/orgs/octo/sso?r=A",
        ),
        ("Forbidden", {"x-github-sso": "partial-results; organizations=1,2"}, "single sign-on"),
        ("the `octo` organization has an IP allow list enabled", {}, "IP allow list"),
        ("This installation has been suspended", {}, "unsuspend"),
        ("'Expiration time' claim ('exp') is too far in the future", {}, "clock of this machine"),
        (
            "The 'octo' organization forbids access via a token whose lifetime is over 366 days.",
            {},
            "policy",
        ),
    ],
)
def test_each_refusal_names_its_remedy(message, headers, words):
    """SSO with GitHub's own link, IP lists, suspension, policies."""
    refused = error(403, message, headers=headers)
    assert message.rstrip(".") in str(refused)
    assert words in refused.remedy


@pytest.mark.parametrize("path", [REPOSITORY, RUN, RUN + "/attempts/1/jobs"])
def test_what_is_hidden_for_lack_of_a_single_sign_on_is_the_credentials_refusal(path):
    """GitHub answers some requests of such a token with 404, and names the link all the same."""
    headers = {"x-github-sso": "required; url=https://github.com/orgs/octo/sso?r=A"}
    refused = error(404, "Not Found", path=path, headers=headers)
    assert isinstance(refused, AccessDenied)
    assert "https://github.com/orgs/octo/sso?r=A" in refused.remedy
    partial = {"x-github-sso": "partial-results; organizations=1,2"}
    assert not isinstance(error(404, "Not Found", path=path, headers=partial), AccessDenied)


def test_no_secret_and_nothing_unprintable_is_repeated():
    """What GitHub, or something in its place, writes is shown on terminals and pages."""
    tokens = "ghp_0123456789abcdefghij and ghs_12_eyJhbGciOi.eyJpc3M-iOjE.c2ln-bmF0dXJl"
    refused = error(403, f"no {tokens} \x1b[2J\u202e and " + "x" * 5000)
    assert not any(part in str(refused) for part in ("ghp_", "ghs_", "eyJpc3M", "bmF0dXJl"))
    assert "\x1b" not in str(refused)
    assert "\u202e" not in str(refused)
    assert len(str(refused)) < 600
    assert error(403, "No", documentation_url="javascript:alert(1)").remedy.count("java") == 0


def test_a_number_of_thousands_of_digits_spoils_no_other_field():
    """Python refuses to convert it; the object that has it is read without it."""
    body = '{"runs": [{"id": 7, "run_number": ' + "9" * 5000 + '}, {"id": 8, "run_number": -1}]}'
    answer = RawAnswer(status=200, headers={}, body=body)
    assert parse_json(answer, RUN, api_url=PUBLIC) == {
        "runs": [{"id": 7, "run_number": None}, {"id": 8, "run_number": None}]
    }


@pytest.mark.parametrize(
    "body", ["", "<html>Unicorn</html>", '{"total_count": 1, "runs": [{"id', "[" * 200_000]
)
def test_a_body_that_is_no_json_is_a_failure_that_may_pass(body):
    """Cut, empty, a page, or nested too deep to be read."""
    answer = RawAnswer(status=200, headers={}, body=body)
    with pytest.raises(RequestFailed, match="not the expected JSON"):
        parse_json(answer, RUN, api_url=PUBLIC)


@given(
    st.integers(min_value=100, max_value=599),
    st.text(),
    st.dictionaries(
        st.sampled_from(["x-github-sso", "x-accepted-github-permissions", "content-type"]),
        st.text(),
    ),
)
def test_whatever_comes_is_an_error_of_ours_or_none(status, body, headers):
    """Nothing that GitHub sends can raise while it is classified."""
    found = error(status, body=body, headers=headers)
    assert found is None or isinstance(found, IngestError)
