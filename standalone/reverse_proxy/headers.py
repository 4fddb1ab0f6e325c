"""The headers of requests and responses as the proxy forwards them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import h11

from .trusted_proxies import TrustedProxies

Header = tuple[bytes, bytes]

#: Headers about one connection only: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
_HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",  # codespell:ignore te
    b"trailer",
    b"upgrade",
}

#: Headers without which a message cannot be forwarded; ``Connection`` cannot remove them.
_REQUIRED = {b"host", b"content-length", b"transfer-encoding"}

#: Headers in which a proxy describes its client; they are dropped if anybody else sends them.
_PROXY_HEADERS = {
    b"forwarded",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-forwarded-proto",
    b"x-real-ip",
}

_FORWARDED_FOR = b"x-forwarded-for"
_UPGRADE: tuple[Header, Header] = ((b"connection", b"upgrade"), (b"upgrade", b"websocket"))


def asks_for_websocket(request: h11.Request) -> bool:
    """Return whether a client asks for a WebSocket.

    Without ``Connection: upgrade`` its header is a leftover of an earlier connection, and HTTP/1.0
    has no upgrades: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
    """
    options = {each.lower() for each in get_values(request.headers, b"connection")}
    return request.http_version > b"1.0" and b"upgrade" in options and names_websocket(request)


def names_websocket(message: h11.Request | h11.InformationalResponse) -> bool:
    """Return whether a message's ``Upgrade`` names a WebSocket."""
    upgrade = get_values(message.headers, b"upgrade")
    return b"websocket" in (each.lower() for each in upgrade)


def get_values(headers: Iterable[Header], wanted: bytes) -> list[bytes]:
    """Return the values of a header that is a list."""
    found = (value for name, value in headers if name == wanted)
    return [each.strip() for value in found for each in value.split(b",")]


def request_headers(request: h11.Request, peer: str, trusted: TrustedProxies) -> list[Header]:
    """Return the headers of a client's request for the app server.

    X-Forwarded-For gets only the client's address, because the server trusts its first address,
    whoever wrote it.
    """
    dropped = {b"expect", _FORWARDED_FOR} | (set() if peer in trusted else _PROXY_HEADERS)
    addresses = [
        value.decode("latin-1") for name, value in request.headers if name == _FORWARDED_FOR
    ]
    client = trusted.find_client(peer, addresses)
    return [
        *(
            # The server compares with its own ETags, which are strong.
            (name, value.replace(b'W/"', b'"') if name == b"if-none-match" else value)
            for name, value in _end_to_end(request, dropped)
        ),
        (_FORWARDED_FOR, client.encode("latin-1")),
        *(_UPGRADE if asks_for_websocket(request) else ((b"connection", b"close"),)),
    ]


def response_headers(
    response: h11.Response | h11.InformationalResponse, request: h11.Request
) -> list[Header]:
    """Return the headers of the app server's response for the client."""
    if response.status_code == 101:
        return [*_end_to_end(response, set()), *_UPGRADE]
    headers = list(_end_to_end(response, set()))
    if request.method in (b"GET", b"HEAD") and response.status_code in (200, 304):
        headers.append((b"vary", b"accept-encoding"))
    if response.status_code == 304:  # http-kit sends a length of 0
        headers = [(name, value) for name, value in headers if name != b"content-length"]
        if any(b'W/"' in value for value in get_values(request.headers, b"if-none-match")):
            headers = [
                (name, weak_etag(value) if name == b"etag" else value) for name, value in headers
            ]
    return headers


def weak_etag(etag: bytes) -> bytes:
    """Return the ETag of a compressed body: weak, because its bytes differ from the server's.

    https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.3
    """
    return etag if etag.startswith(b"W/") else b"W/" + etag


def _end_to_end(
    message: h11.Request | h11.Response | h11.InformationalResponse, dropped: set[bytes]
) -> Iterator[Header]:
    """Yield the end-to-end headers, from which h11 also takes the body's length."""
    listed = {each.lower() for each in get_values(message.headers, b"connection")}
    removed = _HOP_BY_HOP | dropped | (listed - _REQUIRED)
    return ((name, value) for name, value in message.headers if name not in removed)
