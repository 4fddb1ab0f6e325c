"""The messages about job logs: a log in one message, in ordered parts, or as one payload for S3.

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
from .attempt_envelope import attempt_envelope
from .encoding import (
    QueueMessage,
    content_type_of,
    encode_json,
    envelope_attributes,
    envelope_fields,
)
from .envelope import Envelope
from .log_content import MAX_CHARACTER_BYTES, escaped_content, split_content
from .log_marks import MessageMarks, max_marks_bytes
from .log_work import is_cut_name
from .truncation import SIZE_REMEDY, cut_to_fit, encode_to_fit

LOG_FETCHED_EVENT = "job_log_fetched"
LOG_UNAVAILABLE_EVENT = "job_log_unavailable"

#: Why there is no log: the job never reached a runner, GitHub has deleted the log, or GitHub has
#: none although the job ran. Whatever else keeps a log from us may pass, so it waits.
UnavailableReason = Literal["never_existed", "expired", "not_found"]

#: Opens a log from its start; called once per pass, and what it returns is closed after the pass.
OpenLog = Callable[[], BinaryIO]

#: What follows the content: the ends of its string, of the data and of the envelope.
_TAIL = '"}}'
_CONTENT_FIELD = ',"log_content":""'

#: At least this share of a message is for content: the other fields are cut where they take more.
_ROOM_DIVISOR = 8

#: Marks may name what of them is not complete.
_TRUNCATED_BYTES = len(',"truncated":["groups","error_lines","uncertain_steps","steps"]')

#: No time is longer than one with milliseconds.
_LONGEST_TIME = datetime(2000, 1, 1, microsecond=1000, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMetadata:
    """The metadata of a fetched log, without its content.

    ``log_bytes``, ``log_sha256`` and ``is_text`` (valid UTF-8) are results of ``inspect_log``.
    ``marks`` are in the first part only.
    """

    key: AttemptKey
    job_id: int
    job_name: str
    log_bytes: int
    log_sha256: str
    fetched_at: datetime
    is_text: bool
    marks: MessageMarks | None = None
    is_replayed: bool = False
    cloudevents_root: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnavailableLog:
    """A job's log that is unavailable; ``detail`` explains it in a sentence."""

    key: AttemptKey
    job_id: int
    job_name: str
    fetched_at: datetime
    reason: UnavailableReason
    detail: str
    is_replayed: bool = False
    cloudevents_root: str | None = None


def log_envelope(metadata: LogMetadata, *, part: int = 1, parts: int = 1) -> Envelope:
    """Build a log's envelope with everything but ``log_content``."""
    return attempt_envelope(
        LOG_FETCHED_EVENT,
        metadata.key,
        metadata.job_id,
        metadata.log_sha256,
        part,
        parts,
        now=metadata.fetched_at,
        data={
            **_job_fields(metadata),
            **(_mark_fields(metadata) if part == 1 else {}),
            "log_bytes": metadata.log_bytes,
            "log_sha256": metadata.log_sha256,
            "log_encoding": "utf-8" if metadata.is_text else "base64",
            "part": part,
            "parts": parts,
        },
        cloudevents_root=metadata.cloudevents_root,
    )


def whole_log_message(
    metadata: LogMetadata, open_log: OpenLog, max_message_bytes: int
) -> QueueMessage | None:
    """Return the message that holds the whole log; None where none can.

    Reads no more than a message could hold.
    """
    least_room = max_message_bytes // _ROOM_DIVISOR
    frame = _message(log_envelope(metadata), "")
    whole = _only_piece(metadata, open_log, max_message_bytes - frame.size_bytes)
    if whole is None and max_message_bytes - frame.size_bytes < least_room:
        frame = _part_message(metadata, "", part=1, parts=1, max_bytes=max_message_bytes)
        whole = _only_piece(metadata, open_log, max_message_bytes - frame.size_bytes)
    if whole is None:
        return None
    return replace(frame, body=frame.body.removesuffix(_TAIL) + whole + _TAIL)


def log_parts(
    metadata: LogMetadata, open_log: OpenLog, max_message_bytes: int
) -> Iterator[QueueMessage]:
    """Yield a log as one message if it fits, else as ordered parts that join byte for byte.

    Reads the log twice: to count the parts, then to send them.
    Raises MessageRefused where its envelope leaves no room, whatever is cut.
    """
    whole = whole_log_message(metadata, open_log, max_message_bytes)
    if whole is not None:
        yield whole
        return
    room = _room_for_content(metadata, max_message_bytes)
    parts = sum(1 for _ in _pieces(metadata, open_log, room))
    for part, content in enumerate(_pieces(metadata, open_log, room), start=1):
        yield _part_message(
            metadata, content.decode(), part=part, parts=parts, max_bytes=max_message_bytes
        )


def log_payload(metadata: LogMetadata, open_log: OpenLog) -> Iterator[bytes]:
    """Yield the JSON of the one complete envelope, whatever its size, for an object in S3."""
    yield _head(log_envelope(metadata)).encode()
    with open_log() as file:
        yield from escaped_content(file, is_text=metadata.is_text)
    yield _TAIL.encode()


