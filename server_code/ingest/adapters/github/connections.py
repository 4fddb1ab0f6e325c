"""The connections to GitHub: what they check when opened, and which answer they return."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

    from requests.adapters import HTTPAdapter
    from urllib3.connectionpool import HTTPConnectionPool
    from urllib3.poolmanager import ProxyManager

#: Interim answers that one request may have.
MAX_INTERIM_ANSWERS = 20


class FinalResponse(HTTPResponse):
    """The answer to a request, without interim ones such as ``103 Early Hints`` before it.

    Python's client skips ``100 Continue`` only. It takes another one for an answer without a body,
    and the answer itself for that of the connection's next request. ``101`` is final, because no
    request asks for another protocol.
    https://www.rfc-editor.org/rfc/rfc9110#section-15.2
    """

    def begin(self) -> None:
        """Read the beginning of the answer itself."""
        for _ in range(MAX_INTERIM_ANSWERS):
            super().begin()
            if self.status >= HTTPStatus.OK or self.status == HTTPStatus.SWITCHING_PROTOCOLS:
                return
            # So ``begin`` reads on: it returns at once where there are headers.
            self.headers = None  # type: ignore[assignment]
        raise HTTPException(f"More than {MAX_INTERIM_ANSWERS} interim answers.")


def open_adapter(check: Callable[[socket.socket], None] | None = None) -> HTTPAdapter:
    """Open an adapter of requests whose connections return final answers.

    ``check`` is called with each direct connection before a request is sent over it: a proxy
    resolves names itself, and decides what may be reached.
    """
    from requests.adapters import HTTPAdapter

    classes = _pool_classes(check)

    class Adapter(HTTPAdapter):
        def proxy_manager_for(self, proxy: str, **options: object) -> ProxyManager:
            manager: ProxyManager = super().proxy_manager_for(proxy, **options)
            if not proxy.lower().startswith("socks"):  # which has connections of its own
                manager.pool_classes_by_scheme = classes
            return manager

    adapter = Adapter()
    adapter.poolmanager.pool_classes_by_scheme = classes
    return adapter


def _pool_classes(
    check: Callable[[socket.socket], None] | None,
) -> dict[str, type[HTTPConnectionPool]]:
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class Connection(HTTPConnection):
        response_class = FinalResponse

        def connect(self) -> None:
            super().connect()
            if check is not None and self.proxy is None:
                check(self.sock)

    class TlsConnection(Connection, HTTPSConnection):
        """The same over TLS: what ``Connection`` calls next is the connection of HTTPS."""

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    return {"http": Pool, "https": TlsPool}
