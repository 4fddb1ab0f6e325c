"""Service Bus and Pub/Sub carry the same as SQS: all of it, and large logs by their address."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from logs.rig import OpenRig, Rig, a_world
from support.blob_server import ACCOUNT, connection_string, running_blobs
from support.gcs_server import running_gcs
from support.pubsub_server import running_pubsub
from support.servicebus_server import running_servicebus

from standalone.sandbox.specs import LogSpec

IS_FULL = os.environ.get("LOG_PROOF") == "full"
ONLY_FULL = pytest.mark.skipif(not IS_FULL, reason="takes minutes: make test-killed")

#: More than a message of each bus: 10 MB on Pub/Sub, 256 KiB on Service Bus.
LARGE_BYTES = (11 if IS_FULL else 1) << 20

RUNS = 8

EXAMPLES = Path(__file__).parents[2] / "examples"

#: Prints the messages of queues, one a line, and removes them.
READ = """
import json, sys
from buses import BUSES
bus = BUSES[sys.argv[1]]()
for name in sys.argv[2:]:
    while messages := list(bus.receive(name, 10, 2)):
        for body, remove in messages:
            print(json.dumps(body))
            remove()
"""

SUBSCRIPTION = "projects/here/subscriptions/{}"


@dataclass(frozen=True)
class Bus:
    """The settings that select a bus, and how to shorten the lock of a queue's messages."""

    settings: dict[str, str]
    shorten_lock: Callable[[str], None]


def azure(opened: ExitStack, folder: Path) -> Bus:
    running = opened.enter_context(running_servicebus(folder))
    blobs = opened.enter_context(running_blobs())
    settings = {
        "EVENT_BUS": "servicebus",
        "SERVICEBUS_CONNECTION_STRING": running.connection_string,
        "REQUESTS_CA_BUNDLE": str(running.certificate),
        "AZURE_STORAGE_CONNECTION_STRING": connection_string(blobs),
        "LOG_BUCKET": f"{blobs}/{ACCOUNT}/logs",
    }

    def shorten_lock(queue: str) -> None:
        running.server.queues[queue].lock_seconds = 5

    return Bus(settings, shorten_lock)


def google(opened: ExitStack, _folder: Path) -> Bus:
    server, address = opened.enter_context(running_pubsub())
    settings = {
        "EVENT_BUS": "pubsub",
        "GOOGLE_CLOUD_PROJECT": "here",
        "PUBSUB_EMULATOR_HOST": address,
        "STORAGE_EMULATOR_HOST": opened.enter_context(running_gcs()),
        "LOG_BUCKET": "gs://logs",
    }
    return Bus(settings, lambda queue: server.change_deadline(SUBSCRIPTION.format(queue), 10))


def open_bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bus]:
    with ExitStack() as opened:
        yield request.param(opened, tmp_path)


bus = pytest.fixture(params=[azure, pytest.param(google, marks=ONLY_FULL)])(open_bus)
any_bus = pytest.fixture(params=[azure, google])(open_bus)


@pytest.mark.slow
def test_everything_arrives_byte_for_byte(rig: OpenRig, bus: Bus) -> None:
    """A consumer that has the vendor's library and the schemas reads every run, job and log."""
    world = a_world().run(seconds=60).job("small", log=b"hello\r\n").job("skipped", "skipped")
    world.job("large", log=LogSpec(seed="large", giant_bytes=LARGE_BYTES)).run("failure").job()
    here = rig(world, **bus.settings)
    here.python("-m", "standalone", "setup")
    here.collect()
    assert here.read_by_example() == here.truth()


@pytest.mark.slow
def test_an_agent_reads_the_failing_step_alone(rig: OpenRig, bus: Bus) -> None:
    """The message of a stored log says where the step is, so that one range is sufficient."""
    lines = 140_000 if IS_FULL else 12_000
    world = a_world().run("failure", seconds=600)
    world.job("large", "failure", log=LogSpec(seed="large", lines_per_step=lines))
    here = rig(world, **bus.settings)
    here.python("-m", "standalone", "setup")
    here.collect()
    (found,) = map(json.loads, here.python(str(EXAMPLES / "read_failures.py")).splitlines())
    assert found["step"] == "Run tests"
    assert found["line"].endswith("##[error]Process completed with exit code 1.")
    assert found["line_number"] > lines
    assert found["annotations"]


