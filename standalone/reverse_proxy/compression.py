"""Which responses are compressed, and a cache of the compressed bodies that were used last."""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
from collections import OrderedDict

import h11

from .headers import Header, get_values, weak_etag

#: A smaller body is not compressed: that would save less than its headers cost.
MIN_BYTES = 1024

#: A larger body is not compressed, because it would be in memory as a whole.
MAX_BYTES = 8 << 20

#: The app's own files and its server's together are less than 1 MB compressed.
CACHE_BYTES = 16 << 20

_TYPES = re.compile(
    rb"(text/|application/(javascript|json|manifest\+json|wasm|xml|xhtml\+xml)|image/svg\+xml)",
    re.IGNORECASE,
)


class CompressedBodies:
    """A cache of compressed bodies by the digest of the body; safe for several threads."""

    def __init__(self) -> None:
        self._bytes = 0
        self._bodies: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def compress(self, body: bytes, *, keep: bool) -> bytes:
        """Compress a body; ``keep`` caches the result, for a body that other clients get, too."""
        if not keep:
            return gzip.compress(body, 6, mtime=0)
        key = hashlib.sha256(body).digest()
        with self._lock:
            known = self._bodies.get(key)
            if known is not None:
                self._bodies.move_to_end(key)
                return known
        compressed = gzip.compress(body, 9, mtime=0)
        with self._lock:
            if key not in self._bodies:
                self._bodies[key] = compressed
                self._bytes += len(compressed)
            while self._bytes > CACHE_BYTES:
                self._bytes -= len(self._bodies.popitem(last=False)[1])
        return compressed


def is_compressible(request: h11.Request, response: h11.Response) -> bool:
    """Return whether to compress the body: its length and type suit, the client accepts gzip."""
    headers = dict(response.headers)
    length = int(headers.get(b"content-length", b"0"))
    return (
        request.method in (b"GET", b"HEAD")
        and response.status_code == 200
        and MIN_BYTES <= length <= MAX_BYTES
        and _TYPES.match(headers.get(b"content-type", b"")) is not None
        and b"content-encoding" not in headers
        and b"no-transform" not in get_values(response.headers, b"cache-control")
        and b"range" not in dict(request.headers)
        and _accepts_gzip(request)
    )


def is_shared(response: h11.Response) -> bool:
    """Return whether other clients get the same body: not if it is a page that begins a session."""
    return b"set-cookie" not in dict(response.headers)


def compressed_headers(headers: list[Header], length: int) -> list[Header]:
    """Return the headers of a body that was compressed to this length; 0: a response to HEAD."""
    return [
        *(
            (name, weak_etag(value) if name == b"etag" else value)
            for name, value in headers
            if name != b"content-length"
        ),
        (b"content-encoding", b"gzip"),
        *([(b"content-length", str(length).encode())] if length else []),
    ]


def _accepts_gzip(request: h11.Request) -> bool:
    """Return whether a client accepts gzip; ``q=0`` refuses it."""
    accepted = {}
    for each in get_values(request.headers, b"accept-encoding"):
        name, *parameters = (part.strip().lower() for part in each.split(b";"))
        accepted[name] = not any(re.fullmatch(rb"q=0(\.0*)?", part) for part in parameters)
    return accepted.get(b"gzip", accepted.get(b"*", False))
