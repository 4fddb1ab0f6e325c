"""The links of the AsyncAPI document work, and it describes the queues as they are created."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ingest.adapters.aws import provision
from ingest.messaging.encoding import message_attributes
from ingest.ports.queues import MAX_RECEIVES

DOCS = Path(__file__).parents[2] / "docs"


def references_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from references_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from references_in(part)


@cache
def asyncapi() -> dict[str, Any]:
    return yaml.safe_load((DOCS / "asyncapi.yaml").read_text())


def resolve(reference: str) -> Any:
    if not reference.startswith("#/"):
        return json.loads((DOCS / reference).read_text())
    value = asyncapi()
    for name in reference.removeprefix("#/").split("/"):
        value = value[name]
    return value


def test_every_reference_of_the_asyncapi_document_resolves() -> None:
    """Nothing in it leads nowhere."""
    assert all(resolve(reference) for reference in references_in(asyncapi()))


def test_the_asyncapi_document_names_every_message_and_queue() -> None:
    """Three queues, and each published schema on exactly one of them."""
    channels = asyncapi()["channels"]
    assert {channel["address"] for channel in channels.values()} == {
        "ci_cd_metrics_queue",
        "ci_cd_logs_queue",
        "ci_cd_job_events_queue",
    }
    schemas = [
        Path(resolve(message["$ref"])["payload"]["schema"]["$ref"]).stem
        for channel in channels.values()
        for message in channel["messages"].values()
    ]
    assert sorted(schemas) == sorted(
        path.stem for path in (DOCS / "schemas").glob("*.json") if path.stem != "envelope"
    )


def test_the_asyncapi_document_reports_of_the_queues_that_setup_makes() -> None:
    """Retention, waiting and tries are those of the code."""
    for channel in asyncapi()["channels"].values():
        queue, dead = (channel["bindings"]["sqs"][part] for part in ("queue", "deadLetterQueue"))
        assert queue["name"] == channel["address"]
        assert queue["messageRetentionPeriod"] == provision.RETENTION_SECONDS
        assert queue["receiveMessageWaitTime"] == provision.LONG_POLL_SECONDS
        assert queue["redrivePolicy"]["maxReceiveCount"] == MAX_RECEIVES
        assert dead["messageRetentionPeriod"] == provision.DEAD_LETTER_RETENTION_SECONDS
        assert dead["name"] == provision.dead_letter_name(queue["name"])


def test_the_attributes_of_messages_are_published() -> None:
    """Readers know by what they can filter."""
    published = asyncapi()["components"]["messageTraits"]["attributes"]["headers"]
    attributes = message_attributes("workflow_run_completed", "octo/api")
    assert set(attributes) == set(published["required"]) == set(published["properties"])
