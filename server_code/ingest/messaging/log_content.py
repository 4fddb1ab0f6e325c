"""The content of a log as the inside of a JSON string: measured, escaped and split.

A log that is valid UTF-8 is sent as text; quotes, control characters and what SQS refuses are sent
as JSON escapes. Any other log is sent as base64. Only one piece of a log is in memory at a time.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from .encoding import escape_json

#: A character takes at most this many bytes inside a JSON string: ``\\u0000``.
MAX_CHARACTER_BYTES = 6

_BACKSLASH, _U = b"\\u"


def _escapes(characters: str) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((each.encode(), escape_json(each).encode()) for each in characters)


#: What must be escaped in UTF-8. The backslash comes first, so that no escape is escaped again.
_ESCAPES = _escapes('\\"' + "".join(map(chr, range(0x20))))
#: What SQS refuses, and the first byte of both.
_SQS_ESCAPES = _escapes("\ufffe\uffff")
_SQS_ESCAPES_START = b"\xef"

#: Divisible by 3, so that the base64 texts of chunks can be joined.
_CHUNK_BYTES = 3 * 32 * 1024


class LogContentInfo(NamedTuple):
    """The size and hash of a log, and whether it is valid UTF-8."""

    log_bytes: int
    log_sha256: str
    is_text: bool


def inspect_log(
    file: BinaryIO, chunk_readers: Sequence[Callable[[bytes], None]] = ()
) -> LogContentInfo:
    """Read a log from its current position to its end; call the readers with every chunk."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    log_bytes, is_text = 0, True
    for chunk in _chunks(file):
        digest.update(chunk)
        log_bytes += len(chunk)
        for read in chunk_readers:
            read(chunk)
        is_text = is_text and _decodes(decoder, chunk)
    is_text = is_text and _decodes(decoder, b"", final=True)
    return LogContentInfo(log_bytes, digest.hexdigest(), is_text)


def escaped_content(file: BinaryIO, *, is_text: bool) -> Iterator[bytes]:
    """Yield the inside of the JSON string, chunk by chunk."""
    return map(_escape, _whole_characters(file)) if is_text else _base64(file, _CHUNK_BYTES)


def split_content(file: BinaryIO, *, is_text: bool, max_bytes: int) -> Iterator[bytes]:
    """Yield the inside of one JSON string per part, each of at most ``max_bytes`` in UTF-8.

    Text is split between characters only. Base64 is split so that every part can be decoded alone.
    An empty log yields nothing. ``max_bytes`` must be at least MAX_CHARACTER_BYTES.
    """
    if is_text:
        return _split_escaped(map(_escape, _whole_characters(file)), max_bytes)
    return _base64(file, max_bytes // 4 * 3)


def _escape(text: bytes) -> bytes:
    """Do what ``escape_json`` does, but faster: characters that must be escaped are rare."""
    for character, escape in _ESCAPES:
        text = text.replace(character, escape)
    if _SQS_ESCAPES_START in text:
        for character, escape in _SQS_ESCAPES:
            text = text.replace(character, escape)
    return text


def _split_escaped(chunks: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        while len(pending) > max_bytes:
            end = _end_of_whole_characters(pending, max_bytes)
            yield bytes(pending[:end])
            del pending[:end]
    if pending:
        yield bytes(pending)


def _end_of_whole_characters(escaped: bytearray, limit: int) -> int:
    """Find the last place up to ``limit`` that splits no character and no escape sequence."""
    end = limit
    while escaped[end] & 0xC0 == 0x80:  # inside a character of UTF-8
        end -= 1
    backslash = escaped.rfind(b"\\", max(end - MAX_CHARACTER_BYTES + 1, 0), end)
    if backslash < 0:
        return end
    first = backslash
    while first > 0 and escaped[first - 1] == _BACKSLASH:
        first -= 1
    if (backslash - first) % 2:  # the second of an escaped backslash
        return end
    length = MAX_CHARACTER_BYTES if escaped[backslash + 1] == _U else 2
    return backslash if backslash + length > end else end


def _whole_characters(file: BinaryIO) -> Iterator[bytes]:
    """Yield a log of valid UTF-8 in chunks that end with a character."""
    rest = b""
    for chunk in _chunks(file):
        text = rest + chunk
        end = _start_of_last_character(text)
        rest = text[end:]
        if end:
            yield text[:end]
    if rest:
        yield rest


def _start_of_last_character(text: bytes) -> int:
    """Find the start of the last character; if that is ASCII, the end of the text."""
    start = len(text) - 1
    if text[start] < 0x80:
        return len(text)
    while text[start] & 0xC0 == 0x80:
        start -= 1
    return start


def _base64(file: BinaryIO, step: int) -> Iterator[bytes]:
    """Encode ``step`` bytes at a time, also if the file returns fewer."""
    pending = bytearray()
    for chunk in _chunks(file):
        pending += chunk
        whole = len(pending) // step * step
        for start in range(0, whole, step):
            yield base64.b64encode(pending[start : start + step])
        del pending[:whole]
    if pending:
        yield base64.b64encode(pending)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(_CHUNK_BYTES), b"")


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True
