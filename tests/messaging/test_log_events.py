"""A log travels whole, whatever its bytes and however small the queue's limit."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.log_outline import LogOutline
from ingest.domain.runs import AttemptKey
from ingest.errors import MessageRefused
from ingest.messaging.encoding import QueueMessage
from ingest.messaging.log_content import MAX_CHARACTER_BYTES, inspect_log, split_content
from ingest.messaging.log_events import (
    LogMetadata,
    UnavailableLogMetadata,
    log_object_key,
    log_parts,
    log_payload,
    log_unavailable_message,
    whole_log_message,
)
from ingest.messaging.log_outline import truncate_outline
from support.message_examples import log_metadata

FETCHED_AT = datetime(2026, 11, 24, 6, 30, tzinfo=timezone.utc)
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

LIMITS = st.integers(min_value=1024, max_value=2400)
UGLY_TEXT = st.text(
    alphabet=st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from('\x00\x1b\ufeff\ufffe\uffff\u2028\r\n"\\\x7f\U0001f600'),
    ),
    max_size=800,
)
#: Drawn values are short by nature; repeated, they are logs of several parts.
LONG_LOGS = st.builds(
    lambda piece, times: piece * times,
    st.one_of(st.binary(min_size=1, max_size=40), UGLY_TEXT.map(str.encode)),
    st.integers(min_value=1, max_value=120),
)
LOGS = st.one_of(
    LONG_LOGS,
    UGLY_TEXT.map(str.encode),
    st.binary(max_size=2500),
    st.builds(lambda text, bad: text.encode() + bad, UGLY_TEXT, st.binary(max_size=4)),
)


class StingyFile(io.BytesIO):
    """Return at most 7 bytes a read, as a socket may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 7, 7) if size != -1 else 7)


def metadata_of(log: bytes, *, job_name: str = "build (3.12)") -> LogMetadata:
    return log_metadata(log, job_name, job_id=99)


def parts_of(log: bytes, limit: int) -> list[QueueMessage]:
    return list(log_parts(metadata_of(log), lambda: io.BytesIO(log), limit))


def content_of(data: dict[str, str]) -> bytes:
    content = data["log_content"]
    return base64.b64decode(content) if data["log_encoding"] == "base64" else content.encode()


def data_of(message: QueueMessage) -> dict[str, str]:
    data: dict[str, str] = json.loads(message.body)["data"]
    return data


@given(LOGS, LIMITS)
def test_parts_join_to_the_log_byte_for_byte(log: bytes, limit: int) -> None:
    """Whatever a log consists of, its parts in order are the log, each decodable alone."""
    assert b"".join(content_of(data_of(part)) for part in parts_of(log, limit)) == log


@given(
    LOGS,
    LIMITS,
    st.builds(
        dict,
        fetched_at=st.sampled_from([FETCHED_AT, FETCHED_AT.replace(microsecond=1000)]),
        is_replayed=st.booleans(),
        outline=st.none()
        | st.integers(0, 30).map(
            lambda count: truncate_outline(LogOutline(error_lines=tuple(range(count))), 128)
        ),
    ),
)
def test_a_part_of_a_repeat_joins_those_of_the_first_message(
    log: bytes, limit: int, changes: dict[str, Any]
) -> None:
    """Readers that received some of them take the others from any repeat: their ids are equal."""
    first = parts_of(log, limit)
    metadata = replace(metadata_of(log), **changes)
    again = list(log_parts(metadata, lambda: io.BytesIO(log), limit))
    assert all(part.size_bytes <= limit for part in again)
    contents = {part.event_id: content_of(data_of(part)) for part in first}
    for part in again:
        content = content_of(data_of(part))
        assert contents.get(part.event_id, content) == content
    if len(first) > 1 and len(again) > 1:
        assert [part.event_id for part in again] == list(contents)


@given(LOGS, LIMITS)
def test_every_part_is_within_the_limit(log: bytes, limit: int) -> None:
    """Body and attributes together never exceed what the queue takes."""
    assert all(part.size_bytes <= limit for part in parts_of(log, limit))


@given(LOGS, LIMITS)
def test_parts_are_numbered_and_counted_exactly(log: bytes, limit: int) -> None:
    """A reader knows from any part how many there are, and from all that none is missing."""
    numbers = [(data_of(part)["part"], data_of(part)["parts"]) for part in parts_of(log, limit)]
    assert numbers == [(n, len(numbers)) for n in range(1, len(numbers) + 1)]


@given(LOGS, LIMITS)
def test_bodies_hold_no_character_that_sqs_refuses(log: bytes, limit: int) -> None:
    """Control characters, surrogates and non-characters go escaped."""
    assert not any(FORBIDDEN.search(part.body) for part in parts_of(log, limit))


