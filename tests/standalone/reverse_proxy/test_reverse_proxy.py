"""The proxy between a real client and a real server, over real connections."""

from __future__ import annotations

import gzip
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import replace

import pytest
import requests
import websocket
from support.command_line import wait_until
from support.origin_server import Handler, OriginServer, origin_server

from standalone.app_server.running import listen
from standalone.local.free_port import free_port
from standalone.reverse_proxy.compression import MAX_BYTES, MIN_BYTES
from standalone.reverse_proxy.http_stream import TimeLimits
from standalone.reverse_proxy.server import ReverseProxy

SCRIPT = b"var a = 'of a script that is longer than its headers';\n" * 200
JAVASCRIPT = "text/javascript; charset=utf-8"
PATIENCE = 60


@pytest.fixture
def origin() -> Iterator[OriginServer]:
    with origin_server() as server:
        yield server


def proxy_before(port: int, **options: object) -> closing[ReverseProxy]:
    listener = listen("127.0.0.1", 0)
    proxy = ReverseProxy(listener, port, **options)
    proxy.port = listener.getsockname()[1]
    return closing(proxy)


@pytest.fixture
def proxy(origin: OriginServer) -> Iterator[ReverseProxy]:
    with proxy_before(origin.port) as proxy:
        yield proxy


def url(proxy: ReverseProxy, path: str = "/") -> str:
    return f"http://127.0.0.1:{proxy.port}{path}"


def get(proxy: ReverseProxy, path: str = "/", method: str = "GET", **headers: str):
    """Request a path with exactly these headers; ``raw`` is the body as it came."""
    named = {
        "Accept-Encoding": None,
        **{name.replace("_", "-"): each for name, each in headers.items()},
    }
    answer = requests.request(
        method, url(proxy, path), headers=named, stream=True, timeout=PATIENCE
    )
    answer.sent = answer.raw.read(decode_content=False)
    return answer


