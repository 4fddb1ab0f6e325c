"""The example reads what a reader should, and survives what a reader meets."""

from __future__ import annotations

import json

import pytest
from logs.rig import OpenRig, a_world

from standalone.sandbox.specs import LogSpec

pytestmark = pytest.mark.slow


def send(here, queue: str, *bodies: str) -> None:
    url = here.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    for body in bodies:
        here.sqs.send_message(QueueUrl=url, MessageBody=body)


def bodies(here, queue: str) -> list[str]:
    """Read a queue's messages and leave them there."""
    url = here.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found: list[str] = []
    while messages := here.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1, WaitTimeSeconds=0
    ).get("Messages", []):
        found += [message["Body"] for message in messages]
    return found


def test_every_message_is_read_once(rig: OpenRig) -> None:
    """Runs, jobs, logs by claim check, and the word that there is no log."""
    world = a_world().run(seconds=60).job("small", log=b"hello\r\n").job("skipped", "skipped")
    world.job("large", log=LogSpec(seed="large", giant_bytes=3 << 20)).run("failure").job()
    here = rig(world)
    here.collect()
    sent = bodies(here, here.logs)
    send(here, here.logs, *sent[:1])
    assert here.read_by_example() == here.truth()
    kinds = [line["event_type"] for line in here.read_lines("logs")]
    assert sorted(kinds) == ["job_log_fetched"] * 3 + ["job_log_unavailable"]
    kinds = [line["event_type"] for line in here.read_lines("metrics")]
    assert sorted(kinds) == ["workflow_job_completed"] * 4 + ["workflow_run_completed"] * 2
    assert (here.count(here.metrics), here.count(here.logs)) == (0, 0)
    small = next(line for line in here.read_lines("logs") if line["data"]["job_name"] == "small")
    assert (here.folder / "read" / small["data"]["log_file"]).read_bytes() == b"hello\r\n"


def test_parts_come_in_any_order_twice_and_over_a_restart(rig: OpenRig) -> None:
    """A part is on disk before it is deleted; the log is one line, however often it comes."""
    here = rig(a_world().run(seconds=60).job("large", log=b"0123456789\n" * 300_000), bucket=False)
    here.collect()
    url = here.sqs.get_queue_url(QueueName=here.logs)["QueueUrl"]
    parts = bodies(here, here.logs)
    assert len(parts) > 3
    here.sqs.purge_queue(QueueUrl=url)
    send(here, here.logs, *parts[:0:-1], parts[1])
    assert here.read_by_example() == {}
    send(here, here.logs, parts[1], parts[0])
    assert here.read_by_example() == here.truth()
    send(here, here.logs, *parts)
    assert here.read_by_example() == here.truth()
    assert len(here.read_lines("logs")) == 1
    assert len(list((here.folder / "read" / "logs").iterdir())) == 1


def test_a_line_that_a_kill_left_half_written_is_written_again(rig: OpenRig) -> None:
    """Its message was not deleted, so it comes again."""
    here = rig(a_world().run(seconds=60).job("small", log=b"hello\n"))
    here.collect()
    metrics = here.folder / "read" / "metrics.jsonl"
    metrics.parent.mkdir()
    metrics.write_text('{"event_id": "1", "data": {}}\n{"event_id": "2", "da')
    assert here.read_by_example() == here.truth()
    assert next(line["event_id"] for line in here.read_lines("metrics")) == "1"
    assert len(here.read_lines("metrics")) == 3


def test_what_is_invalid_stays_on_the_queue(rig: OpenRig) -> None:
    """It is named, and its queue moves it to the dead letters."""
    here = rig(a_world().run(seconds=60).job("small", log=b"hello\n"))
    here.collect()
    [run] = [each for each in bodies(here, here.metrics) if "workflow_run_completed" in each]
    wrong = json.loads(run)
    wrong["data"]["run_id"] = "seven"
    send(here, here.metrics, json.dumps(wrong))
    assert here.read_by_example() == here.truth()
    assert "$.data.run_id" in here.said
    assert here.count(here.metrics) == 1
    assert len(here.read_lines("metrics")) == 2
