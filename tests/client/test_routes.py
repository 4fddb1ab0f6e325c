"""Addresses that can be shared."""

import pytest

from client_code import routes

RUN = {"run_id": 7, "run_attempt": 2, "repository": "octocat/hello-world"}


def test_an_address_names_a_page_and_what_it_shows():
    assert (
        routes.address("runs", repository="a/b", branch=None, search="") == "#runs?repository=a/b"
    )


def test_a_run_has_an_address_of_its_own():
    assert routes.run_address(RUN) == "#run?attempt=2&repository=octocat/hello-world&run_id=7"


def test_a_log_has_an_address_of_its_own():
    assert routes.log_address(7, 9, line=12) == "#log?job_id=9&line=12&run_id=7"


@pytest.mark.parametrize("value", ["main", "fix/a&b=c?d#e", "50% + 1", "Ünïcode ✓", "%zz", ""])
def test_what_is_written_into_an_address_is_read_from_it(value):
    page, parameters = routes.parse_address(routes.address("runs", branch=value))
    assert (page, parameters.get("branch", "")) == ("runs", value)


@pytest.mark.parametrize("hash_text", ["", "#", "#overview"])
def test_an_address_without_a_page_is_the_overview(hash_text):
    assert routes.parse_address(hash_text) == ("overview", {})


@pytest.mark.parametrize("text", ["%", "%4", "%zz", "100%25%", "%\ufb00a"])
def test_a_broken_escape_is_read_as_it_stands(text):
    _, parameters = routes.parse_address("#runs?search=" + text)
    assert parameters["search"] == text.replace("%25", "%")
