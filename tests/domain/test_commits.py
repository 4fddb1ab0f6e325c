"""The pull request that a run names is the one that triggered it, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.commits import triggering_pull_request
from support.builders import a_pull, a_run, at
from support.strategies import PULLS, RUNS

OTHER_SHA = "b" * 40


def for_pull_request(*pulls, event="pull_request"):
    return a_run(event=event, pull_requests=tuple(pulls))


@pytest.mark.parametrize("event", ["push", "workflow_dispatch", "issue_comment", None])
def test_a_run_of_another_kind_has_no_triggering_pull_request(event):
    """Push and comment runs list pull requests that did not trigger them."""
    assert triggering_pull_request(for_pull_request(a_pull(), event=event), [a_pull()]) is None


def test_the_pull_request_at_the_runs_commit_wins():
    """Others of the same branch are beside the point."""
    exact, other = a_pull(id=1), a_pull(id=2, head_sha=OTHER_SHA)
    assert triggering_pull_request(for_pull_request(other, exact), []) == exact


def test_a_fork_run_finds_its_pull_request_through_the_commit():
    """Its own list is empty."""
    assert triggering_pull_request(for_pull_request(), [a_pull()]) == a_pull()


def test_the_runs_own_exact_pull_request_is_preferred_to_the_commits():
    """A commit may also belong to a pull request that was closed before."""
    own, older = a_pull(id=1), a_pull(id=2)
    assert triggering_pull_request(for_pull_request(own), [older, own]) == own


def test_the_only_pull_request_of_the_runs_own_list_is_the_one():
    """Its head has moved on by the time it is read; the commit's others do not matter."""
    moved, exact = a_pull(id=1, head_sha=OTHER_SHA), a_pull(id=2)
    assert triggering_pull_request(for_pull_request(moved), [exact]) == moved


def test_pull_requests_of_other_branches_and_forks_are_no_candidates():
    """A commit may belong to several branches, and forks use the same branch names."""
    run = a_run(event="pull_request", head_branch="topic", head_repository="bob/api")
    ours = a_pull(id=1, head_ref="topic", head_repository="Bob/API")
    branch = a_pull(id=2, head_ref="other", head_repository="bob/api")
    fork = a_pull(id=3, head_ref="topic", head_repository="eve/api")
    assert triggering_pull_request(run, [branch, ours, fork]) == ours
    assert triggering_pull_request(run, [branch, fork]) is None


def test_several_in_the_runs_own_list_are_distinguished_by_their_heads():
    """Where that leaves several, none is named."""
    run = a_run(event="pull_request", head_branch="topic", head_repository="octo/api")
    ours = a_pull(id=1, head_ref="topic", head_repository="octo/api")
    other = a_pull(id=2, head_ref="main", head_repository="octo/api")
    twin = a_pull(id=3, head_ref="topic", head_repository="octo/api", base_ref="release")
    assert triggering_pull_request(replace(run, pull_requests=(ours, other)), []) == ours
    assert triggering_pull_request(replace(run, pull_requests=(ours, twin)), []) is None


def test_several_of_one_branch_that_moved_on_are_distinguished_by_when_they_were_open():
    """A branch is used again; a run that an end starts is created a moment after it."""
    run = a_run(event="pull_request", created_at=at(1000))
    first = a_pull(id=1, head_sha=OTHER_SHA, opened_at=at(100), closed_at=at(990))
    second = a_pull(id=2, head_sha=OTHER_SHA, opened_at=at(1500))
    assert triggering_pull_request(run, [first, second]) == first
    later = replace(run, created_at=at(2000))
    assert triggering_pull_request(later, [first, second]) == second
    twin = replace(second, id=3, base_ref="release")
    assert triggering_pull_request(later, [first, second, twin]) is None
    assert triggering_pull_request(replace(run, created_at=None), [first, second]) is None


def test_a_fork_is_the_same_after_it_or_its_owner_was_renamed():
    """Its id is; a fork of the same name is another one."""
    run = a_run(event="pull_request", head_repository="bob/api", head_repository_id=9)
    renamed = a_pull(id=1, head_repository="robert/api", head_repository_id=9)
    other = a_pull(id=2, head_repository="bob/api", head_repository_id=10)
    assert triggering_pull_request(run, [renamed, other]) == renamed
    assert triggering_pull_request(run, [other]) is None


def test_the_only_pull_request_is_taken_although_its_head_moved_on():
    """`pr.head.sha` often differs from the run's by the time it is read."""
    moved = a_pull(head_sha=OTHER_SHA)
    assert triggering_pull_request(for_pull_request(moved), []) == moved
    assert triggering_pull_request(for_pull_request(), [moved]) == moved


def test_where_several_could_be_meant_none_is_named():
    """Two pull requests may offer the same branch to two bases."""
    two = (a_pull(id=1, base_ref="main"), a_pull(id=2, base_ref="release"))
    moved = tuple(a_pull(id=pull.id, head_sha=OTHER_SHA) for pull in two)
    assert triggering_pull_request(for_pull_request(*two), []) is None
    assert triggering_pull_request(for_pull_request(), two) is None
    assert triggering_pull_request(for_pull_request(*moved), []) is None


def test_a_pull_request_listed_twice_is_one():
    """GitHub sometimes repeats one."""
    moved = a_pull(head_sha=OTHER_SHA)
    assert triggering_pull_request(for_pull_request(moved, moved), []) == moved


def test_pull_requests_of_other_repositories_are_no_candidates():
    """A run of a popular repository lists those of its forks."""
    foreign = a_pull(html_url="https://github.com/fork/api/pull/9")
    assert triggering_pull_request(for_pull_request(foreign), [foreign]) is None


def test_the_repositorys_name_is_compared_without_case():
    """GitHub's URLs keep the case of the name, and names are equal without it."""
    pull = a_pull(html_url="https://github.com/Octo/API/pull/5")
    assert triggering_pull_request(for_pull_request(pull), []) == pull


def test_a_pull_request_without_a_page_may_be_ours():
    """Where the page is unknown, the commit decides."""
    pull = a_pull(html_url=None)
    assert triggering_pull_request(for_pull_request(pull), []) == pull


def test_an_unknown_head_is_no_match():
    """Nothing known on both sides is not the same."""
    run = a_run(event="pull_request", head_sha=None, pull_requests=())
    pulls = [a_pull(id=1, head_sha=None), a_pull(id=2, head_sha=None)]
    assert triggering_pull_request(run, pulls) is None


@given(RUNS, st.lists(PULLS, max_size=4))
def test_the_choice_is_among_the_candidates_and_of_this_repository(run, associated):
    """Nothing is invented, and nobody else's pull request is named."""
    chosen = triggering_pull_request(run, associated)
    if chosen is not None:
        assert run.is_for_pull_request
        assert chosen in (*run.pull_requests, *associated)
        assert chosen.html_url is None or "/octo/api/pull" in chosen.html_url.lower()
