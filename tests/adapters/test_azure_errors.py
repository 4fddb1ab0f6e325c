"""What Azure's libraries report where no request arrives, and how it is reported."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import uuid4

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError
from azure.servicebus._pyamqp.error import AMQPConnectionError, AMQPError, AMQPLinkError
from azure.servicebus._transport._pyamqp_transport import PyamqpTransport
from ingest.adapters.azure.bus import ServiceBusBus
from ingest.adapters.azure.errors import NETWORK_REMEDY, translate_azure_errors
from ingest.domain.clock_errors import CLOCK_REMEDY
from ingest.domain.counters import Counters
from ingest.domain.error_causes import without_ids
from ingest.errors import AccessDenied, BadSettings, QueueUnavailable
from ingest.settings import AzureSettings, QueueSettings, Secret


@pytest.fixture
def bus(request: pytest.FixtureRequest) -> Iterator[ServiceBusBus]:
    """Open a bus whose servers are at the parameter, where nobody answers."""
    key = f"SharedAccessKeyName=R;SharedAccessKey={uuid4().hex}"
    storage = f"AccountName=a;AccountKey={uuid4().hex};BlobEndpoint=https://{request.param}/a"
    azure = AzureSettings(
        servicebus_connection=Secret(f"Endpoint=sb://{request.param};{key}"),
        storage_connection=Secret(f"DefaultEndpointsProtocol=https;{storage}"),
    )
    queues = QueueSettings(
        metrics_queue="m",
        logs_queue="l",
        job_events_queue="w",
        log_bucket=f"https://{request.param}/a/logs",
    )
    with closing(ServiceBusBus(azure, queues)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("ask", "subject"),
    [
        (lambda bus: bus.depth("m"), "Queue m"),
        (lambda bus: bus.open_work_queue("w", Counters()).receive(1, wait_seconds=1), "Queue w"),
        (lambda bus: bus.open_blobs().create_if_missing(), "Container {}"),
    ],
)
@pytest.mark.parametrize(
    ("bus", "reason"),
    [("127.0.0.1:1", "Connection refused"), ("nowhere.invalid", "Name or service not known")],
    indirect=["bus"],
)
def test_an_unreachable_service_is_one_sentence_with_its_remedy(
    bus: ServiceBusBus, ask: Callable[[ServiceBusBus], object], subject: str, reason: str
):
    """The reason of the system remains of what the libraries quote: calls, addresses, codes."""
    with pytest.raises(QueueUnavailable) as raised:
        ask(bus)
    name = subject.format(bus._queues.log_bucket)
    assert str(raised.value) == f"{name} cannot be reached: {reason}."
    assert raised.value.remedy == NETWORK_REMEDY


_OF_TLS = "[SSL: CERTIFICATE_VERIFY_FAILED] {} (_ssl.c:1006)"
_OF_URLLIB3 = "HTTPSConnection(host='10.9.9.9', port=443): {}"


@pytest.mark.parametrize(
    ("words", "reason", "remedy"),
    [
        (_OF_TLS, "certificate verify failed: self-signed certificate", NETWORK_REMEDY),
        (_OF_TLS, "certificate verify failed: certificate is not yet valid", CLOCK_REMEDY),
        (_OF_URLLIB3, "Connection to 10.9.9.9 timed out. (timeout=30)", NETWORK_REMEDY),
    ],
)
def test_what_remains_of_a_failed_connection_is_its_reason(words: str, reason: str, remedy: str):
    with pytest.raises(QueueUnavailable) as raised, translate_azure_errors("Queue m"):
        raise ServiceRequestError(words.format(reason))
    assert str(raised.value) == f"Queue m cannot be reached: {reason}."
    assert raised.value.remedy == remedy


def test_two_answers_of_a_busy_storage_are_one_error_for_people() -> None:
    """Storage adds an id, which is left out there, and the time of the answer."""
    found = set()
    for second in (1, 2):
        text = f"Server busy.\nRequestId:{uuid4()}\nTime:2026-11-30T15:01:0{second}.5Z"
        with pytest.raises(QueueUnavailable) as raised, translate_azure_errors("Container c"):
            raise HttpResponseError(f"{text}\nErrorCode:ServerBusy")
        found.add(without_ids(str(raised.value)))
    assert found == {
        "Container c cannot be used now: Server busy. RequestId:… ErrorCode:ServerBusy."
    }


@pytest.mark.parametrize(
    ("kind", "condition", "error"),
    [
        (AMQPLinkError, b"com.microsoft:server-busy", QueueUnavailable),
        (AMQPConnectionError, b"amqp:connection:forced", QueueUnavailable),
        (AMQPLinkError, b"amqp:unauthorized-access", AccessDenied),
    ],
)
@pytest.mark.parametrize("make_id", [lambda: uuid4().hex, uuid4])
def test_two_answers_of_service_bus_are_one_error_for_people(
    kind: type[AMQPError], condition: bytes, error: type[Exception], make_id: Callable[[], object]
) -> None:
    """It adds an id with the parts of its cluster, a server, and the time."""
    found = set()
    for number in (1, 2):
        text = (
            f"No. TrackingId:{make_id()}_G{number}_B3{number}, SystemTracker:gateway{number}, "
            f"Timestamp:2026-11-30T15:01:0{number}"
        )
        amqp = kind(condition, description=text)
        with pytest.raises(error) as raised, translate_azure_errors("Queue m"):
            raise PyamqpTransport.create_servicebus_exception(logging.getLogger(), amqp)
        found.add(without_ids(str(raised.value)))
    assert len(found) == 1
    assert "No. TrackingId:…" in found.pop()


def test_the_connection_string_of_one_queue_is_named_as_such() -> None:
    """Its key is refused by the other queues."""
    given = "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=R;SharedAccessKey=c2VjcmV0"
    azure = AzureSettings(servicebus_connection=Secret(f"{given};EntityPath=m"))
    refuses = pytest.raises(BadSettings, match="that of 'm' alone")
    with closing(ServiceBusBus(azure, QueueSettings())) as bus, refuses as refused:
        bus.open_publisher("l", Counters())
    assert "c2VjcmV0" not in str(refused.value)


def test_a_container_in_another_account_than_the_connection_string_is_a_fault():
    """Logs went to a container of that name, if there was one, and messages named the other."""
    connection = "DefaultEndpointsProtocol=https;AccountName=octo;AccountKey=c2VjcmV0"
    azure = AzureSettings(
        storage_connection=Secret(f"{connection};EndpointSuffix=core.windows.net")
    )
    queues = QueueSettings(log_bucket="https://acme.blob.core.windows.net/logs")
    fault = (
        "LOG_BUCKET is at acme.blob.core.windows.net, but AZURE_STORAGE_CONNECTION_STRING at octo"
    )
    with closing(ServiceBusBus(azure, queues)) as bus, pytest.raises(BadSettings, match=fault):
        bus.open_blobs()
