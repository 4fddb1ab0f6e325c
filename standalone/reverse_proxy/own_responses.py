"""The responses of the proxy itself."""

from __future__ import annotations

import h11

#: The page is loaded again after this many seconds; a first start takes a minute.
RETRY_SECONDS = 5

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="{seconds}">
<meta name="viewport" content="width=device-width">
<title>Runstream</title>
<p>The dashboard is starting or stopping. This page loads again every {seconds} seconds.</p>
</html>
"""

_SENTENCES = {
    400: "This is not HTTP/1.1.",
    405: "This is no proxy for other hosts.",
    408: "The request took too long.",
    431: "The headers are too long.",
    501: "Only bodies with a length or in chunks are supported.",
    502: "The app server ended while it was answering.",
    504: "The app server has not answered in time.",
}


def own_response(status: int) -> list[h11.Response | h11.Data | h11.EndOfMessage]:
    """Return the h11 events of a response with this status; 503: the app server is down."""
    headers = [(b"cache-control", b"no-store"), (b"connection", b"close")]
    if status == 503:
        body, kind = _PAGE.format(seconds=RETRY_SECONDS), b"text/html; charset=utf-8"
        headers.append((b"retry-after", str(RETRY_SECONDS).encode()))
    else:
        body, kind = f"{_SENTENCES[status]}\n", b"text/plain; charset=utf-8"
    data = body.encode()
    headers += [(b"content-type", kind), (b"content-length", str(len(data)).encode())]
    return [
        h11.Response(status_code=status, headers=headers),
        h11.Data(data=data),
        h11.EndOfMessage(),
    ]
