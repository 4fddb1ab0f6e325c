"""The reader of a log's S3 object, which ``log_events.log_payload`` wrote, in constant memory.

The object is one JSON envelope whose last field is the content of the log. It may be larger than
the memory, so it is never parsed as a whole.
"""

from __future__ import annotations

import base64
import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..domain.step_ranges import StepRange
from ..errors import MalformedPayload

#: A quote in a JSON string is escaped, so this can only be the name of the field.
_CONTENT_FIELD = b',"log_content":"'
_MAX_HEAD_BYTES = 1024 * 1024
_TAIL = '"}}'

#: Matches from the start of a buffer to the end of the string, or to an escape that is not complete
#: yet.
_INSIDE = re.compile(r'[^"\\]*(?:\\(?:u[0-9a-fA-F]{4}|[^u])[^"\\]*)*', re.DOTALL)
_ESCAPE_CHARS = len(r"\u0000")


class LogPayload(NamedTuple):
    """A log in an S3 object; ``steps`` are the ranges of its steps, if they are known."""

    content: Iterator[bytes]
    steps: tuple[StepRange, ...] | None


def read_log_payload(chunks: Iterable[bytes]) -> LogPayload:
    """Read a log from the chunks of its object.

    Raises MalformedPayload if Runstream did not write the object. If only the end of the object is
    wrong, reading ``content`` raises it.
    """
    rest = iter(chunks)
    data, encoding, begun = _read_head(rest)
    return LogPayload(_decode(encoding, _content(begun, rest)), _steps(data))


def _decode(encoding: str, content: Iterator[str]) -> Iterator[bytes]:
    try:
        if encoding == "utf-8":
            yield from (text.encode() for text in content)
        else:
            yield from _from_base64(content)
    except ValueError as error:
        raise MalformedPayload(f"The content of the log's object is damaged: {error}.") from error


def _steps(data: Mapping[str, Any]) -> tuple[StepRange, ...] | None:
    try:
        steps = [{name: each[name] for name in StepRange._fields} for each in data["steps"] or ()]
    except (KeyError, TypeError):
        return None
    return tuple(StepRange(**each) for each in steps) or None


def _read_head(chunks: Iterator[bytes]) -> tuple[Mapping[str, Any], str, bytes]:
    """Read the envelope up to the log; return its data, its encoding, and the bytes after it."""
    head = b""
    while _CONTENT_FIELD not in head:
        chunk = next(chunks, None)
        if chunk is None or len(head) > _MAX_HEAD_BYTES:
            raise MalformedPayload("The log's object holds no message with a log.")
        head += chunk
    before, _, begun = head.partition(_CONTENT_FIELD)
    try:
        data = json.loads(before + b"}}")["data"]
        return data, str(data["log_encoding"]), begun
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedPayload("The log's object holds no message of ours.") from error


def _content(begun: bytes, chunks: Iterator[bytes]) -> Iterator[str]:
    """Yield the unescaped content; raise MalformedPayload if the object does not end after it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    buffer, chunk = "", begun
    while True:
        buffer += decoder.decode(chunk)
        match = _INSIDE.match(buffer)
        inside = buffer[: match.end()] if match else ""
        buffer = buffer[len(inside) :]
        if inside:
            yield json.loads(f'"{inside}"', strict=False)
        if buffer.startswith('"'):
            break
        if len(buffer) >= _ESCAPE_CHARS:
            raise MalformedPayload("The content of the log's object is damaged: no such escape.")
        following = next(chunks, None)
        if following is None:
            raise MalformedPayload("The log's object ends before the log does.")
        chunk = following
    if buffer + "".join(map(bytes.decode, chunks)) != _TAIL:
        raise MalformedPayload("The log's object is longer than the log.")


def _from_base64(texts: Iterable[str]) -> Iterator[bytes]:
    pending = ""
    for text in texts:
        pending += text
        whole = len(pending) // 4 * 4
        yield base64.b64decode(pending[:whole], validate=True)
        pending = pending[whole:]
    if pending:
        raise MalformedPayload("The log's object holds half a byte of the log.")
