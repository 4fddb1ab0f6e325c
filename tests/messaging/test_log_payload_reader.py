"""A log comes out of its object in S3 as it went in, in constant memory."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ingest.errors import MalformedPayload
from ingest.messaging.log_events import log_payload
from ingest.messaging.log_payload_reader import read_log_payload
from support.message_examples import log_metadata


def payload_of(log: bytes, job_name: str = "build") -> bytes:
    return b"".join(log_payload(log_metadata(log, job_name), lambda: io.BytesIO(log)))


def chunks_of(payload: bytes, size: int) -> Iterator[bytes]:
    return (payload[start : start + size] for start in range(0, len(payload), size))


def log_in(chunks: Iterable[bytes]) -> bytes:
    return b"".join(read_log_payload(chunks).content)


@given(
    log=st.binary(max_size=200) | st.text(max_size=200).map(str.encode),
    size=st.integers(1, 50),
)
@example(log=b'"}}\\u0000\\"' * 3, size=1)
@example(log="\x00\x1b\ufeff\ufffe\U0001f600\u2028".encode(), size=3)
@example(log=b"\xff\xfe\x00", size=2)
@example(log=b"", size=7)
def test_a_log_comes_back_however_the_object_is_cut(log: bytes, size: int) -> None:
    """Chunks may end within an escape, a character or a group of base64."""
    assert log_in(chunks_of(payload_of(log), size)) == log


def test_a_job_s_name_is_not_taken_for_the_content() -> None:
    """Not even one that looks like the field."""
    name = ',"log_content":"}}\\'
    assert log_in([payload_of(b"the log", name)]) == b"the log"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"<Error/>",
        b'{"data":{"x":1,"log_content":"text"}}',
        b'["data","log_content":"text"}}',
        payload_of(b"the log")[:-1],
        payload_of(b"the log")[:-3],
        payload_of(b"the log")[:-6],
        payload_of(b"the log") + b" ",
        payload_of(b"the log\n").replace(b"\\n", b"\\u00"),
        payload_of(b"the log").replace(b"the", b"\xff"),
        payload_of(b"\xff\xfe").replace(base64.b64encode(b"\xff\xfe"), b"//4"),
        payload_of(b"\xff\xfe").replace(base64.b64encode(b"\xff\xfe"), b"//?="),
    ],
)
def test_what_is_not_a_whole_log_is_refused(payload: bytes) -> None:
    """A damaged or shortened object never passes for a log."""
    with pytest.raises(MalformedPayload):
        log_in(chunks_of(payload, 10))


def test_an_escape_that_is_none_ends_the_reading_at_once() -> None:
    """The rest of an object may be larger than the memory."""
    head = payload_of(b"the log").partition(b"the log")[0]
    rest = iter([b"text\\u12x4", *100 * [b"more text"]])
    content = read_log_payload(chain([head], rest)).content
    assert next(content) == b"text"
    with pytest.raises(MalformedPayload, match="damaged"):
        next(content)
    assert len(list(rest)) == 100
