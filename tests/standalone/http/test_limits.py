"""Clients that take more than their share of a server, over real connections."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from types import SimpleNamespace

import pytest
import requests

from standalone.http.limits import MAX_CONNECTIONS, SECONDS_PER_REQUEST
from standalone.http.server import Address, HttpServer, respond

SIGNED = "X-Hub-Signature-256: sha256=00\r\n"


def length(environ, start_response):
    """Answer with the number of bytes of the body."""
    return respond(start_response, "200 OK", str(len(environ["wsgi.input"].read())))


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with closing(HttpServer(length, Address("127.0.0.1", 0), max_signed_body_bytes=200_000)) as it:
        yield it


def connect(server: HttpServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def status(server: HttpServer, head: str, body: bytes = b"") -> tuple[int, str]:
    """Send a request and return its status and answer."""
    with connect(server) as client:
        client.sendall(f"{head}Host: here\r\n\r\n".encode() + body)
        text = b"".join(iter(lambda: client.recv(4096), b"")).decode()
    head, _, answered = text.partition("\r\n\r\n")
    return int(head.split()[1]), answered


def receive(client: socket.socket, end: bytes) -> None:
    """Receive up to this end, from a connection that stays open."""
    received = b""
    while not received.endswith(end):
        more = client.recv(4096)
        assert more, received
        received += more


def test_a_connection_beyond_the_limit_replaces_the_one_that_waits_longest(server):
    """Whoever sends a whole request is answered, however many do not."""
    with ExitStack() as clients:
        slow = [clients.enter_context(connect(server)) for _ in range(MAX_CONNECTIONS + 1)]
        assert requests.get(f"http://127.0.0.1:{server.port}", timeout=10).text == "0"
        assert slow[0].recv(1) == b""
        slow[-1].sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert slow[-1].recv(12) == b"HTTP/1.1 200"


@pytest.mark.slow
def test_a_request_that_arrives_drop_by_drop_is_closed_when_its_time_is_over(server):
    """Each further line of its head is no further time."""
    with connect(server) as client:
        client.settimeout(0.5)
        client.sendall(b"POST / HTTP/1.1\r\n")
        seconds = lines = 0.0
        while True:
            try:
                client.sendall(b"X-Drop: 1\r\n")
                lines += 1
                if client.recv(1) == b"":
                    break
            except TimeoutError:
                seconds += 0.5
            except ConnectionError:
                break
            assert seconds < 4 * SECONDS_PER_REQUEST
    assert lines > 5


def test_the_time_of_a_request_begins_with_its_first_byte(server, monkeypatch):
    """Not with the answer before it: a proxy keeps connections, and repeats no POST."""
    clock = SimpleNamespace(monotonic=time.monotonic)
    monkeypatch.setattr("standalone.http.limits.time", clock)

    def pass_time(seconds: float) -> None:
        later = clock.monotonic() + seconds
        clock.monotonic = lambda: later
        for _ in range(2):  # the limits are applied before a connection is accepted
            assert requests.get(f"http://127.0.0.1:{server.port}", timeout=60).text == "0"

    with connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        receive(client, b"\r\n\r\n0")
        pass_time(SECONDS_PER_REQUEST - 1)
        head = f"POST / HTTP/1.1\r\n{SIGNED}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        client.sendall(head.encode())
        receive(client, b" 100 Continue\r\n\r\n")
        pass_time(2)
        client.sendall(b"xx")
        receive(client, b"\r\n\r\n2")

        client.sendall(b"GET / HTTP/1.1\r\n")
        pass_time(0)  # so that these bytes are read
        pass_time(SECONDS_PER_REQUEST + 1)
        assert client.recv(1) == b"", "each request has a limit"


@pytest.mark.parametrize(
    "first",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-A: \x00\r\n\r\n",
        b"\xff\r\n\r\n",
    ],
)
def test_what_is_no_http_is_answered_and_logs_nothing(server, first, caplog):
    """As TLS on a port without it, or a scanner's bytes: anybody can send them."""
    with connect(server) as client:
        client.sendall(first)
        assert client.recv(12) == b"HTTP/1.0 400"
    # A count of dead letters that another test began may end meanwhile, and no thread be free yet.
    expected = [
        each.name == "waitress.queue" or each.threadName == "dead letters"
        for each in caplog.records
    ]
    assert all(expected), caplog.text


def test_without_a_signature_the_answer_does_not_wait_for_the_body(server):
    """Nothing of it is read."""
    for declared in ("Content-Length: 5000", "Transfer-Encoding: chunked"):
        head = f"POST / HTTP/1.1\r\n{declared}\r\nExpect: 100-continue\r\n"
        assert status(server, head) == (200, "0")


def test_an_unread_body_is_no_further_request(server):
    """What follows the head on the connection is not parsed."""
    body = b"GET /smuggled HTTP/1.1\r\nHost: here\r\n\r\n"
    head = f"POST / HTTP/1.1\r\nConnection: keep-alive\r\nContent-Length: {len(body)}\r\n"
    assert status(server, head, body) == (200, "0")


def test_a_client_that_is_still_sending_gets_its_answer(server):
    """A connection that is reset at once would lose it."""
    body = b"x" * 60_000
    assert status(server, f"POST / HTTP/1.1\r\nContent-Length: {len(body)}\r\n", body) == (200, "0")


@pytest.mark.parametrize(
    ("signature", "size", "wanted"),
    [("", 65_536, 413), (SIGNED, 199_999, 200), (SIGNED, 200_000, 413)],
)
def test_only_a_signed_body_may_be_large(server, signature, size, wanted):
    """Both limits are those of the length that is declared."""
    head = f"POST / HTTP/1.0\r\n{signature}Content-Length: {size}\r\n"
    assert status(server, head, b"x" * size if wanted == 200 else b"")[0] == wanted


def test_a_signed_body_without_a_length_ends_at_the_limit(server):
    """The chunks are counted as they arrive."""
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    head = f"POST / HTTP/1.1\r\nConnection: close\r\n{SIGNED}Transfer-Encoding: chunked\r\n"
    assert status(server, head, chunk * 3 + b"0\r\n\r\n")[1] == str(3 * 0x4000)
    assert status(server, head, chunk * 13)[0] == 413


def test_incomplete_bodies_together_have_a_limit(monkeypatch):
    """A signature can be made up: the oldest of them go, and the newest is still received."""
    size = 1024 * 1024
    monkeypatch.setattr("standalone.http.limits.MAX_BUFFERED_BYTES", 4 * size)
    head = f"POST / HTTP/1.0\r\n{SIGNED}Content-Length: {size - 1}\r\nHost: here\r\n\r\n".encode()
    listening = HttpServer(length, Address("127.0.0.1", 0), max_signed_body_bytes=size)
    with closing(listening) as server, ExitStack() as clients:
        senders = [clients.enter_context(connect(server)) for _ in range(5)]
        for each in senders:
            each.sendall(head)
            each.sendall(b"x" * (size - 2))
        assert senders[0].recv(1) == b""
        senders[-1].sendall(b"x")
        assert senders[-1].recv(12) == b"HTTP/1.0 200"
