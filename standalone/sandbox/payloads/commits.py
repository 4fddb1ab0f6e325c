"""The `commit` object with statistics and a page of its files.

https://docs.github.com/rest/commits/commits
"""

from __future__ import annotations

from ..rng import seeded_sha
from ..specs import CommitSpec, Json, RepositorySpec
from ..times import iso
from .recorded import with_api_base
from .users import node_id, simple_user

MAX_FILES = 3000


def commit_payload(
    spec: RepositorySpec, commit: CommitSpec, base: str, *, start: int, size: int
) -> Json:
    """Describe a commit with at most ``size`` of its files, from number ``start`` on."""
    if commit.recorded is not None:
        return with_api_base(commit.recorded, base)
    api_url, web_url = f"{base}/repos/{spec.full_name}", f"https://github.com/{spec.full_name}"
    url = f"{api_url}/commits/{commit.sha}"
    user = simple_user(commit.author_login, base) if commit.author_login else None
    return {
        "sha": commit.sha,
        "node_id": node_id("C", int(commit.sha[:8], 16)),
        "commit": _git_commit(commit, f"{api_url}/git"),
        "url": url,
        "html_url": f"{web_url}/commit/{commit.sha}",
        "comments_url": f"{url}/comments",
        "author": user,
        "committer": user,
        "parents": [
            {"sha": sha, "url": f"{api_url}/commits/{sha}", "html_url": f"{web_url}/commit/{sha}"}
            for sha in commit.parents
        ],
        "stats": {
            "total": commit.additions + commit.deletions,
            "additions": commit.additions,
            "deletions": commit.deletions,
        },
        "files": [
            _file(commit, number, api_url, web_url)
            for number in range(start, min(start + size, commit.files, MAX_FILES))
        ],
    }


def _git_commit(commit: CommitSpec, git_url: str) -> Json:
    person = {
        "name": commit.author_name,
        "email": commit.author_email,
        "date": iso(commit.committed_at),
    }
    tree = seeded_sha("tree", commit.sha)
    return {
        "author": person,
        "committer": person,
        "message": commit.message,
        "tree": {"sha": tree, "url": f"{git_url}/trees/{tree}"},
        "url": f"{git_url}/commits/{commit.sha}",
        "comment_count": 0,
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }


def _file(commit: CommitSpec, number: int, api_url: str, web_url: str) -> Json:
    additions = _share(commit.additions, commit.files, number)
    deletions = _share(commit.deletions, commit.files, number)
    name = f"src/part_{number:04d}.py"
    return {
        "sha": seeded_sha("blob", commit.sha, number),
        "filename": name,
        "status": "modified",
        "additions": additions,
        "deletions": deletions,
        "changes": additions + deletions,
        "blob_url": f"{web_url}/blob/{commit.sha}/{name}",
        "raw_url": f"{web_url}/raw/{commit.sha}/{name}",
        "contents_url": f"{api_url}/contents/{name}?ref={commit.sha}",
        "patch": f"@@ -1,{deletions} +1,{additions} @@",
    }


def _share(total: int, count: int, number: int) -> int:
    """Return a file's share of a number of lines, which the files divide evenly."""
    each, rest = divmod(total, count)
    return each + (number < rest)
