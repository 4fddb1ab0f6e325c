"""HTTP that sends nothing but what it is given: no netrc entry, no cookies, no redirects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from .connections import Check, open_pools
from .origins import split_origin
from .proxies import proxy_for

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse
    from urllib3.connectionpool import HTTPConnectionPool
    from urllib3.poolmanager import PoolManager

CONNECT_SECONDS = 10
USER_AGENT = "runstream"


class _Way(NamedTuple):
    """How a host is reached: ``start`` begins the addresses that are asked for over ``pool``."""

    origin: str
    proxy: str | None
    pool: HTTPConnectionPool
    start: str


class PlainSession:
    """The connections of one thread.

    A session of requests would merge settings, cookies and credentials into each request, of which
    there are none here: two thirds of a request's CPU.
    """

    def __init__(self, check: Check | None = None) -> None:
        from urllib3.util import Retry, make_headers

        self._check = check
        self._managers: dict[str | None, PoolManager] = {}
        self._last: _Way | None = None
        self._never = Retry(total=False, redirect=False)
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
        way = self._way_to(origin)
        response = way.pool.urlopen(
            method,
            way.start + target,
            body,
            {**self._default_headers, **headers},
            retries=self._never,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            timeout=Timeout(connect=CONNECT_SECONDS, read=read_seconds),
        )
        try:
            yield response
        finally:
            # What was not read to its end is of no use to the next request.
            response.close()
            response.release_conn()

    def close(self) -> None:
        """Close the connections."""
        for manager in self._managers.values():
            manager.clear()

    def _way_to(self, origin: str) -> _Way:
        proxy, last = proxy_for(origin), self._last
        if last is None or last.origin != origin or last.proxy != proxy:
            last = self._last = self._find_way(origin, proxy)
        return last

    def _find_way(self, origin: str, proxy: str | None) -> _Way:
        from urllib3.util import parse_url

        manager = self._managers.get(proxy)
        if manager is None:
            manager = self._managers[proxy] = open_pools(proxy, self._check)
        address = parse_url(origin)
        pool = manager.connection_from_host(address.host, address.port, address.scheme)
        # A proxy gets whole addresses, but for TLS, which passes through it.
        is_whole = manager.proxy is not None and address.scheme == "http"
        return _Way(origin, proxy, pool, f"http://{address.netloc}" if is_whole else "")
