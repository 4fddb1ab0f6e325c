"""The message bus that EVENT_BUS names."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping

from ..errors import BadSettings
from ..ports import EventBus
from ..settings import Settings


def open_bus(settings: Settings) -> EventBus:
    """Open the configured bus; nothing is connected before it is used. Raises BadSettings."""
    return _OPENERS[settings.queues.event_bus](settings)


def _open_sqs(settings: Settings) -> EventBus:
    from ..adapters.aws.bus import AwsBus

    return AwsBus(settings.aws, settings.queues)


def _open_servicebus(settings: Settings) -> EventBus:
    from ..adapters.azure.bus import ServiceBusBus

    azure = settings.azure
    if azure.servicebus_connection is None and azure.servicebus_namespace is None:
        raise BadSettings(
            ["EVENT_BUS=servicebus needs SERVICEBUS_CONNECTION_STRING or SERVICEBUS_NAMESPACE"]
        )
    for module in ("azure.servicebus", "azure.identity", "azure.storage.blob"):
        _require(module, bus="servicebus", extra="azure")
    return ServiceBusBus(azure, settings.queues)


def _open_pubsub(settings: Settings) -> EventBus:
    from ..adapters.gcp.bus import PubsubBus

    project = settings.queues.google_project
    if project is None:
        raise BadSettings(["GOOGLE_CLOUD_PROJECT is not set, and EVENT_BUS=pubsub needs it"])
    for module in ("google.pubsub_v1", "google.cloud.storage"):
        _require(module, bus="pubsub", extra="gcp")
    return PubsubBus(project, settings.queues)


def _require(module: str, *, bus: str, extra: str) -> None:
    """Raise BadSettings if the packages of a bus are not installed."""
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise BadSettings(
            [f"EVENT_BUS={bus} needs packages that are missing: pip install 'runstream[{extra}]'"]
        ) from error


_OPENERS: Mapping[str, Callable[[Settings], EventBus]] = {
    "sqs": _open_sqs,
    "servicebus": _open_servicebus,
    "pubsub": _open_pubsub,
}
