"""Which responses are compressed, and how."""

from __future__ import annotations

import gzip
import hashlib
import re

import h11

from ..byte_cache import ByteCache
from .headers import Header, get_values, weak_etag

#: A smaller body is not compressed: that would save less than its headers cost.
MIN_BYTES = 1024

#: A larger body is not compressed, because it would be in memory as a whole.
MAX_BYTES = 8 << 20

#: The limit of the cache. The app's own files and its server's together have less than 1 MB.
CACHE_BYTES = 16 << 20

_TYPES = re.compile(
    rb"(text/|application/(javascript|json|manifest\+json|wasm|xml|xhtml\+xml)|image/svg\+xml)",
    re.IGNORECASE,
)


def compress(body: bytes, cache: ByteCache[bytes] | None) -> bytes:
    """Compress a body; ``cache`` keeps those that other clients get, too."""
    if cache is None:
        return gzip.compress(body, 6, mtime=0)
    return cache.get(hashlib.sha256(body).digest(), lambda: gzip.compress(body, 9, mtime=0))


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
        and not _forbids_changes(response)
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


def _forbids_changes(response: h11.Response) -> bool:
    directives = get_values(response.headers, b"cache-control")
    return b"no-transform" in (each.lower() for each in directives)


def _accepts_gzip(request: h11.Request) -> bool:
    """Return whether a client accepts gzip; ``q=0`` refuses it."""
    accepted = {}
    for each in get_values(request.headers, b"accept-encoding"):
        name, *parameters = (part.strip().lower() for part in each.split(b";"))
        accepted[name] = not any(re.fullmatch(rb"q=0(\.0*)?", part) for part in parameters)
    return accepted.get(b"gzip", accepted.get(b"*", False))