def speak(proxy: ReverseProxy, text: bytes) -> bytes:
    """Send bytes and return all that is answered."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as client:
        client.sendall(text)
        return b"".join(iter(lambda: client.recv(1 << 16), b""))


def test_a_script_is_compressed_for_who_accepts_it_and_whole_for_others(origin, proxy):
    origin.answers["/a.js"] = lambda request: request.respond(SCRIPT, Content_Type=JAVASCRIPT)
    compressed = get(proxy, "/a.js", Accept_Encoding="gzip, deflate, br")
    assert gzip.decompress(compressed.sent) == SCRIPT
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert int(compressed.headers["Content-Length"]) == len(compressed.sent) < len(SCRIPT) / 10
    for accepted in ({}, {"Accept_Encoding": "gzip;q=0, br"}, {"Accept_Encoding": "br"}):
        whole = get(proxy, "/a.js", **accepted)
        assert (whole.sent, whole.headers.get("Content-Encoding")) == (SCRIPT, None)
        assert whole.headers["Vary"] == compressed.headers["Vary"] == "accept-encoding"


def test_a_shared_file_is_compressed_once_and_a_page_with_a_session_is_not_kept(origin, proxy):
    origin.answers["/a.js"] = lambda request: request.respond(SCRIPT, Content_Type=JAVASCRIPT)
    origin.answers["/"] = lambda request: request.respond(
        SCRIPT + b"//", Content_Type="text/html", Set_Cookie="session=1"
    )
    for path in ("/a.js", "/a.js", "/"):
        get(proxy, path, Accept_Encoding="gzip")
    assert [gzip.decompress(each) for each in proxy.compressed_bodies._values.values()] == [SCRIPT]


@pytest.mark.parametrize(
    ("body", "headers", "asked"),
    [
        (SCRIPT, {"Content_Type": "image/png"}, {}),
        (SCRIPT, {"Content_Type": JAVASCRIPT, "Content_Encoding": "br"}, {}),
        (SCRIPT, {"Content_Type": JAVASCRIPT, "Cache_Control": "public, no-transform"}, {}),
        (SCRIPT, {"Content_Type": JAVASCRIPT, "Cache_Control": "No-Transform"}, {}),
        (SCRIPT, {"Content_Type": JAVASCRIPT}, {"Range": "bytes=0-99"}),
        (SCRIPT[: MIN_BYTES - 1], {"Content_Type": JAVASCRIPT}, {}),
        (bytes(MAX_BYTES + 1), {"Content_Type": JAVASCRIPT}, {}),
        (SCRIPT, {}, {}),
    ],
)
def test_what_would_not_shrink_or_must_not_change_passes_as_it_is(
    origin, proxy, body, headers, asked
):
    origin.answers["/a"] = lambda request: request.respond(body, **headers)
    answer = get(proxy, "/a", Accept_Encoding="gzip", **asked)
    assert answer.sent == body
    assert answer.headers.get("Content-Encoding") == headers.get("Content_Encoding")


def test_a_part_that_was_asked_for_is_that_part(origin, proxy):
    def answer(request: Handler) -> None:
        assert request.headers["Range"] == "bytes=2-5"
        request.respond(
            SCRIPT[2:6], status=206, Content_Type=JAVASCRIPT, Content_Range="bytes 2-5/9"
        )

    origin.answers["/a.js"] = answer
    part = get(proxy, "/a.js", Accept_Encoding="gzip", Range="bytes=2-5")
    assert (part.status_code, part.sent, part.headers["Content-Range"]) == (
        206,
        SCRIPT[2:6],
        "bytes 2-5/9",
    )


def test_a_compressed_file_is_asked_for_again_by_the_etag_that_it_had(origin, proxy):
    """Its ETag is weak, because its bytes differ; the server compares only its own."""

    def answer(request: Handler) -> None:
        if request.headers.get("If-None-Match") == '"one"':
            request.send_response(304)
            request.send_header("ETag", '"one"')
            request.send_header("Content-Length", "0")
            request.end_headers()
        else:
            request.respond(SCRIPT, Content_Type=JAVASCRIPT, ETag='"one"')

    origin.answers["/a.js"] = answer
    first = get(proxy, "/a.js", Accept_Encoding="gzip")
    assert first.headers["ETag"] == 'W/"one"'
    second = get(proxy, "/a.js", Accept_Encoding="gzip", If_None_Match=first.headers["ETag"])
    assert (second.status_code, second.headers["ETag"], second.sent) == (304, 'W/"one"', b"")
    assert "Content-Length" not in second.headers
    whole = get(proxy, "/a.js")
    assert whole.headers["ETag"] == '"one"'
    assert get(proxy, "/a.js", If_None_Match='"one"').headers["ETag"] == '"one"'


def test_head_has_the_headers_of_get_without_a_body(origin, proxy):
    origin.answers["/a.js"] = lambda request: request.respond(
        SCRIPT, Content_Type=JAVASCRIPT, ETag='"one"'
    )
    head = get(proxy, "/a.js", "HEAD", Accept_Encoding="gzip")
    assert (head.status_code, head.sent) == (200, b"")
    assert head.headers["Content-Encoding"] == "gzip"
    assert head.headers["ETag"] == 'W/"one"'
    assert "Content-Length" not in head.headers
    assert get(proxy, "/a.js", "HEAD").headers["Content-Length"] == str(len(SCRIPT))


def test_the_server_sees_the_browser_s_request_and_one_client_address(origin, proxy):
    origin.answers["/"] = lambda request: request.respond(b"")
    get(
        proxy,
        "/?a=%2F&b",
        Host="ci.example.com",
        Origin="https://ci.example.com",
        Cookie="session=1",
        X_Forwarded_For="198.51.100.1, 203.0.113.7",
        X_Forwarded_Proto="https",
        Connection="keep-alive, X-Private",
        X_Private="of this connection",
    )
    (request,) = origin.seen
    assert request.path == "/?a=%2F&b"
    assert request.headers["Host"] == "ci.example.com"
    assert request.headers["Origin"] == "https://ci.example.com"
    assert request.headers["Cookie"] == "session=1"
    assert request.headers.get_all("X-Forwarded-For") == ["203.0.113.7"]
    assert request.headers["X-Forwarded-Proto"] == "https"
    assert "X-Private" not in request.headers


def test_who_is_no_proxy_names_no_client(origin, monkeypatch):
    """The peer here is always this machine, which is trusted: trust is taken from it."""
    monkeypatch.setattr("ipaddress.IPv4Address.is_loopback", False)
    origin.answers["/"] = lambda request: request.respond(b"")
    with proxy_before(origin.port) as proxy:
        get(
            proxy,
            X_Forwarded_For="203.0.113.7",
            X_Forwarded_Proto="https",
            X_Real_IP="203.0.113.7",
            Forwarded="for=203.0.113.7",
        )
    (request,) = origin.seen
    assert request.headers.get_all("X-Forwarded-For") == ["127.0.0.1"]
    for name in ("X-Forwarded-Proto", "X-Real-IP", "Forwarded"):
        assert name not in request.headers


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_large_body_passes_whole_in_both_directions(origin, proxy, is_chunked):
    """25 MB are GitHub's largest webhook; it comes with its length."""
    sent = os.urandom(25 << 20)

    def answer(request: Handler) -> None:
        body = b"".join(request.read_body())
        if not is_chunked:
            request.respond(body)
            return
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        for start in range(0, len(body), 1 << 20):
            chunk = body[start : start + (1 << 20)]
            request.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        request.wfile.write(b"0\r\n\r\n")

    origin.answers["/_/api/github/webhook"] = answer
    response = requests.post(url(proxy, "/_/api/github/webhook"), data=sent, timeout=PATIENCE)
    assert response.content == sent


