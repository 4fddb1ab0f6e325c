"""The origin (scheme and host) of a URL, without its user name and password, and its proxy."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"([^:/?#]+)://(?:[^/?#]*@)?([^/?#]*)([^#]*)")


def split_origin(url: str) -> tuple[str, str]:
    """Split a URL into its scheme and host, and the target to request there."""
    found = _ADDRESS.match(url)
    if found is None:
        return url, "/"
    scheme, host, target = found.groups()
    return f"{scheme}://{host}", target if target.startswith("/") else f"/{target}"


def origin_of(url: str) -> str:
    """Return the scheme and host of a URL."""
    return split_origin(url)[0]


def proxy_for(origin: str) -> str | None:
    """Return the proxy that the environment names for a scheme and host, if any."""
    from urllib.request import getproxies

    if not getproxies():
        return None
    # By the rules of requests: NO_PROXY may hold networks. Its import costs as much CPU as a
    # hundred HTTP requests, so it is imported only where a proxy is set.
    from requests.utils import get_environ_proxies, select_proxy

    proxy: str | None = select_proxy(origin, get_environ_proxies(origin))
    return proxy