def take(here: Rig, *queues: str) -> dict[str, dict[str, Any]]:
    """Receive the messages of queues by their ids."""
    name = here.environment["EVENT_BUS"]
    paths = os.pathsep.join((str(EXAMPLES), here.environment["PYTHONPATH"]))
    printed = here.python("-c", READ, name, *queues, PYTHONPATH=paths)
    messages = map(json.loads, printed.splitlines())
    return {message["event_id"]: message for message in messages}


def facts(message: dict[str, Any]) -> dict[str, Any]:
    changes = {"timestamp", "fetched_at", "replayed"}
    data = {name: value for name, value in message["data"].items() if name not in changes}
    return {"event_type": message["event_type"], **data}


@pytest.mark.slow
def test_a_replay_repeats_every_message_on_another_queue(rig: OpenRig, any_bus: Bus) -> None:
    """With the same ids and facts, marked; a log that is stored keeps its address."""
    world = a_world().run("failure", seconds=60).job("small", "failure").job("skipped", "skipped")
    world.job("large", log=LogSpec(seed="large", lines_per_step=3_000)).run().job("other")
    here = rig(world, **any_bus.settings)
    again = f"{here.metrics}-again"
    here.python("-m", "standalone", "setup")
    here.python("-m", "standalone", "setup", METRICS_QUEUE=again)
    here.collect()
    asked = here.github.stats()["requests"]
    first = take(here, here.metrics, here.logs)
    assert len(first) == 2 + 4 + 4
    since = f"--since={datetime.now(timezone.utc) - timedelta(days=1):%Y-%m-%d}"
    here.python("-m", "standalone", "replay", "--repo=octo/api", since, "--to", again)
    replayed = take(here, again)
    assert {name: facts(each) for name, each in replayed.items()} == {
        name: facts(each) for name, each in first.items()
    }
    assert all(each["data"]["replayed"] is True for each in replayed.values())
    assert here.github.stats()["requests"] == asked
    assert take(here, here.metrics, here.logs) == {}


def logs_served(here: Rig) -> int:
    endpoints = here.github.stats()["endpoints"]
    kinds = ("get_job_log", "get_attempt_log")
    return sum(endpoints[kind]["requests"] for kind in kinds if kind in endpoints)


@pytest.mark.slow
@ONLY_FULL
def test_what_a_killed_collector_leaves_is_completed(rig: OpenRig, bus: Bus) -> None:
    """Killed with -9 while it publishes: whoever comes after it finds its work on the queue."""
    world = a_world()
    for number in range(RUNS):
        world.run("failure", created=number).job("build", "failure", log=b"run %d\n" % number)
        world.job("test", log=LogSpec(seed=str(number), giant_bytes=200_000))
    world.job("large", log=LogSpec(seed="large", giant_bytes=LARGE_BYTES))
    here = rig(world, LOG_MODE="live", **bus.settings)
    here.python("-m", "standalone", "setup")
    bus.shorten_lock(here.work)
    for served in (3, 8, 14):
        with here.agent() as agents:
            while logs_served(here) < served:
                assert agents.poll() is None
                time.sleep(0.02)
    here.collect()
    assert here.read_by_example() == here.truth()
    facts = Counter(
        (each["event_type"], each["data"]["run_id"], each["data"].get("job_id"))
        for name in ("metrics", "logs")
        for each in here.read_lines(name)
    )
    jobs = 2 * RUNS + 1
    assert sum(key[0] == "workflow_run_completed" for key in facts) == RUNS
    assert sum(key[0] == "workflow_job_completed" for key in facts) == jobs
    assert sum(key[0] == "job_log_fetched" for key in facts) == jobs
    assert set(facts.values()) == {1}
