"""The `simple-user` object."""

from __future__ import annotations

import base64
from functools import lru_cache

from ..rng import seeded_sha
from ..specs import Json

_SUFFIXES = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}


def node_id(kind: str, number: int) -> str:
    """Return an opaque id as GraphQL's."""
    return f"{kind}_{base64.urlsafe_b64encode(f'{kind}:{number}'.encode()).decode().rstrip('=')}"


def user_id(login: str) -> int:
    """Return the number that goes with a login."""
    return int(seeded_sha("user", login)[:7], 16)


@lru_cache(maxsize=4096)
def simple_user(login: str, base: str, kind: str = "User") -> Json:
    """Describe a user; callers share the object and must not change it."""
    number = user_id(login)
    url = f"{base}/users/{login}"
    return {
        "login": login,
        "id": number,
        "node_id": node_id("U", number),
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"https://github.com/{login}",
        **{key: url + suffix for key, suffix in _SUFFIXES.items()},
        "type": kind,
        "user_view_type": "public",
        "site_admin": False,
    }
