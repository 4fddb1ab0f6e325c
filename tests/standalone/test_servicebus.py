"""The command line on Service Bus."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusClient
from support.command_line import CommandLine
from support.message_schemas import PUBLISHED, Messages
from support.servicebus_server import RunningServiceBus, ServiceBusServer, running_servicebus

pytestmark = pytest.mark.slow


@pytest.fixture
def servicebus(bare: CommandLine, tmp_path: Path) -> Iterator[RunningServiceBus]:
    """Run Service Bus, and have the command line use it."""
    with running_servicebus(tmp_path) as running:
        bare.environment.update(
            EVENT_BUS="servicebus",
            SERVICEBUS_CONNECTION_STRING=running.connection_string,
            REQUESTS_CA_BUNDLE=str(running.certificate),
        )
        yield running


def bodies(server: ServiceBusServer, name: str) -> list[dict]:
    return [json.loads(message.body) for message in server.messages(name)]


def test_a_collection_reaches_the_queues_complete(bare: CommandLine, servicebus: RunningServiceBus):
    """Queues are created and shown; each log arrives whole."""
    server, queues = servicebus.server, bare.queues
    made = bare.run("setup")
    assert made.returncode == 0, made.stderr
    assert made.stdout.count("created") == 3
    assert "created" not in bare.run("setup").stdout
    found = bare.json("collect", "octo/api", "octo/web", "--once")
    assert (found["runs"], found["jobs"], found["logs"], found["errors"]) == (3, 4, 4, 0)
    metrics, logs = (bodies(server, queues[name]) for name in ("METRICS_QUEUE", "LOGS_QUEUE"))
    assert Counter(each["event_type"] for each in metrics)["workflow_run_completed"] == 3
    for log in logs:
        content = log["data"]["log_content"].encode()
        assert hashlib.sha256(content).hexdigest() == log["data"]["log_sha256"]
    sent = server.messages(queues["METRICS_QUEUE"])
    assert [each.message_id for each in sent] == [each["event_id"] for each in metrics]
    assert sent[0].properties["event_type"] == metrics[0]["event_type"]
    assert server.messages(queues["JOB_EVENTS_QUEUE"]) == []
    depths = {row["name"]: row["visible"] for row in bare.json("status", "--json")["queues"]}
    assert depths[queues["LOGS_QUEUE"]] == len(logs) == 4


def test_the_log_does_not_repeat_each_request(bare: CommandLine, servicebus: RunningServiceBus):
    """Microsoft's packages log every request, connection and link."""
    bare.run("setup")
    done = bare.run("collect", "octo/api", "--once", "--log-format", "json")
    assert done.returncode == 0, done.stderr
    loggers = {json.loads(line)["logger"] for line in done.stderr.splitlines()}
    assert not any(each.startswith("azure") for each in loggers)


def test_metrics_may_go_to_a_topic(bare: CommandLine, servicebus: RunningServiceBus):
    """Azure knows no queue of a topic's name, and refuses to create one."""
    server, name = servicebus.server, bare.queues["METRICS_QUEUE"]
    server.create(name)
    server.topics.add(name)
    server.subscribe(name, "agents")
    assert f"Topic {name} exists" in bare.run("setup").stdout
    assert bare.json("collect", "octo/api", "--once")["errors"] == 0
    assert "workflow_run_completed" in {each["event_type"] for each in bodies(server, name)}
    checks = {each["subject"]: each["status"] for each in bare.json("doctor")["checks"]}
    assert checks[f"queue {name}"] == "ok"
    # As a consumer reads, with Microsoft's library and the schemas alone.
    client = ServiceBusClient.from_connection_string(servicebus.connection_string)
    with client, client.get_subscription_receiver(name, "agents", max_wait_time=1) as receiver:
        read = []
        for received in receiver:
            read.append(json.loads(b"".join(received.body)))
            assert received.message_id == read[-1]["event_id"]
            receiver.complete_message(received)
    assert read == bodies(server, name)
    assert server.messages(f"{name}/Subscriptions/agents") == []
    schemas = Messages(PUBLISHED)
    names = ["_".join(each["event_type"].split("_")[:2]) for each in read]
    assert [schemas.faults(name, each) for name, each in zip(names, read, strict=True)] == [
        []
    ] * len(read)


def test_doctor_and_redrive_need_no_right_to_manage(
    bare: CommandLine, servicebus: RunningServiceBus
):
    """With the rights to send and to receive, counts are unknown and nothing fails."""
    bare.run("setup")
    servicebus.server.is_read_only = True
    checks = {each["subject"]: each for each in bare.json("doctor", "octo/api")["checks"]}
    check = checks[f"queue {bare.queues['METRICS_QUEUE']}"]
    assert (check["status"], "an unknown number" in check["finding"]) == ("ok", True)
    assert "Work items moved back to the job events queue: 0" in bare.run("redrive").stdout


def test_a_missing_queue_and_a_missing_setting_are_named(
    bare: CommandLine, servicebus: RunningServiceBus
):
    """Collecting stops before it asks GitHub anything."""
    done = bare.run("collect", "octo/api", "--once")
    assert done.returncode != 0
    assert bare.queues["METRICS_QUEUE"] in done.stderr
    assert "runstream setup" in done.stderr
    done = bare.run("setup", SERVICEBUS_CONNECTION_STRING="")
    assert done.returncode != 0
    assert "SERVICEBUS_NAMESPACE" in done.stderr
    done = bare.run(
        "setup", SERVICEBUS_CONNECTION_STRING="", SERVICEBUS_NAMESPACE="https://octo-ci.example/"
    )
    assert done.returncode == 78
    assert "SERVICEBUS_NAMESPACE is 'https://octo-ci.example/': expected octo-ci" in done.stderr