def test_a_body_reaches_the_server_before_it_is_whole_and_so_does_the_answer(origin, proxy):
    arrived, go_on = threading.Event(), threading.Event()

    def answer(request: Handler) -> None:
        body = request.read_body()
        assert next(body) == b"one"
        arrived.set()
        assert b"".join(body) == b"two"
        request.send_response(200)
        request.send_header("Content-Length", "6")
        request.end_headers()
        request.wfile.write(b"uno")
        go_on.wait(PATIENCE)
        request.wfile.write(b"due")

    origin.answers["/"] = answer
    head = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as client:
        client.sendall(head)
        assert client.recv(64).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"one")
        assert arrived.wait(PATIENCE)
        client.sendall(b"two")
        answered = b""
        while not answered.endswith(b"uno"):
            answered += client.recv(1024)
        go_on.set()
        assert client.recv(1024) == b"due"
        # The connection is kept for the next request.
        origin.answers["/next"] = lambda request: request.respond(b"next")
        client.sendall(b"GET /next HTTP/1.1\r\nHost: here\r\n\r\n")
        answered = b""
        while not answered.endswith(b"next"):
            answered += client.recv(1024)


def test_an_answer_that_does_not_wait_for_the_body_arrives(origin, proxy):
    def answer(request: Handler) -> None:
        request.respond(b"too large", status=413)
        list(request.read_body())  # a server that closed at once would reset its answer

    origin.answers["/"] = answer
    head = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 900000000\r\n\r\n"
    answered = speak(proxy, head + bytes(1 << 20))
    assert answered.startswith(b"HTTP/1.1 413 ")
    assert answered.endswith(b"too large")


def test_requests_that_come_together_are_answered_in_order(origin, proxy):
    for name in ("/one", "/two"):
        origin.answers[name] = lambda request: request.respond(request.path.encode())
    one, two = b"GET /one HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /two HTTP/1.0\r\nHost: a\r\n\r\n"
    answered = speak(proxy, one + two)
    assert answered.index(b"\r\n\r\n/one") < answered.index(b"\r\n\r\n/two")


def test_a_websocket_passes_with_large_messages_and_after_silence(origin):
    """Neither end's limits of HTTP hold for it."""
    short = TimeLimits(idle=0.2, head=0.2, client=0.2, server=0.2)
    with proxy_before(origin.port, limits=short) as proxy:
        link = websocket.create_connection(
            url(proxy, "/_/ws").replace("http", "ws"), timeout=PATIENCE
        )
        with closing(link):
            for size in (1, 200, 70_000, 5 << 20):
                message = os.urandom(size)
                link.send_binary(message)
                assert link.recv() == message
            silence = threading.Event()
            silence.wait(1)
            link.send("still there")
            assert link.recv() == "still there"
    (request,) = origin.seen
    assert request.headers["X-Forwarded-For"] == "127.0.0.1"


