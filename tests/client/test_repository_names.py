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
    assert repository_names.is_whole(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "OWNER/NAME, or its URL on GitHub"),
        ("octocat", "Enter the name: octocat/NAME"),
        ("octocat/", "Enter the name: octocat/NAME"),
        ("https://github.com/octocat", "Enter the name: octocat/NAME"),
        ("https://git", "OWNER/NAME, or its URL on GitHub"),
    ],
)
def test_what_is_missing_is_reported(text, hint):
    assert not repository_names.is_whole(text)
    assert repository_names.hint(text) == hint
