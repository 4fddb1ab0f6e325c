"""Send an answer over WSGI: whole, cut short, or not at all."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any

from .answers import Answer
from .faults import NO_FAULT, Fault
from .incoming import Environ
from .times import UnixSeconds, http_date

StartResponse = Callable[..., Any]
_BODILESS = frozenset({204, 304})


def send(
    environ: Environ,
    start_response: StartResponse,
    answer: Answer,
    *,
    now: UnixSeconds,
    fault: Fault = NO_FAULT,
) -> Iterable[bytes]:
    """Start the response and return its body, unless a fault cuts it or closes the connection."""
    if fault.do == "reset":
        _close_connection(environ)
    length = answer.length if answer.stream is not None else len(answer.body)
    headers = [("Date", http_date(now)), ("Content-Type", answer.content_type), *answer.headers]
    if length is not None and answer.status not in _BODILESS:
        headers.append(("Content-Length", str(length)))
    start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
    if environ["REQUEST_METHOD"] == "HEAD":
        return []
    body = [answer.body] if answer.stream is None else answer.stream
    if fault.do != "cut":
        return body
    return _cut(body, int((length or 0) * fault.fraction))


def _cut(body: Iterable[bytes], maximum: int) -> Iterator[bytes]:
    # waitress closes the connection if a body is shorter than its Content-Length
    left = maximum
    for chunk in body:
        if left > 0:
            yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            return


def _close_connection(environ: Environ) -> None:
    # waitress passes only this bound method, whose object is the connection
    channel = environ["waitress.client_disconnected"].__self__
    channel.will_close = True
    try:
        channel.socket.shutdown(socket.SHUT_RDWR)
    except OSError:  # the client has closed it already
        return
