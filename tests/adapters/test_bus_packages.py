"""A bus whose packages are not installed."""

from __future__ import annotations

import sys

import pytest
from ingest.bootstrap.buses import open_bus
from ingest.errors import BadSettings
from ingest.settings import AzureSettings, QueueSettings, Settings


@pytest.mark.parametrize(
    ("bus", "package", "extra"),
    [
        ("servicebus", "azure.servicebus", "azure"),
        ("servicebus", "azure.storage.blob", "azure"),
        ("pubsub", "google.pubsub_v1", "gcp"),
        ("pubsub", "google.cloud.storage", "gcp"),
    ],
)
def test_the_command_that_installs_them_is_named(
    monkeypatch: pytest.MonkeyPatch, bus: str, package: str, extra: str
):
    """It is the extra of that bus alone."""
    monkeypatch.setitem(sys.modules, package, None)
    settings = Settings(
        queues=QueueSettings(event_bus=bus, google_project="here"),
        azure=AzureSettings(servicebus_namespace="here"),
    )
    with pytest.raises(BadSettings, match=rf"pip install 'runstream\[{extra}\]'"):
        open_bus(settings)
