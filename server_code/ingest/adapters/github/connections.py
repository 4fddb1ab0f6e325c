"""Connections to GitHub that check the address they reach, and skip interim answers."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ...errors import GithubUnavailable
from .certificates import tls_context

if TYPE_CHECKING:
    import socket

    from urllib3.connectionpool import HTTPConnectionPool
    from urllib3.poolmanager import PoolManager

#: Interim answers that one request may have.
MAX_INTERIM_ANSWERS = 20

#: Connections to one host that are kept for the next requests. GitHub allows a token no more
#: requests at once.
MAX_KEPT_CONNECTIONS = 100

#: Hosts to which connections are kept. GitHub's logs are on twenty hosts of Azure or more, so that
#: with the usual ten every second log would need a new TLS connection.
MAX_HOSTS = 64

#: Called with each direct connection before a request is sent over it.
ConnectionCheck = Callable[["socket.socket"], None]


class FinalResponse(HTTPResponse):
    """The answer to a request, without interim ones such as ``103 Early Hints`` before it.

    ``http.client`` skips ``100 Continue`` only. It takes any other interim answer for a final one
    without a body, and the final one for the answer to the connection's next request. ``101`` is
    final, because no request asks for another protocol.
    https://www.rfc-editor.org/rfc/rfc9110#section-15.2
    """

    def begin(self) -> None:
        """Read the beginning of the answer itself."""
        for _ in range(MAX_INTERIM_ANSWERS):
            super().begin()
            if self.status >= HTTPStatus.OK or self.status == HTTPStatus.SWITCHING_PROTOCOLS:
                return
            # With headers, ``begin`` would return at once.
            self.headers = None  # type: ignore[assignment]
        raise HTTPException(f"More than {MAX_INTERIM_ANSWERS} interim answers.")


def open_pools(proxy: str | None, check: ConnectionCheck | None = None) -> PoolManager:
    """Open the pools of connections to hosts, through a proxy where one is given.

    ``check`` gets direct connections only: a proxy resolves names itself, and decides what may be
    reached. Raises LocationValueError for a proxy that cannot be used, GithubUnavailable.
    """
    from urllib3.exceptions import LocationValueError
    from urllib3.poolmanager import PoolManager

    try:
        manager = PoolManager(MAX_HOSTS) if proxy is None else _open_proxy(proxy)
    except ValueError as error:
        raise LocationValueError(str(error)) from error
    manager.connection_pool_kw["maxsize"] = MAX_KEPT_CONNECTIONS
    if proxy is None or not proxy.lower().startswith("socks"):  # which has connections of its own
        manager.pool_classes_by_scheme = _pool_classes(check)
    return manager


def _open_proxy(proxy: str) -> PoolManager:
    from urllib3.poolmanager import ProxyManager
    from urllib3.util import make_headers

    address = proxy if "://" in proxy else f"http://{proxy}"
    parts = urlsplit(address)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if parts.scheme.lower().startswith("socks"):
        return _open_socks(address, user, password)
    return ProxyManager(
        address,
        MAX_HOSTS,
        proxy_headers=make_headers(proxy_basic_auth=f"{user}:{password}" if user else None),
        proxy_ssl_context=tls_context() if parts.scheme.lower() == "https" else None,
    )


def _open_socks(address: str, user: str, password: str) -> PoolManager:
    if find_spec("socks") is None:
        raise GithubUnavailable(
            "A SOCKS proxy requires PySocks, which is not installed.",
            remedy="Run `pip install pysocks`, or set HTTPS_PROXY and HTTP_PROXY to another proxy.",
        )
    from urllib3.contrib.socks import SOCKSProxyManager

    return SOCKSProxyManager(address, user, password, MAX_HOSTS, ssl_context=tls_context())


def _pool_classes(check: ConnectionCheck | None) -> dict[str, type[HTTPConnectionPool]]:
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class Connection(HTTPConnection):
        response_class = FinalResponse

        def connect(self) -> None:
            super().connect()
            if check is not None and self.proxy is None:
                check(self.sock)

    class TlsConnection(Connection, HTTPSConnection):
        """The same over TLS: in its MRO ``HTTPSConnection`` comes after ``Connection``."""

        def connect(self) -> None:
            self.ssl_context = tls_context()
            super().connect()

    class Pool(HTTPConnectionPool):
        ConnectionCls: Any = Connection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls: Any = TlsConnection

    return {"http": Pool, "https": TlsPool}
