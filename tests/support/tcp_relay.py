"""A relay in front of a server, which a test lets vanish and come back."""

from __future__ import annotations

import contextlib
import socket
import threading


class TcpRelay:
    """Pass connections on to a port of this machine, from a port that stays the same."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._open: set[socket.socket] = set()
        # While nothing listens, no other program may take the port.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self.port: int = self._reserved.getsockname()[1]
        self.come_back()

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """End the relay."""
        self.vanish()
        self._reserved.close()

    def vanish(self) -> None:
        """Refuse connections, and cut those that there are."""
        for each in (self._listening, *tuple(self._open)):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def come_back(self) -> None:
        """Accept connections, also again."""
        self._listening = socket.create_server(("127.0.0.1", self.port), reuse_port=True)
        self._thread = threading.Thread(target=self._serve, args=(self._listening,), daemon=True)
        self._thread.start()

    def _serve(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                server = socket.create_connection(("127.0.0.1", self._upstream))
                self._open |= {client, server}
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        source.close()
        self._open.discard(source)
