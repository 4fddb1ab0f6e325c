"""What may be a repository, while it is typed."""

import pytest

from client_code import repository_names


@pytest.mark.parametrize(
    "text",
    [
        "octocat/hello-world",
        " octocat/hello-world ",
        "https://github.com/octocat/hello-world",
        "https://github.com/octocat/hello-world/actions",
        "github.com/octocat/hello-world.git",
        "git@github.com:octocat/hello-world.git",
        "https://github.example/octocat/hello-world",
    ],
)
def test_a_whole_name_is_recognized(text):
    assert repository_names.has_owner_and_name(text)


@pytest.mark.parametrize("text", ["", "https://git", "github.com/"])
def test_what_is_too_short_is_neither(text):
    assert not repository_names.has_owner_and_name(text)
    assert not repository_names.is_source(text)


@pytest.mark.parametrize(
    "text", ["octocat", "octocat/", "https://github.com/octocat", "octo/api-*", "*", "!octo/old"]
)
def test_an_owner_or_a_pattern_is_a_source(text):
    assert repository_names.is_source(text)


def test_a_whole_name_is_no_source():
    assert not repository_names.is_source("https://github.com/octocat/hello-world")
