"""The content of a log as the inside of a JSON string: measured, escaped and split.

A log that is valid UTF-8 is sent as text (NUL, escape sequences and byte order marks included, as
JSON escapes); any other as base64. Nothing here holds more than one piece of a log.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
import json
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from .envelope import encode_string

#: A character takes at most this many bytes inside a JSON string: ``\\u0000``.
MAX_CHARACTER_BYTES = 6

#: Divisible by 3, so that the base64 of one chunk joins to that of the next.
_CHUNK_BYTES = 3 * 32 * 1024


#: zlib's words for: a third of the time for a tenth more bytes, in gzip's format.
_FAST = 3
_GZIP = 16 + zlib.MAX_WBITS


class LogDigest(NamedTuple):
    """The facts of a whole log, from one reading."""

    log_bytes: int
    log_sha256: str
    is_text: bool


def inspect_log(file: BinaryIO) -> LogDigest:
    """Read a log once, from its current position: how long, which digest, whether valid UTF-8."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    log_bytes, is_text = 0, True
    for chunk in _chunks(file):
        digest.update(chunk)
        log_bytes += len(chunk)
        is_text = is_text and _decodes(decoder, chunk)
    is_text = is_text and _decodes(decoder, b"", final=True)
    return LogDigest(log_bytes, digest.hexdigest(), is_text)


def gzipped(file: BinaryIO) -> Iterator[bytes]:
    """Pack a log with gzip, chunk by chunk; the same log gives the same bytes."""
    packer = zlib.compressobj(_FAST, zlib.DEFLATED, _GZIP)
    for chunk in _chunks(file):
        yield packer.compress(chunk)
    yield packer.flush()


def escaped_content(file: BinaryIO, *, is_text: bool) -> Iterator[str]:
    """Yield the inside of the JSON string, chunk by chunk."""
    if is_text:
        return map(_escape, _decoded(file))
    return _base64(file, _CHUNK_BYTES)


def split_content(file: BinaryIO, *, is_text: bool, max_bytes: int) -> Iterator[str]:
    """Yield the inside of one JSON string per part, none of more than ``max_bytes`` bytes.

    Text is split between characters only, base64 so that every part decodes alone; an empty log
    yields nothing. ``max_bytes`` must be at least MAX_CHARACTER_BYTES.
    """
    if is_text:
        return _split_text(_decoded(file), max_bytes)
    return _base64(file, max_bytes // 4 * 3)


def encoded_size(text: str) -> int:
    """Measure text in UTF-8; quick where it is ASCII, as nearly all logs are."""
    return len(text) if text.isascii() else len(text.encode())


def _escape(text: str) -> str:
    """Do what ``encode_string`` does, four times as fast for ASCII, which needs no second look."""
    return json.dumps(text, ensure_ascii=False)[1:-1] if text.isascii() else encode_string(text)


def _split_text(texts: Iterable[str], max_bytes: int) -> Iterator[str]:
    piece: list[str] = []
    room = max_bytes
    for text in texts:
        rest = text
        while (size := encoded_size(escaped := _escape(rest))) > room:
            fitting = _fitting_characters(rest, room)
            piece.append(_escape(rest[:fitting]))
            yield "".join(piece)
            piece, room, rest = [], max_bytes, rest[fitting:]
        piece.append(escaped)
        room -= size
    if piece:
        yield "".join(piece)


def _fitting_characters(text: str, room: int) -> int:
    """Count the characters from the start of ``text`` that take no more than ``room`` escaped."""
    lengths = range(1, len(text) + 1)
    return bisect_right(lengths, room, key=lambda n: encoded_size(_escape(text[:n])))


def _decoded(file: BinaryIO) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in _chunks(file):
        if text := decoder.decode(chunk):
            yield text
    decoder.decode(b"", final=True)


def _base64(file: BinaryIO, step: int) -> Iterator[str]:
    """Encode ``step`` bytes at a time, also where the file gives fewer at once."""
    pending = bytearray()
    for chunk in _chunks(file):
        pending += chunk
        whole = len(pending) // step * step
        for start in range(0, whole, step):
            yield base64.b64encode(pending[start : start + step]).decode()
        del pending[:whole]
    if pending:
        yield base64.b64encode(pending).decode()


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(_CHUNK_BYTES), b"")


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True
