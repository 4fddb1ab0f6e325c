"""A repository is understood in every form in which people paste it, and in no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.repositories import parse_full_name
from ingest.domain.sources import parse_source
from ingest.errors import InvalidRepository

GHES = ("ghes.example.com",)


@pytest.mark.parametrize(
    "given_as",
    [
        "octo/api",
        "  octo/api\n",
        "octo/api/",
        "octo/api.git",
        "https://github.com/octo/api",
        "https://github.com/octo/api/",
        "https://github.com/octo/api.git",
        "https://github.com/octo/api.git/",
        "http://github.com/octo/api",
        "https://www.github.com/octo/api",
        "https://github.com:443/octo/api",
        "https://github.com/octo/api/actions",
        "https://github.com/octo/api/actions/runs/1",
        "https://github.com/octo/api/actions/runs/1/job/2?pr=3#step:4:5",
        "https://github.com/octo/api?tab=readme",
        "https://token@github.com/octo/api.git",
        "HTTPS://GitHub.COM/octo/api",
        "github.com/octo/api",
        "www.github.com/octo/api/actions",
        "GitHub.com/octo/api.git",
        "git@github.com:octo/api.git",
        "git@github.com:octo/api",
        "git@github.com:/octo/api.git",
        "ssh://git@github.com/octo/api.git",
        "ssh://git@github.com:22/octo/api.git",
        "ssh://github.com/octo/api",
        "git://github.com/octo/api.git",
    ],
)
def test_every_usual_form_names_the_repository(given_as):
    """Names, pages, and clone URLs of all kinds."""
    assert parse_full_name(given_as) == "octo/api"


def test_case_is_kept():
    """GitHub shows names as their owners wrote them."""
    assert parse_full_name("https://github.com/Octo/API.js") == "Octo/API.js"
    assert parse_full_name("Octo-Corp_x/.github") == "Octo-Corp_x/.github"


def test_an_owner_of_digits_is_not_a_port():
    """`git@host:123/name` has no port; only URLs have."""
    assert parse_full_name("git@github.com:123/api.git") == "123/api"


@pytest.mark.parametrize(
    "given_as",
    [
        "octo/api",
        "https://ghes.example.com/octo/api/actions/runs/1",
        "http://ghes.example.com:8443/octo/api",
        "git@ghes.example.com:octo/api.git",
        "GHES.example.com/octo/api",
    ],
)
def test_a_server_of_ones_own_is_a_host_like_any_other(given_as):
    """GitHub Enterprise Server has its own name."""
    assert parse_full_name(given_as, hosts=GHES) == "octo/api"


def test_a_server_whose_name_begins_with_www_is_found():
    """The prefix is optional where it is not part of the name."""
    hosts = ("www.example.com",)
    assert parse_full_name("https://www.example.com/octo/api", hosts=hosts) == "octo/api"


@pytest.mark.parametrize(
    "given_as",
    [
        "",
        "   ",
        "/",
        "octo",
        "octo/",
        "/octo",
        "octo/api/actions",
        "https://github.com",
        "https://github.com/",
        "https://github.com/octo",
        "github.com/octo",
        "https://github.com/orgs/octo/repositories",
        "orgs/octo",
        "octo/a b",
        "oc to/api",
        "octo/api extra",
        "octo\n/api",
        "octo/api\n/x",
        "git@github.com:octo\n/api",
        "octo/..",
        "../api",
        "./api",
        "octo/...git",
        "octo/.git",
        "octo/api.git.git",
        "https://github.com/octo/..",
        "https://github.com/octo/../evil/api",
        "https://github.com/octo/api/../../evil/api",
        "https://github.com/%2e%2e/api",
        "octo/api?x=1",
        "octo/api#x",
        "https://github.com/?repo=octo/api",
        "https://github.com?octo/api",
        "https://github.com#/octo/api",
        "octo/api@v4",
        "-octo/api",
        "octö/api",
        "octo/ap\u0456",
        "octo/" + "a" * 101,
        "o" * 101 + "/api",
        "ftp://github.com/octo/api",
        "file:///octo/api",
        "javascript://github.com/octo/api",
        "https://[/octo/api",
        "https:///octo/api",
        "https:github.com/octo/api",
        "//github.com/octo/api",
        "octo\\api",
        "octo/api\x00",
    ],
)
def test_anything_else_is_refused_with_what_is_expected(given_as):
    """The sentence says what would be right."""
    with pytest.raises(InvalidRepository, match=r"expected owner/name or a URL such as https://"):
        parse_full_name(given_as)


@pytest.mark.parametrize(
    "given_as",
    [
        "https://gitlab.com/octo/api",
        "https://api.github.com/repos/octo/api",
        "https://github.com.evil.example/octo/api",
        "https://evilgithub.com/octo/api",
        "https://github.com@evil.example/octo/api",
        "https://github.com:octo@evil.example/octo/api",
        "https://github.com\\@evil.example/octo/api",
        "https://evil.example/github.com/octo/api",
        "https://evil.example?https://github.com/octo/api",
        "https://evil.example/?@github.com/octo/api",
        "https://evil.example#@github.com/octo/api",
        "git@evil.example:octo/api.git",
        "github.com@evil.example:octo/api",
        "ssh://github.com@evil.example/octo/api",
        "ssh://git@evil.example:22/octo/api.git",
        "https://ghes.example.com/octo/api",
    ],
)
def test_a_repository_on_another_host_is_refused_by_name(given_as):
    """However the host is dressed up, it is the one that counts."""
    with pytest.raises(InvalidRepository, match=r"but this collector watches github\.com"):
        parse_full_name(given_as)


def test_a_github_com_url_is_refused_by_a_collector_of_another_server():
    """Both are named."""
    with pytest.raises(InvalidRepository, match=r"is on github\.com, .* watches ghes\.example"):
        parse_full_name("https://github.com/octo/api", hosts=GHES)


@pytest.mark.parametrize(
    "given_as",
    [
        "https://x:ghp_secret@evil.example/octo/api",
        "https://x:ghp/_secret@github.com/octo/api",
        "https://ghp_secret/x@github.com/octo/api",
        "x:ghp_secret@github.com/octo/api",
        "ghp_secret@evil.example/octo/api",
        "x:ghp_secret\n@github.com/octo/api",
        "https://" + "x" * 200 + "ghp_secret@evil.example/octo/api",
    ],
)
@pytest.mark.parametrize("parse", [parse_full_name, parse_source])
def test_a_refusal_shows_no_token(parse, given_as):
    """Clone URLs of build machines hold one, and errors are read by many."""
    with pytest.raises(InvalidRepository) as refused:
        parse(given_as)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("text", ["a b" * 100_000, "!a" + " " * 100_000 + "b"])
def test_a_refusal_shows_the_beginning_of_a_long_text(text: str):
    """A file that was pasted does not fill the page, nor keep the server busy."""
    with pytest.raises(InvalidRepository) as refused:
        parse_full_name(text)
    assert len(str(refused.value)) < 300


@given(
    st.text(max_size=60)
    | st.from_regex(r"(https|ssh)://[\w.@:?#\[\]/\\-]{0,40}", fullmatch=True)
    | st.from_regex(r"[a-z.-]{1,9}/[\w.-]{1,8}", fullmatch=True)
)
def test_any_text_is_a_repository_or_refused(text):
    """Nothing but a plain owner and name ever comes out, and nothing else is raised."""
    try:
        name = parse_full_name(text)
    except InvalidRepository:
        return
    assert parse_full_name(name) == name
    assert name.count("/") == 1
    assert name.partition("/")[2] not in (".", "..")
