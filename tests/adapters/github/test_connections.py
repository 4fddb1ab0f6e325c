"""The connections to GitHub: shared by threads, with interim answers before the one that counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
from ingest.adapters.github import open_token_pool
from ingest.adapters.github.lists import ListReader
from ingest.adapters.github.logs import LogDownloader
from ingest.adapters.github.repository_client import RepositoryClient
from ingest.adapters.github.request import Request
from ingest.adapters.github.transport import Transport
from ingest.domain.counters import Counters
from ingest.errors import GithubUnavailable
from ingest.settings import GithubSettings, Secret
from support.stub_github import StillClock

RUNS = [Request.to("/repos/{}/actions/runs/{}", "octo/api", number) for number in (7, 8)]
LOG = Request.to("/repos/{}/actions/jobs/{}/logs", "octo/api", 9)


@contextmanager
def server_with(interim: bytes, connections: list[object] | None = None) -> Iterator[str]:
    """Serve each path's last part, after the given interim answers; collect its connections."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            if connections is not None:
                connections.append(self.client_address)

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.wfile.write(interim)
            self.wfile.flush()
            is_log = self.path.endswith("/logs")
            body = b"a log\n" if self.path.endswith("/kept") else self.path[-1:].encode()
            self.send_response(302 if is_log else 200)
            if is_log:
                port = self.server.server_address[1]
                self.send_header("Location", f"http://127.0.0.1:{port}/kept")
            self.send_header("Content-Length", "0" if is_log else str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if is_log else body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            serving.join()


def pool_of(url):
    settings = GithubSettings(api_url=url, tokens=(Secret("tok_secret"),))
    return open_token_pool(settings, clock=StillClock(), counters=Counters())


def test_a_thread_uses_the_connection_that_another_one_has_left():
    """Each new connection costs a TLS handshake. At once, each request has one of its own."""
    with server_with(b"", connections := []) as url, closing(Transport()) as transport:

        def send(number: int) -> str:
            return transport.send("GET", f"{url}/{number}", {}).body

        for number in range(3):
            with ThreadPoolExecutor(1) as thread:
                assert thread.submit(send, number).result() == str(number)
        assert len(connections) == 1
        with ThreadPoolExecutor(8) as threads:
            numbers = [number % 10 for number in range(200)]
            assert list(threads.map(send, numbers)) == [str(number) for number in numbers]
        assert len(connections) <= 8


@pytest.mark.parametrize("status", [100, 102, 103, 199])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("is_proxied", [False, True])
def test_interim_answers_are_no_answers(status, count, is_proxied, monkeypatch):
    """Each request of a connection gets its own answer; ``103`` hints at things to load."""
    interim = b"HTTP/1.1 %d Wait\r\nLink: </style.css>; rel=preload\r\n\r\n" % status
    with server_with(interim * count) as url:
        if is_proxied:
            monkeypatch.setenv("HTTP_PROXY", url)
        [client] = pool_of("http://github.example" if is_proxied else url).clients()
        assert [client.get(each).json() for each in RUNS] == [7, 8]


def test_a_log_comes_after_interim_answers():
    """The host of logs may send them too."""
    into = BytesIO()
    with server_with(b"HTTP/1.1 103 Early Hints\r\n\r\n") as url:
        client = RepositoryClient(pool_of(url), ListReader(), "octo/api")
        LogDownloader(Counters(), api_url=url).download(client, LOG, into, is_backfill=False)
    assert into.getvalue() == b"a log\n"


def test_interim_answers_without_an_end_are_a_failure_that_passes():
    """Whoever sends them could hold a thread for ever."""
    with server_with(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 500) as url:
        [client] = pool_of(url).clients()
        with pytest.raises(GithubUnavailable, match="ended the connection"):
            client.get(RUNS[0])


def test_the_connections_to_all_hosts_of_logs_are_kept():
    """GitHub serves logs from twenty hosts or more, in turn."""
    with ExitStack() as stack:
        connections: list[object] = []
        urls = [stack.enter_context(server_with(b"", connections)) for _ in range(24)]
        transport = stack.enter_context(closing(Transport()))
        for url in urls * 3:
            assert transport.send("GET", f"{url}/kept", {}).status == 200
        assert len(connections) == len(urls)
