"""A receiver of CloudEvents recognizes the events of each bus by the bus's own binding."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cloudevents.core.bindings.amqp import AMQPMessage, from_amqp_event
from cloudevents.core.formats.json import JSONFormat
from ingest.adapters.azure.bus import ServiceBusBus
from ingest.adapters.gcp.bus import PubsubBus
from ingest.domain.counters import Counters
from ingest.messaging.encoding import encode_envelope
from ingest.messaging.run_events import job_envelope
from ingest.settings import AzureSettings, QueueSettings, Secret
from support.builders import a_job, a_run
from support.message_examples import NOW
from support.pubsub_server import running_pubsub
from support.servicebus_server import running_servicebus

OWN = job_envelope(a_run().key, a_job(), timestamp=NOW)
EVENT = replace(OWN, cloudevents_source_root="https://github.com")


def test_on_service_bus_the_content_type_names_the_event(tmp_path: Path) -> None:
    """The official SDK selects the mode by it, as the binding of AMQP says."""
    with running_servicebus(tmp_path) as running:
        azure = AzureSettings(servicebus_connection=Secret(running.connection_string))
        running.server.create("m")
        with closing(ServiceBusBus(azure, QueueSettings())) as bus:
            queue = bus.open_work_queue("m", Counters())
            assert queue.send([encode_envelope(EVENT), encode_envelope(OWN)]) == ()
            found = [
                each.receipt_handle
                for _ in range(2)
                for each in queue.receive(max_messages=1, wait_seconds=5)
            ]
            assert found[1].content_type == "application/json"
            message = AMQPMessage(
                properties={"content-type": found[0].content_type},
                application_properties={},
                application_data=b"".join(found[0].body),
            )
    event = from_amqp_event(message)
    assert (event.get_id(), event.get_type()) == (OWN.event_id, "runstream.workflow_job_completed")


def test_on_pubsub_an_attribute_names_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's binding selects the mode by ``content-type``; other messages lack it."""
    with running_pubsub() as (server, address):
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
        settings = QueueSettings(metrics_queue="m", logs_queue="l", job_events_queue="w")
        with closing(PubsubBus("here", settings)) as bus:
            list(bus.set_up())
            publisher = bus.open_publisher("m", Counters())
            assert publisher.send([encode_envelope(EVENT), encode_envelope(OWN)]) == ()
            event, own = server.messages("projects/here/subscriptions/m")
    assert event.attributes["content-type"].startswith("application/cloudevents+json")
    assert event.attributes["ce-id"] == JSONFormat().read(None, event.data).get_id() == OWN.event_id
    assert "content-type" not in own.attributes
