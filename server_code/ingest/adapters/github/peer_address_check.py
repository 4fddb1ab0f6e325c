"""A check of the address that a connection really has, before a request is sent over it.

A name can resolve to another address each time it is looked up (DNS rebinding), so only the
connected socket proves where a request goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import GithubUnavailable
from .connections import ConnectionCheck

if TYPE_CHECKING:
    import socket


def peer_address_check(is_forbidden: Callable[[str], bool]) -> ConnectionCheck:
    """Return a check that raises GithubUnavailable for a connection to a forbidden IP address."""

    def check(connected: socket.socket) -> None:
        if is_forbidden(str(connected.getpeername()[0])):
            raise GithubUnavailable("The log's host name stands for a private address.")

    return check
