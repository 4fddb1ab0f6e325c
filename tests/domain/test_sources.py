"""Sources: every form in which they are given, what they bring, and what they leave out."""

from __future__ import annotations

import pytest
from ingest.domain.sources import SourcePattern, Sources, parse_source, parse_sources
from ingest.errors import InvalidRepository


@pytest.mark.parametrize(
    ("given", "pattern"),
    [
        ("acme/shop", "acme/shop"),
        ("https://github.com/acme/shop/actions/runs/7", "acme/shop"),
        ("git@github.com:acme/shop.git", "acme/shop"),
        ("acme", "acme/*"),
        ("acme/*", "acme/*"),
        ("https://github.com/acme", "acme/*"),
        ("https://github.com/acme/", "acme/*"),
        ("github.com/acme", "acme/*"),
        ("https://github.com/orgs/acme", "acme/*"),
        ("https://github.com/orgs/acme/repositories?type=all", "acme/*"),
        ("https://github.com/orgs/acme/repositories?q=&type=&page=2&sort=name#top", "acme/*"),
        ("https://github.com/acme?tab=repositories", "acme/*"),
        ("https://github.com/acme/shop?tab=readme-ov-file", "acme/shop"),
        ("github.com/acme/", "acme/*"),
        ("acme/shop/", "acme/shop"),
        ("!github.com/users/acme/projects", "!acme/*"),
        ("https://github.com/acme/web-*", "acme/web-*"),
        ("acme/web-?", "acme/web-?"),
        ("*", "*"),
        ("*/*", "*"),
        ("! acme/old-*", "!acme/old-*"),
        ("!scratch-*", "!*/scratch-*"),
        ("!acme", "!acme/*"),
    ],
)
def test_every_form_of_a_source(given: str, pattern: str) -> None:
    assert str(parse_source(given)) == pattern


@pytest.mark.parametrize(
    "given",
    ["", "!", "a b", "-acme", "acme/a/b*", "https://example.com/acme", "/acme", "acme/a,b*"],
)
def test_what_is_no_source_is_refused(given: str) -> None:
    with pytest.raises(InvalidRepository):
        parse_source(given)


@pytest.mark.parametrize(
    "given",
    [
        "https://github.com/orgs/acme/repositories?q=topic:ci",
        "https://github.com/orgs/acme/repositories?type=private",
        "!https://github.com/orgs/acme/repositories?q=archived:true",
        "https://github.com/acme?tab=repositories&q=web&type=&language=",
        "https://github.com/acme?tab=stars",
        "https://github.com/orgs/acme/teams/web/repositories",
        "https://github.com/acme/web-?",
        "https://github.com/acme/web-?x",
        "https://github.com/acm?",
    ],
)
def test_a_url_that_selects_a_part_of_an_account_is_refused(given: str) -> None:
    """Not the whole account is meant; the error says what a source can be."""
    with pytest.raises(InvalidRepository, match=r"write OWNER for all .* such as octo/api-\*"):
        parse_source(given)


@pytest.mark.parametrize("given", ["acme/", "acme//", "!acme/", "acme-*/"])
def test_an_owner_whose_name_is_empty_is_refused(given: str) -> None:
    """A variable that is not set leaves this: ``acme/$REPOSITORY``."""
    with pytest.raises(InvalidRepository, match="lacks the name after the slash: write acme"):
        parse_source(given)


def test_an_error_shows_no_password_of_a_url() -> None:
    with pytest.raises(InvalidRepository) as error:
        parse_source("https://me:hunter2@github.com/acme/a/b*")
    assert "hunter2" not in str(error.value)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(InvalidRepository) as error:
        parse_sources(["acme", "a b", "ACME/*", "-x"])
    assert all(f"{each!r} is not a source" in str(error.value) for each in ("a b", "-x"))


def test_a_source_given_twice_counts_once() -> None:
    assert [str(each) for each in parse_sources(["acme", "ACME/*", "acme/shop"])] == [
        "acme/*",
        "acme/shop",
    ]


class TestSources:
    def sources(self, *given: str) -> Sources:
        return Sources(parse_sources(given))

    def test_the_most_specific_source_brings_a_repository(self) -> None:
        sources = self.sources("*", "acme", "acme/web-*", "acme/web-shop")
        names = ["Acme/Web-Shop", "acme/web-api", "acme/db", "other/x"]
        found = [str(sources.source_of(name)) for name in names]
        assert found == ["acme/web-shop", "acme/web-*", "acme/*", "*"]

    def test_a_pattern_leaves_out_what_another_brings(self) -> None:
        sources = self.sources("acme", "!acme/old-*", "!*-mirror")
        assert str(sources.exclusion_of("ACME/old-shop")) == "!acme/old-*"
        assert str(sources.exclusion_of("acme/db-mirror")) == "!*/*-mirror"
        assert sources.exclusion_of("acme/shop") is None

    def test_a_repository_that_is_named_itself_is_not_left_out(self) -> None:
        assert self.sources("acme/old-shop", "!acme/old-*").exclusion_of("acme/old-shop") is None

    def test_many_named_repositories_cost_nothing_where_nothing_is_left_out(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each discovery asks this for each repository: a thousand took three seconds."""
        sources = self.sources(*(f"acme/{number}" for number in range(1000)))
        monkeypatch.setattr(SourcePattern, "matches", None)
        assert sources.exclusion_of("acme/shop") is None

    def test_the_list_of_one_owner_brings_nothing_to_a_pattern_of_all_owners(self) -> None:
        """It also holds public repositories in which the credential has no part."""
        sources = self.sources("*", "acme/web-*")
        assert sources.source_of("acme/db", is_listed_to_credential=False) is None
        assert str(sources.source_of("acme/db")) == "*"
