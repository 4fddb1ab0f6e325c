"""HTTP that sends nothing but what it is given: no netrc entry, no cookies, no redirects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from .connections import ConnectionCheck, open_pools
from .origins import proxy_for, split_origin

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse
    from urllib3.connectionpool import HTTPConnectionPool
    from urllib3.poolmanager import PoolManager

CONNECT_SECONDS = 10
USER_AGENT = "runstream"


class _Route(NamedTuple):
    """How a host is reached: ``prefix`` is put before each target that ``pool`` requests."""

    origin: str
    pool: HTTPConnectionPool
    prefix: str


class PlainSession:
    """The connections to hosts, which are used again. Safe for many threads.

    ``check`` gets each direct connection before a request is sent over it, and may raise.
    ``requests.Session`` would spend two thirds of a request's CPU on merging settings, cookies and
    credentials, of which there are none here.
    """

    def __init__(self, check: ConnectionCheck | None = None) -> None:
        from urllib3.util import Retry, make_headers

        self._check = check
        self._managers: dict[str | None, PoolManager] = {}
        self._last_route: _Route | None = None
        self._no_retries = Retry(total=False, redirect=False)
        self._default_headers = {
            "User-Agent": USER_AGENT,
            "Accept-Encoding": make_headers(accept_encoding=True)["accept-encoding"],
            "Accept": "*/*",
            "Connection": "keep-alive",
        }

    @contextmanager
    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        read_seconds: float,
    ) -> Iterator[BaseHTTPResponse]:
        """Send one request; its answer is to be read within the context.

        Raises urllib3's HTTPError, ValueError for an invalid address, and GithubUnavailable.
        """
        from urllib3.util import Timeout

        origin, target = split_origin(url)
        route = self._route_to(origin)
        response = route.pool.urlopen(
            method,
            route.prefix + target,
            body,
            {**self._default_headers, **headers},
            retries=self._no_retries,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            timeout=Timeout(connect=CONNECT_SECONDS, read=read_seconds),
        )
        try:
            yield response
        finally:
            # A connection whose answer was not read to its end cannot be used again.
            response.close()
            response.release_conn()

    def close(self) -> None:
        """Close the connections."""
        for manager in self._managers.values():
            manager.clear()

    def _route_to(self, origin: str) -> _Route:
        route = self._last_route
        if route is None or route.origin != origin:
            route = self._last_route = self._find_route(origin)
        return route

    def _find_route(self, origin: str) -> _Route:
        from urllib3.util import parse_url

        proxy = proxy_for(origin)
        manager = self._managers.get(proxy)
        if manager is None:  # of two threads that open the pools at once, both use the first
            manager = self._managers.setdefault(proxy, open_pools(proxy, self._check))
        address = parse_url(origin)
        pool = manager.connection_from_host(address.host, address.port, address.scheme)
        # A proxy gets whole URLs, except in TLS connections, which it passes on unread.
        is_whole = manager.proxy is not None and address.scheme == "http"
        return _Route(origin, pool, f"http://{address.netloc}" if is_whole else "")
