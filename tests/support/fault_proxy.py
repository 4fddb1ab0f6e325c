"""An HTTP server in front of the local AWS that lets requests through, or does not.

It is also the proxy of a client that has it in HTTP_PROXY, for whatever server that asks for.
What is waiting in `faults` is used up one request at a time; after that all is well.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HOP_BY_HOP = {"connection", "transfer-encoding", "date", "server"}


@dataclass(frozen=True)
class Reply:
    """Answer with this instead of asking AWS."""

    status: int
    body: bytes = b"{}"
    content_type: str = "application/x-amz-json-1.0"


@dataclass(frozen=True)
class Alter:
    """Let AWS answer, then change the body of what it said."""

    change: Callable[[bytes], bytes]


class Cut:
    """Close the connection without a word."""


class LetThrough:
    """Do nothing; the next fault waits for the next request."""


Fault = Reply | Alter | Cut | LetThrough


class FaultProxy:
    """Stand between a client and `upstream` until `close`."""

    def __init__(self, upstream: str) -> None:
        self.faults: deque[Fault] = deque()
        self.operations: list[str] = []
        self._upstream = urlsplit(upstream).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_fault(self) -> Fault:
        return self.faults.popleft() if self.faults else LetThrough()

    def ask_upstream(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict, bytes]:
        target = urlsplit(request.path)  # with a host where the client uses a proxy
        connection = http.client.HTTPConnection(target.netloc or self._upstream, timeout=60)
        path = target._replace(scheme="", netloc="").geturl()
        try:
            connection.request(request.command, path, body, dict(request.headers))
            answer = connection.getresponse()
            headers = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP_BY_HOP}
            return answer.status, headers, answer.read()
        finally:
            connection.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Stay silent."""

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                proxy.operations.append(target or self.command)
                match proxy.next_fault():
                    case Cut():
                        self.connection.shutdown(socket.SHUT_RDWR)
                        self.close_connection = True
                    case Reply(status, said, content_type):
                        self._answer(status, {"Content-Type": content_type}, said)
                    case Alter(change):
                        status, headers, said = proxy.ask_upstream(self, body)
                        self._answer(status, headers, change(said))
                    case _:
                        self._answer(*proxy.ask_upstream(self, body))

            def _answer(self, status: int, headers: dict, body: bytes) -> None:
                self.send_response(status)
                if self.command != "HEAD":
                    headers = {
                        name: value
                        for name, value in headers.items()
                        if name.lower() != "content-length"
                    } | {"Content-Length": str(len(body))}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            setattr(Handler, f"do_{method}", Handler._serve)
        return Handler
