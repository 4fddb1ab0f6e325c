"""Consumers of an older minor version read the messages of a newer one, and the reverse."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.message_examples import example_messages
from support.message_schemas import (
    OF_1_0,
    OPEN_1_0,
    PUBLISHED,
    Messages,
    open_schemas,
    strict_schemas,
)

NAMES = sorted(PUBLISHED.keys() - {"envelope"})
OBJECTS = [name for name in NAMES if name != "claim_check"]

READER_OF_1_0 = Messages(OPEN_1_0)
READER_OF_TODAY = Messages(PUBLISHED)


def example(name: str) -> Any:
    return json.loads(example_messages()[name].body)


def with_unknown_fields(value: Any) -> Any:
    """Add a field to every object."""
    if isinstance(value, list):
        return [with_unknown_fields(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {**{name: with_unknown_fields(part) for name, part in value.items()}, "new": [{}]}


def only_fields_of(schema: Any, value: Any) -> Any:
    """Return what a schema declares of a document."""
    if isinstance(value, list):
        return [only_fields_of(schema.get("items", {}), item) for item in value]
    if not isinstance(value, dict):
        return value
    fields = {**schema.get("properties", {})}
    if schema.get("$ref") == "envelope.json":
        fields = {**OF_1_0["envelope"]["properties"], **fields}
    return {name: only_fields_of(fields[name], value[name]) for name in value if name in fields}


def fields_in(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Name every field that a schema declares, by its path."""
    for name, field in schema.get("properties", {}).items():
        yield f"{path}.{name}", field
        yield from fields_in(field, f"{path}.{name}")
        yield from fields_in(field.get("items", {}), f"{path}.{name}[]")


@pytest.mark.parametrize("name", sorted(OPEN_1_0.keys() - {"envelope"}))
def test_a_consumer_of_1_0_reads_the_messages_of_today(name: str) -> None:
    """Every field of 1.0 is there, with the same types and forms."""
    assert READER_OF_1_0.faults(name, example(name)) == []


def test_the_schemas_of_1_0_are_published_open() -> None:
    """What 0.1 published, but that it no longer forbids what a minor version adds."""
    for_consumers = {name: OF_1_0[name] for name in OF_1_0 if not name.endswith("_due")}
    assert open_schemas(for_consumers) == OPEN_1_0


@pytest.mark.parametrize("name", OBJECTS)
def test_the_fields_of_1_0_are_all_that_a_strict_consumer_of_1_0_needs(name: str) -> None:
    """A consumer that drops what it does not know is left with a message of 1.0."""
    message = only_fields_of(OF_1_0[name], example(name))
    assert Messages(OF_1_0).faults(name, message) == []


@pytest.mark.parametrize("name", OBJECTS)
def test_a_message_of_1_0_is_read_today(name: str) -> None:
    """Messages stay on a queue for days; what 1.1 added is not required of them."""
    message = only_fields_of(OF_1_0[name], example(name)) | {"schema_version": "1.0"}
    assert READER_OF_TODAY.faults(name, message) == []


#: Null on the buses that 1.0 did not have; on SQS it is always a string.
NEWLY_NULL = {("job_log_fetched", ".data.log_content")}


@pytest.mark.parametrize("name", NAMES)
def test_no_field_of_1_0_was_removed_or_changed_its_type(name: str) -> None:
    """Both directions hold for every message, not for the examples alone."""
    today = dict(fields_in(PUBLISHED[name]))
    for path, field in fields_in(OF_1_0[name]):
        expected = field.get("type")
        if (name, path) in NEWLY_NULL:
            expected = [expected, "null"]
        assert today[path].get("type") == expected, path
        assert set(today[path].get("required", ())) == set(field.get("required", ())), path


@pytest.mark.parametrize("name", OBJECTS)
def test_a_consumer_of_today_reads_a_later_minor_version(name: str) -> None:
    """Unknown fields are accepted at every depth."""
    later = {**with_unknown_fields(example(name)), "schema_version": "1.12"}
    assert READER_OF_TODAY.faults(name, later) == []
    assert Messages(strict_schemas(PUBLISHED)).faults(name, later) != []


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("workflow_run", ("data", "status")),
        ("workflow_run", ("data", "conclusion")),
        ("workflow_run", ("data", "event")),
        ("workflow_run", ("data", "jobs", 0, "status")),
        ("workflow_run", ("data", "jobs", 0, "steps", 0, "conclusion")),
        ("workflow_job", ("data", "conclusion")),
        ("job_log_fetched", ("data", "log_encoding")),
        ("job_log_unavailable", ("data", "reason")),
    ],
)
def test_a_consumer_of_today_reads_unknown_values(name: str, path: tuple[Any, ...]) -> None:
    """GitHub adds words without notice, and so may Runstream."""
    later = copy.deepcopy(example(name))
    *way, last = path
    place = later
    for part in way:
        place = place[part]
    place[last] = "not_known_yet"
    assert READER_OF_TODAY.faults(name, later) == []


def test_an_unknown_event_type_is_an_envelope() -> None:
    """A consumer recognizes the form, and can ignore the content."""
    later = {**example("workflow_run"), "event_type": "deployment_completed", "data": {"id": 1}}
    assert READER_OF_TODAY.faults("envelope", later) == []


def test_another_major_version_is_rejected() -> None:
    """Nothing is known of its fields."""
    other = {**example("workflow_run"), "schema_version": "2.0"}
    assert READER_OF_TODAY.faults("workflow_run", other) != []


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_published_schema_is_open(name: str) -> None:
    """Only the type of an event and the format of AWS's pointers are fixed."""
    text = json.dumps(PUBLISHED[name])
    for keyword in ("additionalProperties", "unevaluatedProperties", "enum"):
        assert f'"{keyword}"' not in text
