"""The pull request objects: the minimal one inside a run, and the simple one of a list.

https://docs.github.com/rest/commits/commits#list-pull-requests-associated-with-a-commit
"""

from __future__ import annotations

from urllib.parse import quote

from ..rng import seeded_sha
from ..specs import Json, PullRequestSpec, RepositorySpec
from ..times import iso
from .repositories import fork_id, full_repository
from .users import node_id, simple_user

_EMPTY_FIELDS: Json = {
    "assignee": None,
    "assignees": [],
    "requested_reviewers": [],
    "requested_teams": [],
    "milestone": None,
    "author_association": "CONTRIBUTOR",
    "auto_merge": None,
    "active_lock_reason": None,
}


def pull_in_run(spec: RepositorySpec, pull: PullRequestSpec, base: str) -> Json:
    """Describe a pull request as a run lists it."""
    url = f"{base}/repos/{spec.full_name}"
    repository = {"id": spec.id, "url": url, "name": spec.name}
    return {
        "url": f"{url}/pulls/{pull.number}",
        "id": pull.id,
        "number": pull.number,
        "head": {"ref": pull.head_branch, "sha": pull.head_sha, "repo": repository},
        "base": {
            "ref": pull.base_branch,
            "sha": seeded_sha("base", spec.id, pull.number),
            "repo": repository,
        },
    }


def pull_payload(spec: RepositorySpec, pull: PullRequestSpec, base: str) -> Json:
    """Describe a pull request as a list of pull requests shows it."""
    root = f"{base}/repos/{spec.full_name}"
    url, page, links = f"{root}/pulls/{pull.number}", pull_page(spec, pull), _links(root, pull)
    all_links = {**links, "self": url, "html": page}
    return {
        "url": url,
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        **{f"{name}_url": link for name, link in links.items()},
        "number": pull.number,
        "state": "open",
        "locked": False,
        "title": pull.title,
        "user": simple_user(pull.author, base),
        "body": None,
        "created_at": iso(pull.created_at),
        "updated_at": iso(pull.created_at),
        "closed_at": None,
        "merged_at": None,
        "merge_commit_sha": seeded_sha("merge", pull.id),
        **_EMPTY_FIELDS,
        "labels": [_label(spec, name, base) for name in pull.labels],
        "draft": pull.draft,
        "head": _head(spec, pull, base),
        "base": {
            "label": f"{spec.owner}:{pull.base_branch}",
            "ref": pull.base_branch,
            "sha": seeded_sha("base", spec.id, pull.number),
            "user": simple_user(spec.owner, base, "Organization"),
            "repo": full_repository(spec, base),
        },
        "_links": {name: {"href": link} for name, link in all_links.items()},
    }


def pull_page(spec: RepositorySpec, pull: PullRequestSpec) -> str:
    """Return the address of a pull request's web page."""
    return f"https://github.com/{spec.full_name}/pull/{pull.number}"


def head_label(spec: RepositorySpec, pull: PullRequestSpec) -> str:
    """Return the head branch as `OWNER:BRANCH`."""
    owner = (pull.head_repository or spec.full_name).split("/")[0]
    return f"{owner}:{pull.head_branch}"


def _links(root: str, pull: PullRequestSpec) -> dict[str, str]:
    return {
        "issue": f"{root}/issues/{pull.number}",
        "comments": f"{root}/issues/{pull.number}/comments",
        "review_comments": f"{root}/pulls/{pull.number}/comments",
        "review_comment": f"{root}/pulls/comments{{/number}}",
        "commits": f"{root}/pulls/{pull.number}/commits",
        "statuses": f"{root}/statuses/{pull.head_sha}",
    }


def _label(spec: RepositorySpec, name: str, base: str) -> Json:
    label_id = int(seeded_sha("label", spec.id, name)[:7], 16)
    return {
        "id": label_id,
        "node_id": node_id("LA", label_id),
        "url": f"{base}/repos/{spec.full_name}/labels/{quote(name)}",
        "name": name,
        "description": None,
        "color": "ededed",
        "default": False,
    }


def _head(spec: RepositorySpec, pull: PullRequestSpec, base: str) -> Json:
    name = pull.head_repository or spec.full_name
    return {
        "label": head_label(spec, pull),
        "ref": pull.head_branch,
        "sha": pull.head_sha,
        "user": simple_user(name.split("/")[0], base),
        "repo": full_repository(_head_spec(spec, name), base),
    }


def _head_spec(spec: RepositorySpec, name: str) -> RepositorySpec:
    if name == spec.full_name:
        return spec
    return RepositorySpec(id=fork_id(name), full_name=name, created_at=spec.created_at)
