"""What is published as the messages' schemas is what is sent, no more and no less."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.commits import Commit
from ingest.domain.jobs import Job
from ingest.domain.runs import AttemptKey, WorkflowRun
from ingest.messaging.encoding import QueueMessage, encode_envelope
from ingest.messaging.log_events import (
    log_parts,
    log_unavailable_message,
)
from ingest.messaging.log_work import WorkItemJob, attempt_work_message, job_work_message
from ingest.messaging.run_events import job_envelope
from jsonschema import Draft202012Validator
from support.builders import envelope_of_run
from support.message_examples import an_absence, example_messages, log_metadata
from support.message_schemas import (
    OPEN_1_0,
    OPTIONAL_FIELDS,
    OPTIONAL_OF_LOGS,
    PUBLISHED,
    Messages,
    strict_schemas,
)
from support.strategies import COMMITS, JOBS, RUNS, UGLY_TEXT, moments

STRICT = Messages(strict_schemas(PUBLISHED))
READER_OF_1_0 = Messages(OPEN_1_0)
NOW = datetime(2026, 11, 24, 6, 30, tzinfo=timezone.utc)

IDS = st.integers(min_value=1, max_value=2**53)
TIMES = st.none() | moments()
KEYS = st.builds(AttemptKey, st.just("octo/api"), IDS, IDS)
DUE_LOGS = st.builds(
    WorkItemJob,
    job_id=IDS,
    job_name=UGLY_TEXT,
    conclusion=st.none() | UGLY_TEXT,
    completed_at=TIMES,
    never_started=st.booleans(),
)
REASONS = ["never_existed", "expired", "not_found"]


def faults_of(name: str, document: object) -> list[str]:
    return STRICT.faults(name, document)


def assert_valid(name: str, message: QueueMessage) -> None:
    document = json.loads(message.body)
    assert faults_of(name, document) == []
    assert faults_of("envelope", document) == []
    if name in OPEN_1_0:
        assert READER_OF_1_0.faults(name, document) == []


@given(RUNS, st.lists(JOBS, max_size=2), st.none() | COMMITS, st.integers(0, 3))
def test_run_messages_are_as_published(
    run: WorkflowRun, jobs: list[Job], commit: Commit | None, occurrence: int
) -> None:
    """Whatever GitHub leaves out or invents."""
    envelope = envelope_of_run(run, jobs, commit, occurrence=occurrence, now=NOW)
    assert_valid("workflow_run", encode_envelope(envelope))


@given(KEYS, JOBS)
def test_job_messages_are_as_published(key: AttemptKey, job: Job) -> None:
    """A job alone has the same fields as nested, and its attempt's key."""
    assert_valid("workflow_job", encode_envelope(job_envelope(key, job, timestamp=NOW)))


@given(KEYS, st.binary(max_size=500) | st.text(max_size=500).map(str.encode), UGLY_TEXT)
def test_log_messages_are_as_published(key: AttemptKey, log: bytes, job_name: str) -> None:
    """Whole logs and parts, text and bytes."""
    metadata = log_metadata(log, job_name, key=key)
    for limit in (1 << 20, 1100):
        for message in log_parts(metadata, lambda: io.BytesIO(log), limit):
            assert_valid("job_log_fetched", message)


@given(KEYS, UGLY_TEXT, st.sampled_from(REASONS))
def test_messages_of_missing_logs_are_as_published(
    key: AttemptKey, job_name: str, reason: str
) -> None:
    """Every reason is documented."""
    message = log_unavailable_message(an_absence(key, job_name, reason), max_bytes=10**6)
    assert_valid("job_log_unavailable", message)


@given(KEYS, st.lists(DUE_LOGS, min_size=1, max_size=3), st.integers(0, 60))
def test_work_is_as_published(key: AttemptKey, logs: list[WorkItemJob], tries: int) -> None:
    """What the agents send each other is written down too."""
    assert_valid("job_log_due", job_work_message(key, logs[0], now=NOW, tries=tries))
    assert_valid("attempt_logs_due", attempt_work_message(key, logs, now=NOW, tries=tries))


