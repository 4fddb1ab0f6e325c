"""The messages of job logs: a log in one message, in ordered parts, or as one payload for S3.

A log of any size takes the same memory: its content is read and escaped chunk by chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, BinaryIO, Literal

from ..domain.runs import AttemptKey
from ..domain.timestamps import format_timestamp
from ..errors import MessageRefused
from .encoding import QueueMessage, encode_envelope, encode_json, envelope_fields
from .envelope import Envelope, attempt_envelope, attempt_fields
from .log_content import MAX_CHARACTER_BYTES, escaped_content, split_content
from .log_outline import MessageOutline, max_outline_bytes
from .log_work import is_cut_name
from .truncation import SIZE_REMEDY, cut_to_fit, encode_to_fit

LOG_FETCHED_EVENT = "job_log_fetched"
LOG_UNAVAILABLE_EVENT = "job_log_unavailable"

#: Why there is no log: the job never reached a runner, GitHub has deleted the log, or GitHub has
#: none although the job ran. For any other reason a log stays pending and is requested again.
UnavailableReason = Literal["never_existed", "expired", "not_found"]

#: Opens a log at its start; called once for each time that it is read.
OpenLog = Callable[[], BinaryIO]

#: What follows the content: the end of its string, of the data and of the envelope.
_TAIL = '"}}'
_CONTENT_FIELD = ',"log_content":""'

#: At least an eighth of a message is for the content. Other fields are cut if they need too much.
_MIN_CONTENT_DIVISOR = 8

#: The size of the field that names the incomplete parts of the outline.
_TRUNCATED_BYTES = len(',"truncated":["groups","error_lines","uncertain_steps","steps"]')

#: A time with the longest possible text.
_LONGEST_TIME = datetime(2000, 1, 1, microsecond=1000, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class _JobLog:
    """A job's log, fetched or not.

    ``cloudevents_source_root``: GitHub's URL if messages are CloudEvents, else None.
    """

    key: AttemptKey
    job_id: int
    job_name: str
    fetched_at: datetime
    is_replayed: bool = False
    cloudevents_source_root: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMetadata(_JobLog):
    """The metadata of a fetched log, without its content.

    ``log_bytes``, ``log_sha256`` and ``is_text`` (valid UTF-8) are results of ``inspect_log``.
    ``outline`` (groups, steps and error lines) is in the first part only.
    """

    log_bytes: int
    log_sha256: str
    is_text: bool
    outline: MessageOutline | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnavailableLogMetadata(_JobLog):
    """A job's log that is unavailable; ``detail`` explains it in a sentence."""

    reason: UnavailableReason
    detail: str


def log_envelope(metadata: LogMetadata, *, part: int = 1, parts: int = 1) -> Envelope:
    """Build a log's envelope with everything but ``log_content``."""
    return attempt_envelope(
        LOG_FETCHED_EVENT,
        metadata.key,
        metadata.job_id,
        metadata.log_sha256,
        part,
        parts,
        timestamp=metadata.fetched_at,
        data={
            **_job_fields(metadata, metadata.outline if part == 1 else None),
            "log_bytes": metadata.log_bytes,
            "log_sha256": metadata.log_sha256,
            "log_encoding": "utf-8" if metadata.is_text else "base64",
            "part": part,
            "parts": parts,
        },
        cloudevents_source_root=metadata.cloudevents_source_root,
    )


def whole_log_message(
    metadata: LogMetadata, open_log: OpenLog, max_message_bytes: int
) -> QueueMessage | None:
    """Return the one message that contains the whole log; None if the log is too large for it.

    Reads no more of the log than a message can contain.
    """
    min_room = max_message_bytes // _MIN_CONTENT_DIVISOR
    empty = _message(log_envelope(metadata), "")
    whole = _whole_content(metadata, open_log, max_message_bytes - empty.size_bytes)
    if whole is None and max_message_bytes - empty.size_bytes < min_room:
        empty = _part_message(metadata, "", part=1, parts=1, max_bytes=max_message_bytes)
        whole = _whole_content(metadata, open_log, max_message_bytes - empty.size_bytes)
    if whole is None:
        return None
    return replace(empty, body=empty.body.removesuffix(_TAIL) + whole + _TAIL)


def log_parts(
    metadata: LogMetadata, open_log: OpenLog, max_message_bytes: int
) -> Iterator[QueueMessage]:
    """Yield a log as one message if it fits, else as ordered parts, which joined are the log.

    Reads the log twice: to count the parts, then to send them. Raises MessageRefused if the
    envelope leaves no room for content, even after all other fields are cut.
    """
    whole = whole_log_message(metadata, open_log, max_message_bytes)
    if whole is not None:
        yield whole
        return
    room = _room_for_content(metadata, max_message_bytes)
    parts = sum(1 for _ in _split(metadata, open_log, room))
    for part, content in enumerate(_split(metadata, open_log, room), start=1):
        yield _part_message(
            metadata, content.decode(), part=part, parts=parts, max_bytes=max_message_bytes
        )


