"""The message bus that EVENT_BUS names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..ports import EventBus
from ..settings import Settings
from .access import aws_access


def open_bus(settings: Settings) -> EventBus:
    """Open the configured bus; nothing is connected before it is used. Raises BadSettings."""
    return _BUSES[settings.queues.event_bus](settings)


def _open_sqs(settings: Settings) -> EventBus:
    from ..adapters.aws.bus import AwsBus

    return AwsBus(aws_access(settings.aws), settings.queues)


_BUSES: Mapping[str, Callable[[Settings], EventBus]] = {"sqs": _open_sqs}
