"""The proxies that the environment names."""

from __future__ import annotations

import os
from functools import lru_cache
from urllib.parse import urlsplit

_PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_PROXY_VARIABLES = (*_PROXY_NAMES, *map(str.upper, _PROXY_NAMES))


def has_proxy(url: str) -> bool:
    """Return whether the environment names a proxy for an address."""
    from requests.utils import select_proxy

    return select_proxy(url, environment_proxies(url)) is not None


def environment_proxies(url: str) -> dict[str, str]:
    """Return the proxies that the environment names for the host of an address."""
    parts = urlsplit(url)
    variables = tuple(map(os.environ.get, _PROXY_VARIABLES))
    return _find_proxies(f"{parts.scheme}://{parts.netloc}", variables)


@lru_cache(maxsize=64)
def _find_proxies(origin: str, _variables: tuple[str | None, ...]) -> dict[str, str]:
    from requests.utils import get_environ_proxies

    return dict(get_environ_proxies(origin))
