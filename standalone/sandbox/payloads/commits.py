"""The `commit` object with statistics and a page of its files.

https://docs.github.com/rest/commits/commits
"""

from __future__ import annotations

from ..repository import Repository
from ..rng import seeded_sha
from ..specs import CommitSpec, Json
from ..times import iso
from .recorded import with_api_base
from .users import node_id, simple_user

MAX_FILES = 3000


def commit_payload(
    repository: Repository, commit: CommitSpec, base: str, *, start: int, size: int
) -> Json:
    """Describe a commit with the files of one page."""
    if commit.recorded is not None:
        return with_api_base(commit.recorded, base)
    url = f"{base}/repos/{repository.spec.full_name}/commits/{commit.sha}"
    page = f"https://github.com/{repository.spec.full_name}/commit/{commit.sha}"
    user = simple_user(commit.author_login, base) if commit.author_login else None
    return {
        "sha": commit.sha,
        "node_id": node_id("C", int(commit.sha[:8], 16)),
        "commit": _inner(repository, commit, base),
        "url": url,
        "html_url": page,
        "comments_url": f"{url}/comments",
        "author": user,
        "committer": user,
        "parents": [_parent(repository, sha, base) for sha in commit.parents],
        "stats": {
            "total": commit.additions + commit.deletions,
            "additions": commit.additions,
            "deletions": commit.deletions,
        },
        "files": _files(repository, commit, base, range(start, start + size)),
    }


def _inner(repository: Repository, commit: CommitSpec, base: str) -> Json:
    root = f"{base}/repos/{repository.spec.full_name}/git"
    person = {
        "name": commit.author_name,
        "email": commit.author_email,
        "date": iso(commit.authored_at),
    }
    tree = seeded_sha("tree", commit.sha)
    return {
        "author": person,
        "committer": person,
        "message": commit.message,
        "tree": {"sha": tree, "url": f"{root}/trees/{tree}"},
        "url": f"{root}/commits/{commit.sha}",
        "comment_count": 0,
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }


def _parent(repository: Repository, sha: str, base: str) -> Json:
    return {
        "sha": sha,
        "url": f"{base}/repos/{repository.spec.full_name}/commits/{sha}",
        "html_url": f"https://github.com/{repository.spec.full_name}/commit/{sha}",
    }


def _files(repository: Repository, commit: CommitSpec, base: str, wanted: range) -> list[Json]:
    count = min(commit.files, MAX_FILES)
    return [
        _file(repository, commit, base, number)
        for number in range(wanted.start, min(wanted.stop, count))
    ]


def _file(repository: Repository, commit: CommitSpec, base: str, number: int) -> Json:
    additions = _share(commit.additions, commit.files, number)
    deletions = _share(commit.deletions, commit.files, number)
    name = f"src/part_{number:04d}.py"
    page = f"https://github.com/{repository.spec.full_name}"
    root = f"{base}/repos/{repository.spec.full_name}"
    return {
        "sha": seeded_sha("blob", commit.sha, number),
        "filename": name,
        "status": "modified",
        "additions": additions,
        "deletions": deletions,
        "changes": additions + deletions,
        "blob_url": f"{page}/blob/{commit.sha}/{name}",
        "raw_url": f"{page}/raw/{commit.sha}/{name}",
        "contents_url": f"{root}/contents/{name}?ref={commit.sha}",
        "patch": f"@@ -1,{deletions} +1,{additions} @@",
    }


def _share(total: int, count: int, number: int) -> int:
    each, rest = divmod(total, max(1, count))
    return each + (1 if number < rest else 0)
