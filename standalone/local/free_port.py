"""A port of this machine for a program that needs one."""

from __future__ import annotations

import socket

_LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Find a port of the loopback that is free at this moment."""
    with socket.create_server((_LOOPBACK, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
