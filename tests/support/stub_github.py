"""A real HTTP server that answers what a test's function says, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ingest.ports import Clock


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def token(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def page(self) -> int:
        return int(self.query.get("page", 1))

    @property
    def size(self) -> int:
        return int(self.query.get("per_page", 30))


@dataclass
class StubGithub:
    """What tests use of the running server."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    def count(self, part: str) -> int:
        return sum(part in asked.path for asked in self.asked)


#: A status, headers, and a body: JSON, text, bytes or None.
Reply = tuple[int, Mapping[str, str], Any]


class StillClock(Clock):
    """A clock that moves only when a test says so."""

    def __init__(self) -> None:
        self.time = datetime.now(timezone.utc)

    def now(self) -> datetime:
        """Return the test's time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)


@contextmanager
def stub_github(
    answer: Callable[[Asked], Reply], *, host: str = "127.0.0.1", tls: SSLContext | None = None
) -> Iterator[StubGithub]:
    """Serve a function on a free port of an address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, parts.path, query, headers)
            github.asked.append(asked)
            status, more, body = answer(asked)
            text = body if isinstance(body, (str, bytes)) else json.dumps(body)
            content = text if isinstance(text, bytes) else text.encode()
            content = b"" if body is None or status == 304 else content
            self.send_response_only(status)
            for name, value in {"Content-Type": "application/json", **more}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = 10 if ":" in host else 2

    with Server((host, 0), Handler) as server:
        shown = f"[{host}]" if ":" in host else host
        scheme = "http" if tls is None else "https"
        github = StubGithub(f"{scheme}://{shown}:{server.server_address[1]}")
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        serving.start()
        try:
            yield github
        finally:
            server.shutdown()
            serving.join()


def a_page(asked: Asked, items: list[Any], key: str | None, *, total: int | None = None) -> Reply:
    """Answer one page of a list as GitHub does, with a Link to the next one."""
    end = asked.page * asked.size
    part = items[end - asked.size : end]
    link = f'<http://else.where/x?per_page={asked.size}&page={asked.page + 1}>; rel="next"'
    headers = {"Link": link} if end < len(items) else {}
    count = len(items) if total is None else total
    return 200, headers, part if key is None else {"total_count": count, key: part}
