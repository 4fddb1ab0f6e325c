"""The example consumer reads what later minor versions send."""

from __future__ import annotations

import json
import os
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ingest.messaging.encoding import encode_envelope
from ingest.messaging.run_events import job_envelope
from support.aws_server import LocalAws, sqs_client
from support.builders import a_run
from support.message_examples import NOW, a_failed_job, example_messages
from support.processes import run_program

SCRIPT = Path(__file__).parents[2] / "examples" / "read_queues.py"


def later(name: str, **changes: Any) -> dict[str, Any]:
    """Return a message of a later version, with a field that nobody knows."""
    message = json.loads(example_messages()[name].body)
    data = {**message["data"], "verdict": {"new": [1]}, **changes.pop("data", {})}
    return {**message, "schema_version": "1.7", "trace": "new", **changes, "data": data}


METRICS = [
    later("workflow_run", event_id="00000000-0000-4000-8000-000000000001"),
    later(
        "workflow_job",
        event_id="00000000-0000-4000-8000-000000000002",
        data={"status": "hibernating", "conclusion": "inconclusive"},
    ),
    later(
        "workflow_run",
        event_id="00000000-0000-4000-8000-000000000003",
        event_type="deployment_completed",
        data={"run_id": None},
    ),
]
LOGS = [
    later("job_log_fetched", event_id="00000000-0000-4000-8000-000000000004"),
    later(
        "job_log_fetched",
        event_id="00000000-0000-4000-8000-000000000005",
        data={"log_encoding": "zstd", "job_id": 77},
    ),
    later(
        "job_log_unavailable",
        event_id="00000000-0000-4000-8000-000000000006",
        data={"reason": "withheld"},
    ),
]


class Queues:
    """Two queues of one test, and the script that reads them."""

    def __init__(self, aws: LocalAws, folder: Path) -> None:
        self._aws, self._folder = aws, folder
        self._sqs = sqs_client(aws)
        self._urls = {
            name: self._sqs.create_queue(QueueName=f"{name}-{uuid.uuid4().hex}")["QueueUrl"]
            for name in ("metrics", "logs")
        }

    def send(self, name: str, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            self._sqs.send_message(QueueUrl=self._urls[name], MessageBody=json.dumps(message))

    def read(self) -> None:
        arguments = [f"--{name}-queue={url}" for name, url in self._urls.items()]
        done = run_program(
            [sys.executable, str(SCRIPT), str(self._folder), "--once", *arguments],
            environment={**os.environ, **self._aws.environment},
        )
        assert done.returncode == 0, done.stderr[-4000:]

    def lines(self, name: str) -> list[dict[str, Any]]:
        text = (self._folder / f"{name}.jsonl").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def left(self, name: str) -> int:
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible")]
        answer = self._sqs.get_queue_attributes(QueueUrl=self._urls[name], AttributeNames=names)
        return sum(map(int, answer["Attributes"].values()))


@pytest.fixture
def queues(aws: LocalAws, tmp_path: Path) -> Queues:
    return Queues(aws, tmp_path)


def test_unknown_fields_types_and_values_are_read(queues: Queues) -> None:
    """Nothing goes to the dead-letter queue; what cannot be decoded is kept as it came."""
    queues.send("metrics", METRICS)
    queues.send("logs", LOGS)
    queues.read()
    assert sorted(queues.lines("metrics"), key=_event_id) == METRICS
    fetched, unknown, unavailable = sorted(queues.lines("logs"), key=_event_id)
    assert fetched["data"]["verdict"] == {"new": [1]}
    assert "log_file" in fetched["data"]
    assert [unknown, unavailable] == LOGS[1:]
    assert queues.left("metrics") == queues.left("logs") == 0


def test_cloudevents_are_read_like_the_own_format(queues: Queues) -> None:
    """The same fact is written once, whichever format it arrives in."""
    own = example_messages()["workflow_job"]
    fact = job_envelope(a_run().key, a_failed_job(), timestamp=NOW)
    cloud = encode_envelope(replace(fact, cloudevents_source_root="https://github.com"))
    queues.send("metrics", [json.loads(cloud.body), json.loads(own.body)])
    queues.read()
    assert queues.lines("metrics") == [json.loads(own.body)]
    assert queues.left("metrics") == 0


def test_another_major_version_stays_on_the_queue(queues: Queues) -> None:
    """The consumer would misread it; the queue moves it to the dead-letter queue."""
    queues.send("metrics", [{**METRICS[0], "schema_version": "2.0"}])
    queues.read()
    assert queues.lines("metrics") == []
    assert queues.left("metrics") == 1


def _event_id(message: dict[str, Any]) -> str:
    event_id: str = message["event_id"]
    return event_id
