"""The proxies that the environment names."""

from __future__ import annotations

import os
from functools import lru_cache

_PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_PROXY_VARIABLES = (*_PROXY_NAMES, *map(str.upper, _PROXY_NAMES))


def proxy_for(origin: str) -> str | None:
    """Return the proxy that the environment names for a scheme and host, if any."""
    return _find_proxy(origin, tuple(map(os.environ.get, _PROXY_VARIABLES)))


@lru_cache(maxsize=64)
def _find_proxy(origin: str, _variables: tuple[str | None, ...]) -> str | None:
    from urllib.request import getproxies

    if not getproxies():
        return None
    # By the rules of requests: NO_PROXY may hold networks. Importing it costs a hundred requests.
    from requests.utils import get_environ_proxies, select_proxy

    proxy: str | None = select_proxy(origin, get_environ_proxies(origin))
    return proxy
