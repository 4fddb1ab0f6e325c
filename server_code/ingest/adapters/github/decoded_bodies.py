"""Bodies without their content encoding, in pieces of bounded size.

urllib3 takes gzip that ends early for whole, which a log does not show by itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import RequestFailed

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_GZIP_NAMES = frozenset({"gzip", "x-gzip"})
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_GZIP_FIRST_BYTE = b"\x1f"


def decoded_body(response: BaseHTTPResponse, piece_bytes: int) -> Iterator[bytes]:
    """Yield a body as it arrives, in pieces that may be empty.

    Raises RequestFailed for gzip that is cut, and what urllib3 raises.
    """
    if response.headers.get("content-encoding", "").strip().lower() not in _GZIP_NAMES:
        yield from _arrived_pieces(response, piece_bytes, decode_content=True)
        return
    try:
        packed = _arrived_pieces(response, piece_bytes, decode_content=False)
        yield from _unpack(packed, piece_bytes)
    except zlib.error as error:
        raise RequestFailed("The compressed answer is damaged.") from error


def _arrived_pieces(
    response: BaseHTTPResponse, piece_bytes: int, *, decode_content: bool
) -> Iterator[bytes]:
    """Yield what has arrived; urllib3's ``stream`` would wait until a piece is full."""
    while piece := response.read1(piece_bytes, decode_content=decode_content):
        yield piece


def _unpack(chunks: Iterator[bytes], piece_bytes: int) -> Iterator[bytes]:
    """Yield what gzip holds, in one or several members; what else follows them is ignored."""
    decoder, is_begun = zlib.decompressobj(_GZIP_WINDOW), False
    for chunk in chunks:
        packed = chunk
        while packed:
            if decoder.eof:
                if not packed.startswith(_GZIP_FIRST_BYTE):
                    return
                decoder = zlib.decompressobj(_GZIP_WINDOW)
            is_begun = True
            yield decoder.decompress(packed, piece_bytes)
            packed = decoder.unconsumed_tail or decoder.unused_data
    if rest := decoder.flush():
        yield rest
    if is_begun and not decoder.eof:
        raise RequestFailed("The compressed answer ended early.")
