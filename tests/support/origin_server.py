"""A real HTTP and WebSocket server for what stands before one."""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ws4py.websocket import EchoWebSocket

_WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

#: Answers one request; the handler has its path and headers, and `OriginServer.read_body` its body.
Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """A request, answered by the function of its path; a WebSocket elsewhere is an echo."""

    protocol_version = "HTTP/1.1"
    server: OriginServer

    def handle_any(self) -> None:
        """Remember the request and answer it."""
        path = self.path.partition("?")[0]
        self.server.seen.append(self)
        if path not in self.server.answers and self.headers.get("Upgrade") == "websocket":
            self.echo()
            return
        self.server.answers[path](self)

    do_GET = do_HEAD = do_POST = do_OPTIONS = handle_any  # noqa: N815 - http.server's names

    def respond(self, body: bytes, *, status: int = 200, **headers: str) -> None:
        """Send an answer; underscores of header names stand for hyphens."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self) -> Iterator[bytes]:
        """Yield the request's body as it arrives."""
        left = int(self.headers.get("Content-Length", 0))
        while left:
            chunk = self.rfile.read1(min(left, 1 << 16))
            assert chunk, "the body is cut"
            left -= len(chunk)
            yield chunk

    def echo(self) -> None:
        """Agree to a WebSocket and send back each message."""
        self.wfile.flush()
        key = self.headers["Sec-WebSocket-Key"].encode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", b64encode(_sha1(key + _WEBSOCKET)).decode())
        self.end_headers()
        EchoWebSocket(self.connection).run()
        self.server.websocket_ended.set()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


class OriginServer(ThreadingHTTPServer):
    """A server with an answer for each path, which remembers its requests."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int = 0) -> None:
        self.answers: dict[str, Answer] = {}
        self.seen: list[Handler] = []
        self.websocket_ended = threading.Event()
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def port(self) -> int:
        """Return where it listens."""
        return int(self.server_address[1])

    def handle_error(self, *_: Any) -> None:
        """Ignore clients that go."""


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


@contextmanager
def origin_server(port: int = 0) -> Iterator[OriginServer]:
    """Serve until the block ends."""
    with OriginServer(port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
