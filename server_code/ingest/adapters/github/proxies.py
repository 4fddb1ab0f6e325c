"""The proxies that the environment names."""

from __future__ import annotations


def proxy_for(origin: str) -> str | None:
    """Return the proxy that the environment names for a scheme and host, if any."""
    from urllib.request import getproxies

    if not getproxies():
        return None
    # By the rules of requests: NO_PROXY may hold networks. Importing it costs a hundred requests.
    from requests.utils import get_environ_proxies, select_proxy

    proxy: str | None = select_proxy(origin, get_environ_proxies(origin))
    return proxy
