"""A check of the address that a connection really has, before a request is sent over it.

A name can resolve to another address each time it is looked up (DNS rebinding), so only the
connected socket proves where a request goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import SourceUnavailable

if TYPE_CHECKING:
    import socket

    from requests.adapters import HTTPAdapter


def checked_adapter(is_refused: Callable[[str], bool]) -> HTTPAdapter:
    """Build an adapter whose direct connections raise SourceUnavailable for refused addresses.

    A proxy resolves names itself, and decides what may be reached.
    """
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    def check(connected: socket.socket) -> None:
        if is_refused(str(connected.getpeername()[0])):
            raise SourceUnavailable("The log's host name stands for a private address.")

    class CheckedConnection(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            check(self.sock)

    class CheckedTlsConnection(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            check(self.sock)

    class CheckedPool(HTTPConnectionPool):
        ConnectionCls = CheckedConnection

    class CheckedTlsPool(HTTPSConnectionPool):
        ConnectionCls = CheckedTlsConnection

    adapter = HTTPAdapter()
    adapter.poolmanager.pool_classes_by_scheme = {"http": CheckedPool, "https": CheckedTlsPool}
    return adapter
