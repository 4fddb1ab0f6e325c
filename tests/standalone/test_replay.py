"""`replay`, as a person types it: the same messages again, marked."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from logs.rig import OpenRig, Rig, a_world, rig

from standalone.sandbox.specs import LogSpec

__all__ = ["rig"]

REPLAY = ("-m", "standalone", "replay", "--repo", "octo/api")

#: What may differ between a message and its repeat.
CHANGES = {"timestamp", "fetched_at", "replayed"}


def take(here: Rig, queue: str) -> dict[str, dict[str, Any]]:
    """Receive a queue's messages by their ids, each claim check with the message it points to."""
    url = here.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = {}
    while messages := here.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0
    ).get("Messages", []):
        for message in messages:
            body = json.loads(message["Body"])
            if isinstance(body, list):
                place = {"Bucket": body[1]["s3BucketName"], "Key": body[1]["s3Key"]}
                body = json.loads(here.s3.get_object(**place)["Body"].read())
            found[body["event_id"]] = body
            here.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def facts(message: dict[str, Any]) -> dict[str, Any]:
    data = {name: value for name, value in message["data"].items() if name not in CHANGES}
    return {"event_type": message["event_type"], **data}


def test_a_replay_repeats_every_message(rig: OpenRig) -> None:
    """With the same ids and facts, from the ledger and the stored logs, without a request."""
    world = a_world().run("failure").job("small", "failure").job("skipped", "skipped")
    world.job("large", log=LogSpec(seed="large", lines_per_step=12_000)).run().job("other")
    here = rig(world)
    here.collect()
    asked = here.github.stats()["requests"]
    first = take(here, here.metrics) | take(here, here.logs)
    assert len(first) == 2 + 4 + 4
    since = datetime.now(timezone.utc) - timedelta(days=1)
    printed = here.python(*REPLAY, f"--since={since:%Y-%m-%d}")
    assert printed.startswith("Replayed 2 attempts, 6 messages about runs and jobs, and 4 logs")
    again = take(here, here.metrics) | take(here, here.logs)
    assert {name: facts(each) for name, each in again.items()} == {
        name: facts(each) for name, each in first.items()
    }
    assert all(each["data"]["replayed"] is True for each in again.values())
    assert not any("replayed" in each["data"] for each in first.values())
    assert here.github.stats()["requests"] == asked

    run_id = next(each["data"]["run_id"] for each in first.values() if "run_id" in each["data"])
    other = here.sqs.create_queue(QueueName=f"{here.metrics}-again")["QueueUrl"]
    here.python(*REPLAY, "--run", str(run_id), "--to", other)
    assert (here.count(here.metrics), here.count(here.logs)) == (0, 0)
    there = take(here, f"{here.metrics}-again")
    assert there.keys() == {
        name for name, each in first.items() if each["data"]["run_id"] == run_id
    }


def test_what_left_the_state_comes_from_github(rig: OpenRig) -> None:
    """A state that lost everything still replays what GitHub has."""
    here = rig(a_world().run("failure").job("build", "failure").job("lint"), bucket=False)
    here.collect()
    first = take(here, here.metrics) | take(here, here.logs)
    run_id = next(iter(first.values()))["data"]["run_id"]
    fresh = {"DATABASE_URL": str(here.folder / "fresh.db")}
    here.python(*REPLAY, "--run", str(run_id), **fresh)
    again = take(here, here.metrics) | take(here, here.logs)
    assert again.keys() == first.keys()
