"""The headers that one side's message has on the other side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import h11

from .trusted_proxies import TrustedProxies

Header = tuple[bytes, bytes]

#: Of one connection, not of the message: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
_OF_CONNECTION = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",  # codespell:ignore te
    b"trailer",
    b"upgrade",
}

#: What a proxy says of its client. From anybody else it is a claim.
_OF_PROXIES = {
    b"forwarded",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-forwarded-proto",
    b"x-real-ip",
}

_FORWARDED_FOR = b"x-forwarded-for"
_UPGRADE: tuple[Header, Header] = ((b"connection", b"upgrade"), (b"upgrade", b"websocket"))


def is_websocket(message: h11.Request | h11.InformationalResponse) -> bool:
    """Return whether a message asks for, or agrees to, a WebSocket."""
    upgrade = get_values(message.headers, b"upgrade")
    return b"websocket" in (each.lower() for each in upgrade)


def get_values(headers: Iterable[Header], wanted: bytes) -> list[bytes]:
    """Return the values of a header that has a list of them."""
    found = (value for name, value in headers if name == wanted)
    return [each.strip() for value in found for each in value.split(b",")]


def request_headers(request: h11.Request, peer: str, trusted: TrustedProxies) -> list[Header]:
    """Return the headers of a client's request as the app server gets it.

    The server believes the first address of X-Forwarded-For, whoever sent it: it gets just one.
    """
    dropped = {b"expect", _FORWARDED_FOR} | (set() if peer in trusted else _OF_PROXIES)
    named = [value.decode("latin-1") for name, value in request.headers if name == _FORWARDED_FOR]
    client = trusted.find_client(peer, named)
    return [
        *(
            (name, _strong(value) if name == b"if-none-match" else value)
            for name, value in _kept(request, dropped)
        ),
        (_FORWARDED_FOR, client.encode("latin-1")),
        *(_UPGRADE if is_websocket(request) else ((b"connection", b"close"),)),
    ]


def response_headers(
    response: h11.Response | h11.InformationalResponse, request: h11.Request
) -> list[Header]:
    """Return the headers of the app server's answer as the client gets it."""
    if response.status_code == 101:
        return [*_kept(response, set()), *_UPGRADE]
    headers = list(_kept(response, set()))
    if request.method in (b"GET", b"HEAD") and response.status_code in (200, 304):
        headers.append((b"vary", b"accept-encoding"))
    if response.status_code == 304:  # of http-kit, with a length of 0
        headers = [(name, value) for name, value in headers if name != b"content-length"]
        if any(b'W/"' in value for value in get_values(request.headers, b"if-none-match")):
            headers = [(name, weak(value) if name == b"etag" else value) for name, value in headers]
    return headers


def weak(validator: bytes) -> bytes:
    """Return the ETag of a body whose bytes differ from the server's: they are compressed.

    https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.3
    """
    return validator if validator.startswith(b"W/") else b"W/" + validator


def _kept(
    message: h11.Request | h11.Response | h11.InformationalResponse, dropped: set[bytes]
) -> Iterator[Header]:
    """Yield what is of the message itself. h11 frames its body by the length that it names."""
    named = {each.lower() for each in get_values(message.headers, b"connection")}
    left_out = _OF_CONNECTION | dropped | named
    return ((name, value) for name, value in message.headers if name not in left_out)


def _strong(validators: bytes) -> bytes:
    """Undo what compressing does to an ETag: the server knows only its own."""
    return validators.replace(b'W/"', b'"')
