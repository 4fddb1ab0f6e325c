"""With MESSAGE_FORMAT=cloudevents the official SDK reads every message; the data stays the same."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.formats.json import JSONFormat
from ingest.errors import BadSettings
from ingest.messaging.claim_check import BlobReference, pointer_message
from ingest.messaging.encoding import QueueMessage, encode_envelope
from ingest.messaging.envelope import Envelope
from ingest.messaging.log_events import (
    LogMetadata,
    log_envelope,
    log_parts,
    log_payload,
    log_unavailable_message,
)
from ingest.messaging.log_payload_reader import read_log_payload
from ingest.messaging.run_events import job_envelope
from ingest.messaging.truncation import encode_to_fit
from ingest.settings import read_settings
from support.builders import a_commit, a_job, a_run, envelope_of_run
from support.message_examples import NOW, an_absence, log_metadata

ROOT = "https://github.com"
KEY = a_run().key
LOG = b"first\nsecond \x1b[31m\n" * 200


def read(body: str | bytes) -> BaseCloudEvent:
    return JSONFormat().read(None, body)


def a_log() -> LogMetadata:
    return replace(log_metadata(LOG, key=KEY), cloudevents_source_root=ROOT)


def open_log() -> io.BytesIO:
    return io.BytesIO(LOG)


RUN = envelope_of_run(a_run(), [a_job()], a_commit(), occurrence=0, now=NOW)
JOB = job_envelope(KEY, a_job(), timestamp=NOW)


@pytest.mark.parametrize(
    ("own", "subject"),
    [
        (RUN, "runs/12000000001/attempts/1"),
        (JOB, "runs/12000000001/attempts/1/jobs/70000000001"),
    ],
)
def test_a_fact_is_a_cloudevent_with_the_same_id_and_data(own: Envelope, subject: str) -> None:
    """Consumers of both formats recognize the same fact."""
    message = encode_envelope(replace(own, cloudevents_source_root=ROOT))
    event = read(message.body)
    assert event.get_id() == own.event_id == message.event_id
    assert event.get_source() == "https://github.com/octo/api"
    assert event.get_type() == f"runstream.{own.event_type}"
    assert event.get_subject() == subject
    assert event.get_time() == NOW
    assert event.get_specversion() == "1.0"
    assert event.get_datacontenttype() == "application/json"
    assert event.get_extension("partitionkey") == message.group
    assert event.get_extension("schemaversion") == "1.1"
    assert event.get_data() == json.loads(encode_envelope(own).body)["data"]


def attributes_of(event: BaseCloudEvent) -> dict[str, str]:
    time = event.get_attributes()["time"].strftime("%Y-%m-%dT%H:%M:%SZ")
    attributes = {**event.get_attributes(), "time": time}
    names = ("specversion", "id", "source", "type", "time", "subject")
    return {f"ce-{name}": attributes[name] for name in names}


def every_message() -> list[QueueMessage]:
    absence = replace(an_absence(KEY, "build", "expired"), cloudevents_source_root=ROOT)
    return [
        encode_envelope(replace(RUN, cloudevents_source_root=ROOT)),
        encode_envelope(replace(JOB, cloudevents_source_root=ROOT)),
        *log_parts(a_log(), open_log, 1 << 20),
        log_unavailable_message(absence, max_bytes=10**6),
    ]


@pytest.mark.parametrize(
    "message", every_message(), ids=lambda message: message.attributes["event_type"]
)
def test_the_attributes_repeat_those_of_the_event(message: QueueMessage) -> None:
    """Next to those of Runstream, so that every filter goes on working."""
    own = {"event_type", "repo", "schema_version"}
    expected = attributes_of(read(message.body))
    assert {
        name: value for name, value in message.attributes.items() if name not in own
    } == expected
    assert message.attributes["ce-type"] == f"runstream.{message.attributes['event_type']}"


def test_sqs_accepts_the_attributes_of_a_claim_check() -> None:
    """It has room for ten; the extended client reserves one."""
    message = pointer_message(
        log_envelope(a_log()), BlobReference("bucket", "key"), payload_bytes=4
    )
    assert len(message.attributes) == 10
    assert "ce-id" in message.attributes


@pytest.mark.parametrize("limit", [1 << 20, 2000])
def test_parts_of_a_log_are_cloudevents(limit: int) -> None:
    """They fit the queue with their attributes, and join byte for byte."""
    messages = list(log_parts(a_log(), open_log, limit))
    assert all(message.size_bytes <= limit for message in messages)
    data = [read(message.body).get_data() for message in messages]
    assert "".join(each["log_content"] for each in data).encode() == LOG  # type: ignore[index]
    assert len({message.event_id for message in messages}) == len(messages)


def test_the_object_of_a_claim_check_is_a_cloudevent() -> None:
    """Runstream's own pages read the log from it, too."""
    chunks = list(log_payload(a_log(), open_log))
    event = read(b"".join(chunks))
    assert event.get_type() == "runstream.job_log_fetched"
    assert b"".join(read_log_payload(chunks).content) == LOG


def test_a_cloudevent_that_does_not_fit_is_cut_like_any_message() -> None:
    """Its envelope and attributes count as well."""
    jobs = [a_job(job_id=number) for number in range(1, 40)]
    envelope = envelope_of_run(a_run(), jobs, a_commit(), occurrence=0, now=NOW)
    message = encode_to_fit(replace(envelope, cloudevents_source_root=ROOT), max_bytes=20_000)
    assert message.size_bytes <= 20_000
    assert "truncated" in read(message.body).get_data()  # type: ignore[operator]


def test_the_sources_are_repositories_of_the_configured_github() -> None:
    """A GitHub Enterprise Server has an address of its own; other formats have none."""
    assert read_settings({}.get).cloudevents_source_root is None
    chosen = {"MESSAGE_FORMAT": "cloudevents"}
    assert read_settings(chosen.get).cloudevents_source_root == "https://github.com"
    chosen["GITHUB_API_URL"] = "https://ghe.example.com/api/v3"
    assert read_settings(chosen.get).cloudevents_source_root == "https://ghe.example.com"
    with pytest.raises(BadSettings, match="MESSAGE_FORMAT"):
        read_settings({"MESSAGE_FORMAT": "avro"}.get)
