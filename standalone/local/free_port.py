"""A port of this machine for a program that needs one."""

from __future__ import annotations

import random
import socket

_LOOPBACK = "127.0.0.1"

#: Below the ephemeral ports: a program may take long until it listens, and no outgoing connection
#: must get its port meanwhile.
_PORTS = range(15_000, 30_000)

_ATTEMPTS = 50


def free_port() -> int:
    """Return a port of the loopback that is free, and probably stays free for a while."""
    for port in random.SystemRandom().sample(_PORTS, _ATTEMPTS):
        if is_free(port):
            return port
    with socket.create_server((_LOOPBACK, 0)) as probe:
        chosen: int = probe.getsockname()[1]
    return chosen


def is_free(port: int) -> bool:
    """Return whether nobody listens on a port of the loopback."""
    try:
        socket.create_server((_LOOPBACK, port)).close()
    except OSError:
        return False
    return True
