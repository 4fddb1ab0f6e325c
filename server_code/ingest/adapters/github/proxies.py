"""The proxies that the environment names."""

from __future__ import annotations


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
