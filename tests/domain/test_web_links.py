"""A link leads to the configured GitHub, or it is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.web_links import api_hosts, api_url_of, web_hosts, web_link

HOSTS = web_hosts("https://api.github.com")


@pytest.mark.parametrize(
    ("api_url", "hosts"),
    [
        ("https://api.github.com", ("github.com",)),
        ("https://ghe.example.com/api/v3", ("ghe.example.com",)),
        ("https://api.octo.ghe.com", ("octo.ghe.com",)),
        ("https://api.example.com/api/v3", ("api.example.com",)),
        ("http://127.0.0.1:8080", ("github.com", "127.0.0.1")),
    ],
)
def test_the_pages_of_an_api_have_their_hosts(api_url, hosts):
    """GitHub.com, GitHub Enterprise Server and Cloud with data residency, and the sandbox."""
    assert web_hosts(api_url) == hosts


@pytest.mark.parametrize(
    ("host", "api_url"),
    [
        ("github.com", "https://api.github.com"),
        ("api.github.com", "https://api.github.com"),
        ("www.github.com", "https://api.github.com"),
        ("Octo.ghe.com", "https://api.octo.ghe.com"),
        ("api.octo.ghe.com", "https://api.octo.ghe.com"),
        ("git.example.com", "https://git.example.com/api/v3"),
        ("git.example.com:8443", "https://git.example.com:8443/api/v3"),
        ("git", "https://git/api/v3"),
        ("git example.com", None),
        ("git.example.com/api", None),
        ("me:secret@git.example.com", None),
        ("", None),
    ],
)
def test_a_host_of_pages_has_its_api(host, api_url):
    assert api_url_of(host) == api_url


@pytest.mark.parametrize(
    ("api_url", "link"),
    [
        ("https://api.github.com", "https://api.github.com/repos/o/r/check-runs/1"),
        ("https://ghe.example.com/api/v3", "https://ghe.example.com/api/v3/repos/o/r/check-runs/1"),
        ("https://api.octo.ghe.com", "https://api.octo.ghe.com/repos/o/r/check-runs/1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/repos/o/r/check-runs/1"),
    ],
)
def test_the_addresses_of_an_api_are_links(api_url, link):
    """Those of another host are not."""
    assert web_link(link, api_hosts(api_url)) == link
    assert web_link("https://api.evil.example/repos/o/r", api_hosts(api_url)) is None


@pytest.mark.parametrize(
    "url", ["https://github.com/octo/api/actions/runs/1", "http://GitHub.com:8080/a?b=c#d"]
)
def test_a_page_of_github_is_a_link(url):
    """As it was sent."""
    assert web_link(url, HOSTS) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "JavaScript://github.com/%0aalert(1)",
        "data:text/html,x",
        "//github.com/octo/api",
        "/octo/api",
        "https://evil.example/octo/api",
        "https://github.com.evil.example/",
        "https://github.com@evil.example/",
        "https://user@github.com/",
        "https://evil.example\\@github.com/",
        "https://evil.example\\.github.com/",
        "java\nscript:alert(1)",
        " https://github.com/",
        "https://[github.com/",
    ],
)
def test_anything_else_is_none(url):
    """Another scheme, another host, or what browsers and parsers read differently."""
    assert web_link(url, HOSTS) is None


@given(st.text())
def test_any_text_is_a_link_or_none(text):
    """Nothing is raised."""
    assert web_link(text, HOSTS) in (None, text)
