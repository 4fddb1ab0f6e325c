"""The command line on Pub/Sub."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator

import pytest
from support.command_line import CommandLine
from support.pubsub_server import PubsubServer, running_pubsub

PROJECT = "here"


@pytest.fixture
def pubsub(bare: CommandLine) -> Iterator[PubsubServer]:
    """Run Pub/Sub, and have the command line use it."""
    with running_pubsub() as (server, address):
        bare.environment.update(
            EVENT_BUS="pubsub", GOOGLE_CLOUD_PROJECT=PROJECT, PUBSUB_EMULATOR_HOST=address
        )
        yield server


def subscription(name: str) -> str:
    return f"projects/{PROJECT}/subscriptions/{name}"


def bodies(server: PubsubServer, name: str) -> list[dict]:
    return [json.loads(message.data) for message in server.messages(subscription(name))]


def test_a_collection_reaches_the_topics_complete(bare: CommandLine, pubsub: PubsubServer):
    """Queues are set up and checked; each log arrives whole, and no work is left."""
    made = bare.run("setup")
    assert made.returncode == 0, made.stderr
    assert "created" in made.stdout
    assert "created" not in bare.run("setup").stdout
    found = bare.json("collect", "octo/api", "octo/web", "--once")
    assert (found["runs"], found["jobs"], found["logs"], found["errors"]) == (3, 4, 4, 0)
    metrics, logs = (bodies(pubsub, bare.queues[name]) for name in ("METRICS_QUEUE", "LOGS_QUEUE"))
    assert len(metrics) == found["messages"][bare.queues["METRICS_QUEUE"]]
    kinds = Counter(message["event_type"] for message in metrics)
    assert kinds["workflow_run_completed"] == 3
    assert len(logs) == 4
    for log in logs:
        content = log["data"]["log_content"].encode()
        assert hashlib.sha256(content).hexdigest() == log["data"]["log_sha256"]
    assert bodies(pubsub, bare.queues["JOB_EVENTS_QUEUE"]) == []
    assert pubsub.messages(subscription(bare.queues["METRICS_QUEUE"]))[0].attributes["event_id"]


def test_redrive_finds_no_dead_letter(bare: CommandLine, pubsub: PubsubServer):
    """And says so."""
    bare.run("setup")
    done = bare.run("redrive")
    assert done.returncode == 0, done.stderr
    assert "Work items moved back to the job events queue: 0" in done.stdout


def test_topics_that_do_not_exist_are_named_with_the_remedy(
    bare: CommandLine, pubsub: PubsubServer
):
    """Collecting stops before it asks GitHub anything."""
    done = bare.run("collect", "octo/api", "--once")
    assert done.returncode != 0
    assert bare.queues["METRICS_QUEUE"] in done.stderr
    assert "runstream setup" in done.stderr


def test_a_project_is_needed(bare: CommandLine, pubsub: PubsubServer):
    """The setting that is missing is named."""
    done = bare.run("setup", GOOGLE_CLOUD_PROJECT="")
    assert done.returncode != 0
    assert "GOOGLE_CLOUD_PROJECT" in done.stderr


def test_missing_credentials_are_named_with_the_remedy(bare: CommandLine, pubsub: PubsubServer):
    """As on a machine where nobody has signed in, or whose key file is gone."""
    missing = {"PUBSUB_EMULATOR_HOST": "", "GOOGLE_APPLICATION_CREDENTIALS": "/missing.json"}
    done = bare.run("collect", "octo/api", "--once", **missing)
    assert done.returncode == 78
    assert "gcloud auth application-default login" in done.stderr


def test_an_unknown_depth_is_said(bare: CommandLine, pubsub: PubsubServer):
    """Pub/Sub's own API does not count messages; that is no error."""
    bare.run("setup")
    bare.run("collect", "octo/api", "--once")
    assert "does not report how many messages wait" in bare.run("status").stdout
    rows = bare.json("status", "--json")["queues"]
    assert [(row["error"], row["visible"]) for row in rows] == [(None, None)] * 3
