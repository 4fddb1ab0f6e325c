"""Commits and the pull requests that contain them.

https://docs.github.com/rest/commits/commits
"""

from __future__ import annotations

from collections.abc import Sequence

from ..answers import Answer, Refusal, error_answer
from ..calls import Call
from ..pages import link_header, requested_page
from ..payloads.commits import MAX_FILES, commit_payload
from ..payloads.pulls import head_label, pull_payload
from ..specs import CommitSpec, PullRequestSpec
from .conditional import conditional_json, conditional_page

FILES_PER_PAGE = 300


def get_commit(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/commits/{sha} with one page of its files."""
    commit = _requested_commit(call)
    page = requested_page(call.args, default=FILES_PER_PAGE, maximum=FILES_PER_PAGE)
    spec = call.repository.spec
    payload = commit_payload(spec, commit, call.base, start=page.start, size=page.size)
    link = link_header(call.url_by_id, call.args, page, min(commit.files, MAX_FILES))
    return conditional_json(payload, link)


def list_pulls(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/commits/{sha}/pulls."""
    commit = _requested_commit(call)
    call.identity.require_permission("pull_requests")
    known = call.repository.pulls
    return _page_of_pulls(call, [known[number] for number in commit.pulls if number in known])


def list_branch_pulls(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/pulls, filtered by `head`; all are open."""
    call.identity.require_permission("pull_requests")
    spec = call.repository.spec
    found = [
        pull
        for pull in sorted(call.repository.pulls.values(), key=lambda pull: -pull.number)
        if call.args.get("head") in (None, head_label(spec, pull))
    ]
    return _page_of_pulls(call, found)


def _page_of_pulls(call: Call, pulls: Sequence[PullRequestSpec]) -> Answer:
    spec = call.repository.spec
    return conditional_page(call, pulls, lambda pull: pull_payload(spec, pull, call.base))


def _requested_commit(call: Call) -> CommitSpec:
    call.identity.require_permission("contents")
    sha = str(call.params["sha"])
    commit = call.repository.commits.get(sha)
    if commit is None or commit.committed_at > call.now:
        raise Refusal(error_answer(422, f"No commit found for SHA: {sha}"))
    return commit
