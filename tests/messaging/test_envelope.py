"""Every message is JSON that SQS takes, and the same fact has the same id for ever."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.messaging.encoding import (
    encode_envelope,
    encode_json,
    envelope_fields,
    escape_json,
    message_attributes,
)
from ingest.messaging.envelope import Envelope, event_id
from support.strategies import UGLY_TEXT

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=timezone.utc)
RUN_QUEUED = "3aa1ce76-1502-5272-858a-28c82b7f2bde"

#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
REFUSED_BY_SQS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | UGLY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(UGLY_TEXT, inner, max_size=3),
    max_leaves=10,
)


def an_envelope(**changes):
    values = {
        "event_type": "workflow_run_completed",
        "event_id": "8c8f3b2e-0000-5000-8000-000000000000",
        "repo": "octo/api",
        "group": "octo/api/7",
        "timestamp": NOW,
        "data": {"repo": "octo/api", "run_id": 7},
    }
    return Envelope(**{**values, **changes})


@given(st.lists(UGLY_TEXT | st.integers()))
def test_an_event_id_is_a_uuid_of_version_5(parts):
    """Ids of earlier releases were made by ``uuid.uuid5``."""
    namespace = uuid.UUID("5a2f0b9e-9f0e-5c8e-8c43-2f7d1a3f6b11")
    identity = "\x1f".join(map(str, parts)).encode(errors="backslashreplace").decode()
    assert event_id(*parts) == str(uuid.uuid5(namespace, identity))


@given(JSON_VALUES)
def test_encoded_json_holds_no_character_that_sqs_refuses(value):
    """Control characters, half surrogate pairs and non-characters go escaped."""
    assert not REFUSED_BY_SQS.search(encode_json(value))


@given(JSON_VALUES)
def test_encoded_json_means_what_plain_json_means(value):
    """Any reader gets back what was sent."""
    assert json.loads(encode_json(value)) == json.loads(json.dumps(value))


@pytest.mark.parametrize("code", [0x0, 0x1B, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xFFFE, 0xFFFF])
def test_a_refused_character_comes_back_as_it_was(code):
    """Each alone, at the edges of what is refused."""
    encoded = encode_json(f"<{chr(code)}>")
    assert encoded.isascii()
    assert json.loads(encoded) == f"<{chr(code)}>"


@pytest.mark.parametrize(
    "kept", ["é", "\ud7ff", "\ue000", "\ufffd", "\U0001f600", "\u2028", "\x7f"]
)
def test_text_that_sqs_takes_is_not_escaped(kept):
    """It would take up to six times the room."""
    assert encode_json(kept) == f'"{kept}"'


def test_encoded_json_is_compact():
    """Every byte counts against the queue's limit."""
    assert encode_json({"a": [1, None], "b": "x"}) == '{"a":[1,null],"b":"x"}'


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_lacks_is_an_error(number):
    """Python would write NaN, which no reader understands."""
    with pytest.raises(ValueError, match="JSON"):
        encode_json(number)


@given(UGLY_TEXT, UGLY_TEXT)
def test_the_inside_of_a_string_can_be_joined(one, other):
    """Logs are encoded piece by piece."""
    joined = json.loads(f'"{escape_json(one)}{escape_json(other)}"')
    assert joined == json.loads(json.dumps(one + other))


@given(UGLY_TEXT, st.dictionaries(UGLY_TEXT, UGLY_TEXT, max_size=3))
def test_a_message_is_as_large_as_its_bytes(name, data):
    """Body and attributes, each with its type."""
    message = encode_envelope(an_envelope(data={"name": name, **data}))
    counted = sum(
        len(name) + len("String") + len(value) for name, value in message.attributes.items()
    )
    assert message.size_bytes == len(message.body.encode()) + counted


def test_attributes_are_measured_in_bytes():
    """Not in characters."""
    message = encode_envelope(an_envelope(), body="")
    assert replace(message, attributes={}).size_bytes == 0
    assert replace(message, attributes={"repo": "é"}).size_bytes == 4 + 6 + 2


def test_the_envelope_is_around_every_fact():
    """Type, id, version, time and data, in this order."""
    assert list(envelope_fields(an_envelope()).items()) == [
        ("event_type", "workflow_run_completed"),
        ("event_id", "8c8f3b2e-0000-5000-8000-000000000000"),
        ("schema_version", "1.1"),
        ("timestamp", "2026-11-24T06:30:00Z"),
        ("data", {"repo": "octo/api", "run_id": 7}),
    ]


def test_the_time_is_utc_wherever_the_collector_runs():
    """An offset is turned into Z."""
    local = NOW.astimezone(timezone(timedelta(hours=-7)))
    assert envelope_fields(an_envelope(timestamp=local))["timestamp"] == "2026-11-24T06:30:00Z"


def test_attributes_let_readers_filter():
    """Type, repository and version."""
    assert message_attributes("workflow_job_queued", "octo/api") == {
        "event_type": "workflow_job_queued",
        "repo": "octo/api",
        "schema_version": "1.1",
    }


def test_an_encoded_envelope_keeps_what_the_queue_needs():
    """Id and group for FIFO queues, the delay for work that waits."""
    message = encode_envelope(an_envelope(), delay_seconds=60)
    assert (message.event_id, message.group) == (an_envelope().event_id, "octo/api/7")
    assert (message.attributes["event_type"], message.delay_seconds) == (
        "workflow_run_completed",
        60,
    )
    assert json.loads(message.body) == envelope_fields(an_envelope())
    assert encode_envelope(an_envelope()).delay_seconds == 0


def test_ids_are_the_same_for_ever():
    """These were published; a change would make every old fact new."""
    assert event_id("workflow_run_queued", "octo/api", 7, 1, "visit 0") == RUN_QUEUED
    assert event_id("a") != event_id("b")
    assert event_id("a", "b") != event_id("ab")


@given(st.lists(UGLY_TEXT | st.integers(), min_size=1, max_size=4))
def test_whatever_identifies_a_fact_has_an_id(parts):
    """Statuses that GitHub has not invented yet included."""
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event_id(*parts))
    assert event_id(*parts) == event_id(*parts)