def log_payload_key(metadata: LogMetadata) -> str:
    """Return the key of a log's S3 object; a repeat of the same log replaces it."""
    return f"{_object_name(metadata)}.json"


def log_text_key(metadata: LogMetadata) -> str:
    """Return the key of the S3 object that holds a log alone, byte for byte."""
    return f"{_object_name(metadata)}.txt"


def log_unavailable_message(absence: UnavailableLog, *, max_bytes: int) -> QueueMessage:
    """Build the message that a job's log is unavailable, with the reason; it is cut to fit."""
    return encode_to_fit(
        attempt_envelope(
            LOG_UNAVAILABLE_EVENT,
            absence.key,
            absence.job_id,
            absence.reason,
            now=absence.fetched_at,
            data={
                **_job_fields(absence),
                "reason": absence.reason,
                "detail": absence.detail,
            },
            cloudevents_root=absence.cloudevents_root,
        ),
        max_bytes=max_bytes,
    )


def _object_name(metadata: LogMetadata) -> str:
    key = metadata.key
    attempt = f"{key.repository}/{key.run_id}/{key.run_attempt}"
    return f"logs/{attempt}/{metadata.job_id}-{metadata.log_sha256[:16]}"


def _job_fields(metadata: LogMetadata | UnavailableLog) -> dict[str, Any]:
    return {
        "repo": metadata.key.repository,
        "repo_name": metadata.key.repository,
        "run_id": metadata.key.run_id,
        "run_attempt": metadata.key.run_attempt,
        "job_id": metadata.job_id,
        "job_name": metadata.job_name,
        **({"truncated": ["job_name"]} if is_cut_name(metadata.job_name) else {}),
        "fetched_at": format_timestamp(metadata.fetched_at),
        **({"replayed": True} if metadata.is_replayed else {}),
    }


def _mark_fields(metadata: LogMetadata) -> dict[str, Any]:
    if metadata.marks is None:
        return {}
    truncated = ["job_name"] if is_cut_name(metadata.job_name) else []
    truncated += metadata.marks.truncated
    return {**metadata.marks.fields, **({"truncated": truncated} if truncated else {})}


def _head(envelope: Envelope) -> str:
    """Write an envelope up to where its content begins; ``data`` is its last field."""
    return encode_json(envelope_fields(envelope)).removesuffix("}}") + ',"log_content":"'


def _part_message(
    metadata: LogMetadata, content: str, *, part: int, parts: int, max_bytes: int
) -> QueueMessage:
    """Build the message of a part; other fields are cut where they leave it too little room."""
    most = max_bytes - max_bytes // _ROOM_DIVISOR - len(_CONTENT_FIELD)
    envelope = log_envelope(metadata, part=part, parts=parts)
    return _message(cut_to_fit(envelope, max_bytes=most), content)


def _message(envelope: Envelope, content: str) -> QueueMessage:
    return QueueMessage(
        event_id=envelope.event_id,
        event_type=envelope.event_type,
        group=envelope.group,
        body=_head(envelope) + content + _TAIL,
        attributes=envelope_attributes(envelope),
        content_type=content_type_of(envelope),
    )


def _only_piece(metadata: LogMetadata, open_log: OpenLog, room: int) -> str | None:
    """Read the content for which one message has room; None where there is more of it."""
    if metadata.log_bytes == 0 and room >= 0:
        return ""
    if room < MAX_CHARACTER_BYTES or metadata.log_bytes > room:
        return None
    if metadata.log_bytes * MAX_CHARACTER_BYTES <= room:
        with open_log() as file:
            return b"".join(escaped_content(file, is_text=metadata.is_text)).decode()
    with closing(_pieces(metadata, open_log, room)) as pieces:
        first = next(pieces, b"")
        return first.decode() if next(pieces, None) is None else None


def _room_for_content(metadata: LogMetadata, max_message_bytes: int) -> int:
    """Return the bytes for content in every part: part numbers cannot grow past the log's bytes.

    Parts of a repeat join those of the first message, so that the room does not depend on what
    differs between them: the time, the marks, and that it is replayed.
    """
    widest = max(metadata.log_bytes, 1)
    longest = replace(metadata, marks=None, is_replayed=True, fetched_at=_LONGEST_TIME)
    frame = _message(log_envelope(longest, part=widest, parts=widest), "")
    room = (
        max_message_bytes - frame.size_bytes - max_marks_bytes(max_message_bytes) - _TRUNCATED_BYTES
    )
    least_room = max_message_bytes // _ROOM_DIVISOR
    if room >= least_room:
        return room
    frame = _part_message(metadata, "", part=1, parts=widest, max_bytes=max_message_bytes)
    if max_message_bytes - frame.size_bytes < least_room:
        raise MessageRefused(
            f"The envelope of the log of job {metadata.job_id} of {metadata.key} takes "
            f"{frame.size_bytes} bytes, and the queue takes {max_message_bytes} a message.",
            remedy=SIZE_REMEDY,
        )
    return least_room


def _pieces(metadata: LogMetadata, open_log: OpenLog, room: int) -> Generator[bytes, None, None]:
    with open_log() as file:
        yield from split_content(file, is_text=metadata.is_text, max_bytes=room)