@given(LOGS, LIMITS)
def test_a_log_is_split_only_where_it_does_not_fit(log: bytes, limit: int) -> None:
    """One message is sent exactly where the complete envelope fits."""
    metadata = metadata_of(log)
    attributes = parts_of(log, 10**6)[0].attributes
    whole_bytes = sum(map(len, log_payload(metadata, lambda: io.BytesIO(log)))) + sum(
        len(name) + len("String") + len(value) for name, value in attributes.items()
    )
    assert (len(parts_of(log, limit)) == 1) == (whole_bytes <= limit)
    only = whole_log_message(metadata, lambda: io.BytesIO(log), limit)
    assert (only is not None) == (whole_bytes <= limit)


@given(LOGS)
def test_the_payload_is_the_one_complete_envelope(log: bytes) -> None:
    """The stream for S3 means what the single message would mean."""
    metadata = metadata_of(log)
    payload = b"".join(log_payload(metadata, lambda: io.BytesIO(log)))
    (message,) = parts_of(log, 10**6)
    assert payload.decode() == message.body


@given(LOGS)
def test_content_is_the_same_however_the_file_gives_it(log: bytes) -> None:
    """Short reads change nothing."""
    metadata = metadata_of(log)
    digest = (metadata.log_bytes, metadata.log_sha256, metadata.is_text)
    assert inspect_log(StingyFile(log)) == digest
    stingy = b"".join(log_payload(metadata, lambda: StingyFile(log)))
    assert json.loads(stingy) == json.loads(parts_of(log, 10**6)[0].body)


@given(st.binary(max_size=300))
def test_a_log_is_text_exactly_where_it_is_utf_8(log: bytes) -> None:
    """One look decides between text and base64."""
    try:
        log.decode()
    except UnicodeDecodeError:
        assert not inspect_log(io.BytesIO(log)).is_text
    else:
        assert inspect_log(io.BytesIO(log)).is_text


def test_the_same_part_has_the_same_id_and_no_two_parts_share_one() -> None:
    """Repeats can be dropped, and nothing else is."""
    log = b"x" * 5000
    first, again = parts_of(log, 1500), parts_of(log, 1500)
    assert [part.event_id for part in first] == [part.event_id for part in again]
    assert len({part.event_id for part in first}) == len(first) > 1
    assert len({part.group for part in first}) == 1


def test_a_message_reports_all_about_its_log() -> None:
    """The data of a small log in full."""
    log = b"\xef\xbb\xbf2026-11-24 \x1b[31mred\x1b[0m\x00\n"
    (message,) = parts_of(log, 1 << 20)
    assert json.loads(message.body) == {
        "event_type": "job_log_fetched",
        "event_id": message.event_id,
        "schema_version": "1.1",
        "timestamp": "2026-11-24T06:30:00Z",
        "data": {
            "repo": "octo/api",
            "repo_name": "octo/api",
            "run_id": 7,
            "run_attempt": 2,
            "job_id": 99,
            "job_name": "build (3.12)",
            "fetched_at": "2026-11-24T06:30:00Z",
            "log_bytes": len(log),
            "log_sha256": hashlib.sha256(log).hexdigest(),
            "log_encoding": "utf-8",
            "part": 1,
            "parts": 1,
            "log_content": "\ufeff2026-11-24 \x1b[31mred\x1b[0m\x00\n",
        },
    }


def test_an_empty_log_is_one_empty_message() -> None:
    """Nothing is a log too."""
    (message,) = parts_of(b"", 1024)
    assert content_of(data_of(message)) == b""


@pytest.mark.parametrize("name", ["build", "n" * 1000, "ä💚" * 400])
@pytest.mark.parametrize("log", [b"", b"x" * 50, b"line\n" * 2000, b"\xff" * 3000])
def test_a_log_fits_the_smallest_limit_of_any_queue(log: bytes, name: str) -> None:
    """The name of its job is cut, and the message says so; every part identifies the log."""
    metadata = metadata_of(log, job_name=name)
    parts = list(log_parts(metadata, lambda: io.BytesIO(log), 1024))
    assert max(part.size_bytes for part in parts) <= 1024
    assert b"".join(content_of(data_of(part)) for part in parts) == log
    for data in map(data_of, parts):
        assert data["log_sha256"] == metadata.log_sha256
        assert data["fetched_at"] == "2026-11-24T06:30:00Z"
        assert (data["job_name"] == name) == ("job_name" not in data.get("truncated", ()))


def test_a_short_log_leaves_its_envelope_whole_where_both_fit() -> None:
    """Nothing is cut for room that is not needed."""
    message = whole_log_message(
        metadata_of(b"ok", job_name="n" * 420), lambda: io.BytesIO(b"ok"), 1024
    )
    assert message is not None
    assert message.size_bytes > 1024 * 7 // 8
    assert data_of(message)["job_name"] == "n" * 420