def log_payload(metadata: LogMetadata, open_log: OpenLog) -> Iterator[bytes]:
    """Yield the JSON of the envelope with the whole log, of any size, for an object in S3."""
    yield _head(log_envelope(metadata)).encode()
    with open_log() as file:
        yield from escaped_content(file, is_text=metadata.is_text)
    yield _TAIL.encode()


def log_object_key(metadata: LogMetadata, extension: str) -> str:
    """Return the key of a log's S3 object; a repeat of the log replaces it."""
    key = metadata.key
    attempt = f"{key.repository}/{key.run_id}/{key.run_attempt}"
    return f"logs/{attempt}/{metadata.job_id}-{metadata.log_sha256[:16]}.{extension}"


def log_unavailable_message(log: UnavailableLogMetadata, *, max_bytes: int) -> QueueMessage:
    """Build the message that a job's log is unavailable, and why; it is cut to fit."""
    return encode_to_fit(
        attempt_envelope(
            LOG_UNAVAILABLE_EVENT,
            log.key,
            log.job_id,
            log.reason,
            timestamp=log.fetched_at,
            data={**_job_fields(log), "reason": log.reason, "detail": log.detail},
            cloudevents_source_root=log.cloudevents_source_root,
        ),
        max_bytes=max_bytes,
    )


def _job_fields(log: _JobLog, outline: MessageOutline | None = None) -> dict[str, Any]:
    fields, truncated = outline or MessageOutline({}, ())
    if is_cut_name(log.job_name):
        truncated = ("job_name", *truncated)
    return {
        **attempt_fields(log.key),
        "repo_name": log.key.repository,
        "job_id": log.job_id,
        "job_name": log.job_name,
        "fetched_at": format_timestamp(log.fetched_at),
        **({"replayed": True} if log.is_replayed else {}),
        **fields,
        **({"truncated": list(truncated)} if truncated else {}),
    }


def _head(envelope: Envelope) -> str:
    """Write an envelope up to where its content begins; ``data`` is its last field."""
    return encode_json(envelope_fields(envelope)).removesuffix("}}") + ',"log_content":"'


def _part_message(
    metadata: LogMetadata, content: str, *, part: int, parts: int, max_bytes: int
) -> QueueMessage:
    """Build the message of a part; other fields are cut if they leave too little room for it."""
    max_other_bytes = max_bytes - max_bytes // _MIN_CONTENT_DIVISOR - len(_CONTENT_FIELD)
    envelope = log_envelope(metadata, part=part, parts=parts)
    return _message(cut_to_fit(envelope, max_bytes=max_other_bytes)[0], content)


def _message(envelope: Envelope, content: str) -> QueueMessage:
    return encode_envelope(envelope, body=_head(envelope) + content + _TAIL)


def _whole_content(metadata: LogMetadata, open_log: OpenLog, room: int) -> str | None:
    """Return a log's content if it is at most ``room`` bytes, else None."""
    if metadata.log_bytes == 0 and room >= 0:
        return ""
    if room < MAX_CHARACTER_BYTES or metadata.log_bytes > room:
        return None
    with closing(_split(metadata, open_log, room)) as pieces:
        first = next(pieces, b"")
        return first.decode() if next(pieces, None) is None else None


def _room_for_content(metadata: LogMetadata, max_message_bytes: int) -> int:
    """Return how many bytes of content fit into every part.

    A log that is published again must be split in the same way, because readers may join parts of
    both times. So the room does not depend on what can differ: the time, the outline, ``replayed``.
    """
    widest = max(metadata.log_bytes, 1)  # no part number is longer than this
    longest = replace(metadata, outline=None, is_replayed=True, fetched_at=_LONGEST_TIME)
    empty = _message(log_envelope(longest, part=widest, parts=widest), "")
    room = (
        max_message_bytes
        - empty.size_bytes
        - max_outline_bytes(max_message_bytes)
        - _TRUNCATED_BYTES
    )
    min_room = max_message_bytes // _MIN_CONTENT_DIVISOR
    if room >= min_room:
        return room
    empty = _part_message(metadata, "", part=1, parts=widest, max_bytes=max_message_bytes)
    if max_message_bytes - empty.size_bytes < min_room:
        raise MessageRefused(
            f"The envelope of the log of job {metadata.job_id} of {metadata.key} takes "
            f"{empty.size_bytes} bytes, and the queue takes {max_message_bytes} a message.",
            remedy=SIZE_REMEDY,
        )
    return min_room


def _split(metadata: LogMetadata, open_log: OpenLog, room: int) -> Generator[bytes, None, None]:
    with open_log() as file:
        yield from split_content(file, is_text=metadata.is_text, max_bytes=room)
