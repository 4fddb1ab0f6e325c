"""The HTTP server in front of the app server, which compresses nothing and believes any header.

It compresses answers, names the client's address, and answers while the app server is away.
WebSockets pass through it byte by byte.
"""

from .server import ReverseProxy
from .trusted_proxies import IPNetwork, TrustedProxies

__all__ = ["IPNetwork", "ReverseProxy", "TrustedProxies"]