def test_a_websocket_that_either_end_closes_is_closed_for_both(origin, proxy):
    address = url(proxy, "/_/ws").replace("http", "ws")
    with closing(websocket.create_connection(address, timeout=PATIENCE)) as link:
        origin.seen[0].connection.shutdown(socket.SHUT_RDWR)
        with pytest.raises((websocket.WebSocketException, OSError)):
            link.recv()
    origin.websocket_ended.clear()
    websocket.create_connection(address, timeout=PATIENCE).sock.close()
    assert origin.websocket_ended.wait(PATIENCE)


@pytest.mark.parametrize(("protocol", "passes"), [(b"websocket", True), (b"h2c", False)])
def test_another_protocol_that_is_refused_is_an_answer_as_others(origin, proxy, protocol, passes):
    """Only a WebSocket is asked for, so that nothing else leaves the proxy's rules."""
    origin.answers["/closed"] = lambda request: request.respond(b"no", status=403)
    answered = speak(
        proxy,
        b"GET /closed HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n"
        b"GET /closed HTTP/1.0\r\nHost: here\r\n\r\n" % protocol,
    )
    assert answered.count(b"HTTP/1.1 403 ") == 2
    assert ("Upgrade" in origin.seen[0].headers) is passes
    assert "Upgrade" not in origin.seen[1].headers


@pytest.mark.parametrize(
    ("version", "options", "passes"),
    [
        ("1.1", "Connection: keep-alive, upgrade\r\n", True),
        ("1.1", "Connection: keep-alive\r\n", False),
        ("1.1", "", False),
        ("1.0", "Connection: upgrade\r\n", False),
    ],
)
def test_a_websocket_is_asked_for_by_the_connection_only(origin, proxy, version, options, passes):
    """Another proxy may leave the header of its own connection to its client."""
    origin.answers["/closed"] = lambda request: request.respond(b"no", status=403)
    head = f"GET /closed HTTP/{version}\r\nHost: here\r\nUpgrade: websocket\r\n{options}\r\n"
    last = b"GET /closed HTTP/1.0\r\nHost: here\r\n\r\n"  # after which the connection ends
    assert speak(proxy, head.encode() + last).startswith(b"HTTP/1.1 403 ")
    assert ("Upgrade" in origin.seen[0].headers) is passes


@pytest.mark.parametrize("listed", ["host", "content-length, transfer-encoding"])
def test_a_connection_header_removes_nothing_that_a_request_needs(origin, proxy, listed):
    origin.answers["/"] = lambda request: request.respond(request.rfile.read(3))
    head = (
        f"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\nConnection: close, {listed}\r\n\r\n"
    )
    answer = speak(proxy, head.encode() + b"abc")
    assert (answer[:13], answer[-3:]) == (b"HTTP/1.1 200 ", b"abc")


def test_where_nobody_listens_the_page_says_so_and_comes_back():
    port = free_port()
    with proxy_before(port) as proxy:
        away = get(proxy)
        assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
        assert away.headers["Cache-Control"] == "no-store"
        assert b"The dashboard is starting or stopping" in away.sent
        with origin_server(port) as origin:
            origin.answers["/"] = lambda request: request.respond(b"here")
            assert get(proxy).sent == b"here"
        assert get(proxy, method="POST").status_code == 503


def test_where_nobody_listens_the_answer_to_head_has_no_body(caplog):
    """An uptime check that sends HEAD is answered like one that sends GET, and logs no defect."""
    with proxy_before(free_port()) as proxy:
        away = speak(proxy, b"HEAD / HTTP/1.1\r\nHost: here\r\n\r\n")
        malformed = speak(proxy, b"HEAD / HTTP/1.1\r\nHost: here\r\n\r\n"[:-2] + b"x y\r\n\r\n")
    assert away.startswith(b"HTTP/1.1 503 ")
    assert away.endswith(b"\r\n\r\n")
    assert malformed.endswith(b"This is not HTTP/1.1.\n")
    assert caplog.records == []


def test_a_server_that_says_nothing_in_time_is_named(origin):
    hung = threading.Event()
    origin.answers["/"] = lambda _request: hung.wait(PATIENCE)
    with proxy_before(origin.port, limits=replace(TimeLimits(), server=0.2)) as proxy:
        late = get(proxy)
        assert (late.status_code, late.sent) == (504, b"The app server has not answered in time.\n")
    hung.set()