def test_a_reason_fits_the_smallest_limit_of_any_queue() -> None:
    """The text that explains it is cut."""
    absence = UnavailableLogMetadata(
        key=AttemptKey("octo/api", 7, 2),
        job_id=99,
        job_name="n" * 1000,
        fetched_at=FETCHED_AT,
        reason="expired",
        detail="d" * 5000,
    )
    message = log_unavailable_message(absence, max_bytes=1024)
    assert message.size_bytes <= 1024
    data = data_of(message)
    assert (data["reason"], data["job_id"]) == ("expired", 99)
    assert set(data["truncated"]) == {"detail", "job_name"}


@pytest.mark.parametrize("log", [b"x" * 50, b"\xff" * 50])
def test_an_envelope_that_leaves_no_room_is_refused(log: bytes) -> None:
    """A queue too small even for the envelope is named, and nothing loops."""
    with pytest.raises(MessageRefused, match=r"job 99 of octo/api run 7 attempt 2 takes \d+"):
        parts_of(log, 500)


def test_a_log_without_content_reports_why() -> None:
    """A job that has no log gets a message all the same."""
    message = log_unavailable_message(
        UnavailableLogMetadata(
            key=AttemptKey("octo/api", 7, 2),
            job_id=99,
            job_name="deploy",
            fetched_at=FETCHED_AT,
            reason="expired",
            detail="GitHub has deleted the log.",
        ),
        max_bytes=10**6,
    )
    assert data_of(message) == {
        "repo": "octo/api",
        "repo_name": "octo/api",
        "run_id": 7,
        "run_attempt": 2,
        "job_id": 99,
        "job_name": "deploy",
        "fetched_at": "2026-11-24T06:30:00Z",
        "reason": "expired",
        "detail": "GitHub has deleted the log.",
    }


def test_an_object_is_named_after_its_log() -> None:
    """The same log replaces itself; another log of the same job does not."""
    one, two = metadata_of(b"one"), metadata_of(b"two")
    renamed = metadata_of(b"one", job_name="renamed")
    assert log_object_key(one, "json") == log_object_key(renamed, "json")
    assert log_object_key(one, "json") != log_object_key(two, "json")
    assert log_object_key(one, "json").startswith("logs/octo/api/7/2/99-")


class EndlessLine(io.RawIOBase):
    """A file of ``size`` bytes that takes no memory."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        given = min(size, self.left)
        self.left -= given
        return b"\x1b[0m \xc3\xa9\n"[:8] * (given // 8) if given >= 8 else b"x" * given


def test_a_large_log_takes_little_memory() -> None:
    """A log of 24 MiB is split and streamed in a few pieces' worth of memory."""
    size = 24 << 20
    metadata = metadata_of(b"")
    metadata = LogMetadata(
        key=metadata.key,
        job_id=1,
        job_name="big",
        log_bytes=size,
        log_sha256="0" * 64,
        fetched_at=FETCHED_AT,
        is_text=True,
    )
    tracemalloc.start()
    try:
        for _ in log_parts(metadata, lambda: EndlessLine(size), 1 << 20):
            pass
        for _ in log_payload(metadata, lambda: EndlessLine(size)):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_bytes_of_several_reads_are_one_base64() -> None:
    """A log that is no text is encoded as one, however many reads it takes."""
    log = bytes(range(256)) * 1000
    payload = b"".join(log_payload(metadata_of(log), lambda: io.BytesIO(log)))
    assert content_of(json.loads(payload)["data"]) == log


def test_text_is_never_split_inside_a_character() -> None:
    """Every part of a text is valid by itself."""
    log = "é€😀".encode() * 10

    def pieces() -> Iterator[bytes]:
        return split_content(io.BytesIO(log), is_text=True, max_bytes=7)

    assert b"".join(pieces()) == log
    assert all(len(piece) <= 7 for piece in pieces())
    assert all(piece.decode() for piece in pieces())


@given(st.text(alphabet='\\"\n\x01ué✓\U0001f600\uffff\ufffe', max_size=300), st.integers(6, 40))
def test_text_is_cut_between_characters_and_escapes_only(text: str, limit: int) -> None:
    """Every piece is the inside of a JSON string, as long as it may be, and all of them join."""
    pieces = list(split_content(io.BytesIO(text.encode()), is_text=True, max_bytes=limit))
    assert "".join(json.loads(f'"{piece.decode()}"') for piece in pieces) == text
    assert all(len(piece) <= limit for piece in pieces)
    assert all(len(piece) > limit - MAX_CHARACTER_BYTES for piece in pieces[:-1])


class OneByteAtATime(io.BytesIO):
    """A file that gives one byte at a time, however many are asked for."""

    def read(self, _size: int | None = -1) -> bytes:
        return super().read(1)


def test_text_that_arrives_byte_by_byte_is_escaped_as_if_at_once() -> None:
    """A character may be cut anywhere; the characters that SQS refuses have three bytes."""
    log = 'a"é✓\uffff\ufffe\U0001f600\\\x1b'.encode()
    [whole] = split_content(io.BytesIO(log), is_text=True, max_bytes=100)
    assert b"".join(split_content(OneByteAtATime(log), is_text=True, max_bytes=100)) == whole
    assert b"\\uffff" in whole
