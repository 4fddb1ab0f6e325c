"""A check of the address that a connection really has, before a request is sent over it.

A name can resolve to another address each time it is looked up (DNS rebinding), so only the
connected socket proves where a request goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import GithubUnavailable
from .connections import open_adapter

if TYPE_CHECKING:
    import socket

    from requests.adapters import HTTPAdapter


def checked_adapter(is_refused: Callable[[str], bool]) -> HTTPAdapter:
    """Open an adapter whose direct connections raise GithubUnavailable for refused addresses."""

    def check(connected: socket.socket) -> None:
        if is_refused(str(connected.getpeername()[0])):
            raise GithubUnavailable("The log's host name stands for a private address.")

    return open_adapter(check)