@pytest.mark.parametrize("head", ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!"])
def test_a_server_that_ends_in_an_answer_is_an_error(origin, proxy, head):
    def answer(request: Handler) -> None:
        request.close_connection = True
        request.wfile.write(head.encode())

    origin.answers["/"] = answer
    if head:
        with pytest.raises(requests.exceptions.RequestException):
            requests.get(url(proxy), timeout=PATIENCE)
    else:
        assert get(proxy).status_code == 502


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00 as TLS begins\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (1 << 17) + b"\r\n\r\n", 431),
        (b"CONNECT example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ],
)
def test_what_is_no_request_is_refused_and_reaches_no_server(origin, proxy, text, status):
    assert speak(proxy, text).split()[1] == str(status).encode()
    assert origin.seen == []


def test_a_client_that_sends_no_whole_request_is_closed(origin):
    limits = TimeLimits(idle=0.2, head=0.2, client=0.2)
    origin.answers["/"] = lambda request: request.respond(b"".join(request.read_body()))
    with proxy_before(origin.port, limits=limits) as proxy:
        assert speak(proxy, b"") == b""
        assert speak(proxy, b"GET / HTTP/1.1\r\n").startswith(b"HTTP/1.1 408 ")
        half = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"
        assert speak(proxy, half).startswith(b"HTTP/1.1 408 ")


def test_a_client_that_does_not_read_is_closed(origin):
    """What it does not read does not pile up."""
    written = threading.Event()

    def answer(request: Handler) -> None:
        try:
            request.respond(bytes(64 << 20))
        except OSError:
            written.set()

    origin.answers["/"] = answer
    with (
        proxy_before(origin.port, limits=replace(TimeLimits(), client=0.2)) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert written.wait(PATIENCE)


def test_a_connection_beyond_the_limit_replaces_the_one_that_has_waited_longest(origin):
    origin.answers["/"] = lambda request: request.respond(b"here")
    with proxy_before(origin.port, max_connections=3) as proxy, ExitStack() as opened:
        address = ("127.0.0.1", proxy.port)
        slow = [
            opened.enter_context(socket.create_connection(address, timeout=PATIENCE))
            for _ in range(3)
        ]
        assert get(proxy).sent == b"here"
        assert slow[0].recv(1) == b""
        slow[-1].sendall(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        assert slow[-1].recv(12) == b"HTTP/1.1 200"


def test_connections_that_come_together_replace_one_each(origin):
    """All of one turn of the loop, in which no connection is closed yet."""
    with proxy_before(origin.port, max_connections=3) as proxy, ExitStack() as opened:

        def connect() -> socket.socket:
            address = ("127.0.0.1", proxy.port)
            return opened.enter_context(socket.create_connection(address, timeout=PATIENCE))

        idle = [connect() for _ in range(3)]
        wait_until(lambda: len(proxy._open) == 3)
        is_stopped, goes_on = threading.Event(), threading.Event()
        proxy._loop.call_soon_threadsafe(lambda: (is_stopped.set(), goes_on.wait(PATIENCE)))
        assert is_stopped.wait(PATIENCE)
        for _ in range(3):
            connect()
        goes_on.set()
        assert [each.recv(1) for each in idle] == [b""] * 3


def test_a_machine_that_refuses_the_server_is_an_error_of_its_start():
    """Not a proxy that answers nothing."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        pytest.raises(ValueError, match="Stream Socket"),
    ):
        ReverseProxy(datagrams, 1)


def test_closing_ends_all_that_is_open(origin):
    hung = threading.Event()
    origin.answers["/"] = lambda _request: hung.wait(PATIENCE)
    with ExitStack() as opened:
        proxy = proxy_before(origin.port).thing
        address = ("127.0.0.1", proxy.port)
        busy, idle = (
            opened.enter_context(socket.create_connection(address, timeout=PATIENCE))
            for _ in range(2)
        )
        busy.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        address = url(proxy, "/_/ws").replace("http", "ws")
        link = websocket.create_connection(address, timeout=PATIENCE)
        opened.enter_context(closing(link))
        proxy.close()
        proxy.close()
        assert not proxy.is_alive
        for each in (busy, idle):
            with suppress(ConnectionResetError):
                assert each.recv(1) == b""
        hung.set()
