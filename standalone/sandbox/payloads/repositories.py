"""The repository objects: the minimal one inside a run, and the full one."""

from __future__ import annotations

from functools import lru_cache

from ..specs import Json, RepositorySpec
from ..times import iso
from .users import node_id, simple_user, user_id

_SUFFIXES = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}

_COUNTS = dict.fromkeys(
    (
        "forks_count",
        "stargazers_count",
        "watchers_count",
        "open_issues_count",
        "subscribers_count",
        "network_count",
        "forks",
        "open_issues",
        "watchers",
        "size",
    ),
    0,
)
_FEATURES: Json = {
    "language": "Python",
    "license": None,
    "topics": [],
    "is_template": False,
    "has_issues": True,
    "has_projects": True,
    "has_downloads": True,
    "has_wiki": True,
    "has_pages": False,
    "has_discussions": False,
    "allow_forking": True,
    "web_commit_signoff_required": False,
    "delete_branch_on_merge": False,
}


@lru_cache(maxsize=4096)
def minimal_repository(
    full_name: str, repository_id: int, base: str, *, private: bool = False, fork: bool = False
) -> Json:
    """Describe a repository as a run shows it; callers share the object and must not change it."""
    owner, name = full_name.split("/")
    url = f"{base}/repos/{full_name}"
    return {
        "id": repository_id,
        "node_id": node_id("R", repository_id),
        "name": name,
        "full_name": full_name,
        "private": private,
        "owner": simple_user(owner, base, "Organization"),
        "html_url": f"https://github.com/{full_name}",
        "description": f"The sandbox's {name}",
        "fork": fork,
        "url": url,
        **{key: url + suffix for key, suffix in _SUFFIXES.items()},
    }


def repository_in_run(spec: RepositorySpec, base: str) -> Json:
    """Describe a run's own repository."""
    return minimal_repository(spec.full_name, spec.id, base, private=spec.private)


def fork_in_run(full_name: str, base: str) -> Json:
    """Describe the fork that contains a run's head commit."""
    return minimal_repository(full_name, fork_id(full_name), base, fork=True)


def fork_id(full_name: str) -> int:
    """Return the id of a fork."""
    return 700_000_000 + user_id(full_name) % 100_000_000


@lru_cache(maxsize=4096)
def full_repository(spec: RepositorySpec, base: str) -> Json:
    """Describe a repository in full."""
    owner_id = user_id(spec.first_owner or spec.owner)
    owner = {**simple_user(spec.owner, base, "Organization"), "id": owner_id}
    return {
        **repository_in_run(spec, base),
        "owner": owner,
        **_addresses(spec),
        **_COUNTS,
        **_FEATURES,
        "archived": spec.archived,
        "disabled": False,
        "default_branch": "main",
        "visibility": "private" if spec.private else "public",
        "created_at": iso(spec.created_at),
        "updated_at": iso(spec.created_at),
        "pushed_at": iso(spec.created_at),
        "permissions": dict.fromkeys(("admin", "maintain", "push", "triage", "pull"), True),
        "temp_clone_token": "",
        "organization": owner,
    }


def _addresses(spec: RepositorySpec) -> Json:
    page = f"github.com/{spec.full_name}"
    return {
        "git_url": f"git://{page}.git",
        "ssh_url": f"git@github.com:{spec.full_name}.git",
        "clone_url": f"https://{page}.git",
        "svn_url": f"https://{page}",
        "homepage": None,
        "mirror_url": None,
    }
