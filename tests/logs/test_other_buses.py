"""Service Bus and Pub/Sub carry the same as SQS: all of it, and large logs by their address."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from logs.rig import OpenRig, a_world
from support.blob_server import ACCOUNT, connection_string, running_blobs
from support.gcs_server import running_gcs
from support.pubsub_server import running_pubsub
from support.servicebus_server import running_servicebus

from standalone.sandbox.specs import LogSpec

IS_FULL = os.environ.get("LOG_PROOF") == "full"
ONLY_FULL = pytest.mark.skipif(not IS_FULL, reason="takes two minutes: LOG_PROOF=full proves it")

#: More than a message of each bus: 10 MB on Pub/Sub, 256 KiB on Service Bus.
LARGE_BYTES = (11 if IS_FULL else 1) << 20


def azure(opened: ExitStack, folder: Path) -> dict[str, str]:
    running = opened.enter_context(running_servicebus(folder))
    blobs = opened.enter_context(running_blobs())
    return {
        "EVENT_BUS": "servicebus",
        "SERVICEBUS_CONNECTION_STRING": running.connection_string,
        "REQUESTS_CA_BUNDLE": str(running.certificate),
        "AZURE_STORAGE_CONNECTION_STRING": connection_string(blobs),
        "LOG_BUCKET": f"{blobs}/{ACCOUNT}/logs",
    }


def google(opened: ExitStack, _folder: Path) -> dict[str, str]:
    _, address = opened.enter_context(running_pubsub())
    return {
        "EVENT_BUS": "pubsub",
        "GOOGLE_CLOUD_PROJECT": "here",
        "PUBSUB_EMULATOR_HOST": address,
        "STORAGE_EMULATOR_HOST": opened.enter_context(running_gcs()),
        "LOG_BUCKET": "gs://logs",
    }


@pytest.fixture(params=[azure, pytest.param(google, marks=ONLY_FULL)])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    with ExitStack() as opened:
        yield request.param(opened, tmp_path)


@pytest.mark.slow
def test_everything_arrives_byte_for_byte(rig: OpenRig, environment: dict[str, str]) -> None:
    """A consumer that has the vendor's library and the schemas reads every run, job and log."""
    world = a_world().run(seconds=60).job("small", log=b"hello\r\n").job("skipped", "skipped")
    world.job("large", log=LogSpec(seed="large", giant_bytes=LARGE_BYTES)).run("failure").job()
    here = rig(world, **environment)
    here.python("-m", "standalone", "setup")
    here.collect()
    assert here.read_by_example() == here.truth()