@pytest.mark.parametrize("omission", ["steps_omitted", "jobs_omitted"])
def test_a_shortened_run_reports_it(omission: str) -> None:
    """A run too large for its queue names what was left out."""
    document = json.loads(example_messages()["workflow_run"].body)
    document["data"][omission] = True
    assert faults_of("workflow_run", document) == []
    document["data"][omission] = "yes"
    assert faults_of("workflow_run", document) != []


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Name every field of a document, the first item standing for a list."""
    fields = value.items() if isinstance(value, dict) else enumerate(value[:1])
    for name, field in fields:
        yield (*path, name)
        if isinstance(field, (dict, list)):
            yield from paths_in(field, (*path, name))


def place_of(document: Any, path: tuple[Any, ...]) -> Any:
    for name in path[:-1]:
        document = document[name]
    return document


CASES = [
    pytest.param(name, path, id=f"{name}: {'.'.join(map(str, path))}")
    for name, message in example_messages().items()
    for path in paths_in(json.loads(message.body))
]


@pytest.mark.parametrize(("name", "path"), CASES)
def test_a_missing_or_mistyped_field_is_refused(name: str, path: tuple[Any, ...]) -> None:
    """Only what other parts of a log lack can be left out, and nothing is of another type."""
    document = json.loads(example_messages()[name].body)
    mistyped = copy.deepcopy(document)
    place_of(mistyped, path)[path[-1]] = {"un": "expected"}
    assert faults_of(name, mistyped) != []
    of_logs = OPTIONAL_OF_LOGS if name == "job_log_fetched" else frozenset()
    if isinstance(path[-1], str) and path[-1] not in OPTIONAL_FIELDS | of_logs:
        del place_of(document, path)[path[-1]]
        assert faults_of(name, document) != []


@pytest.mark.parametrize(
    ("name", "path"), [case for case in CASES if case.values[0] != "claim_check"]
)
def test_a_field_that_is_not_published_is_refused(name: str, path: tuple[Any, ...]) -> None:
    """Neither envelope nor data, nor anything nested, grows unnoticed."""
    document = json.loads(example_messages()[name].body)
    place = place_of(document, path)
    if isinstance(place, dict):
        place["surprise"] = 1
        assert faults_of(name, document) != []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("timestamp",), "2026-11-24T06:30:00+00:00"),
        (("timestamp",), "2026-11-24 06:30:00Z"),
        (("timestamp",), "2026-13-24T06:30:00Z"),
        (("event_id",), "7"),
        (("event_type",), "workflow_job_completed"),
        (("schema_version",), "2.0"),
        (("data", "repo"), "octo"),
        (("data", "run_id"), 0),
        (("data", "run_id"), "7"),
        (("data", "run_attempt"), 1.5),
        (("data", "duration_seconds"), -1),
        (("data", "completed_at"), ""),
        (("data", "code_metrics", "additions"), -1),
    ],
)
def test_a_wrong_value_is_refused(path: tuple[str, ...], value: object) -> None:
    """Times are UTC with Z, durations are not negative, ids are numbers."""
    document = json.loads(example_messages()["workflow_run"].body)
    place_of(document, path)[path[-1]] = value
    assert faults_of("workflow_run", document) != []


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_schema_is_one(name: str) -> None:
    """Every file is a JSON Schema of 2020-12 itself."""
    Draft202012Validator.check_schema(PUBLISHED[name])
    assert PUBLISHED[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert PUBLISHED[name]["$id"] == f"{name}.json"


def subschemas(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for part in schema.values():
            yield from subschemas(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from subschemas(part)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_every_field_is_described_and_null_is_explained(name: str) -> None:
    """A reader never has to guess what a field or its absence means."""
    for field, schema in subschemas(PUBLISHED[name]):
        assert schema.get("description"), field
        assert ("Null:" in schema["description"]) == ("null" in schema.get("type", ())), field


def test_attributes_are_the_same_on_every_message() -> None:
    """Readers filter all queues alike; only a claim check has one attribute more."""
    for name, message in example_messages().items():
        more = {"ExtendedPayloadSize"} if name == "claim_check" else set()
        assert set(message.attributes) == {"event_type", "repo", "schema_version"} | more


def test_a_log_elsewhere_is_as_published() -> None:
    """Its content is null, and then its address is there."""
    envelope = json.loads(example_messages()["job_log_fetched"].body)
    data = {**envelope["data"], "log_content": None}
    elsewhere = {**envelope, "data": {**data, "content_url": "gs://logs/octo/api/9.txt"}}
    published = Messages(PUBLISHED)
    assert published.faults("job_log_fetched", elsewhere) == []
    assert published.faults("job_log_fetched", {**envelope, "data": data}) != []
