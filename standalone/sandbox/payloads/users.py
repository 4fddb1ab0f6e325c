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


def node_id(type_prefix: str, database_id: int) -> str:
    """Return the GraphQL node id of an object with this REST id, such as ``U_…`` for a user."""
    encoded = base64.urlsafe_b64encode(f"{type_prefix}:{database_id}".encode()).decode()
    return f"{type_prefix}_{encoded.rstrip('=')}"


def user_id(login: str) -> int:
    """Return the id of a user."""
    return int(seeded_sha("user", login)[:7], 16)


@lru_cache(maxsize=4096)
def simple_user(login: str, base: str, account_type: str = "User") -> Json:
    """Describe a user; callers share the object and must not change it."""
    url = f"{base}/users/{login}"
    return {
        "login": login,
        "id": user_id(login),
        "node_id": node_id("U", user_id(login)),
        "avatar_url": f"https://avatars.githubusercontent.com/u/{user_id(login)}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"https://github.com/{login}",
        **{key: url + suffix for key, suffix in _SUFFIXES.items()},
        "type": account_type,
        "user_view_type": "public",
        "site_admin": False,
    }
