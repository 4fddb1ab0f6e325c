"""Pairs of a credential and a repository, with the credentials of each owner."""

from __future__ import annotations

from ingest.adapters.github.credential_pairs import MAX_PAIRS, CredentialPairs


def test_the_credentials_of_an_owner_are_those_of_its_pairs():
    pairs: CredentialPairs[float] = CredentialPairs()
    for pair in (("a", "octo/api"), ("a", "octo/web"), ("b", "octo/api"), ("b", "other/api")):
        pairs[pair] = 0.0
    pairs["a", "octo/api"] = 1.0
    assert pairs.has_repository_of("a", "octo")
    assert pairs.has_repository_of("b", "octo")
    pairs.remove(("b", "octo/api"))
    pairs.remove(("a", "octo/web"))
    assert pairs.has_repository_of("a", "octo")
    assert not pairs.has_repository_of("b", "octo")
    assert pairs.remove(("a", "octo/api")) == 1.0
    assert not pairs.has_repository_of("a", "octo")
    assert list(pairs) == [("b", "other/api")]


def test_the_oldest_pairs_are_forgotten():
    pairs: CredentialPairs[int] = CredentialPairs()
    for number in range(MAX_PAIRS + 2):
        pairs["a", f"owner-{number}/api"] = number
    assert ("a", "owner-1/api") not in pairs
    assert not pairs.has_repository_of("a", "owner-1")
    assert len(list(pairs)) == MAX_PAIRS


def test_a_pair_that_is_set_again_is_the_latest():
    """What is read all the time stays known."""
    pairs: CredentialPairs[int] = CredentialPairs()
    for number in range(MAX_PAIRS):
        pairs["a", f"owner-{number}/api"] = number
    pairs["a", "owner-0/api"] = 7
    pairs["a", "another/api"] = 8
    assert pairs["a", "owner-0/api"] == 7
    assert pairs.has_repository_of("a", "owner-0")
    assert ("a", "owner-1/api") not in pairs
