"""`redrive`, as a person types it."""

from __future__ import annotations

from logs.rig import OpenRig, a_world, rig
from support.aws_server import take_messages

__all__ = ["rig"]


def bury(here) -> None:
    """Move all work to the dead letters, as the queue does after five failures."""
    dead = here.sqs.get_queue_url(QueueName=here.dead_letters)["QueueUrl"]
    for message in take_messages(here.sqs, here.work):
        here.sqs.send_message(QueueUrl=dead, MessageBody=message["Body"])


def test_dead_letters_become_logs(rig: OpenRig) -> None:
    """What failed while the bucket was missing arrives once it is there again."""
    world = a_world().run(seconds=60).job("one", log=b"1")
    here = rig(world.run(seconds=60).job("two", log=b"2"))
    here.python("-c", POLL_ONLY)
    bury(here)
    dead = here.sqs.get_queue_url(QueueName=here.dead_letters)["QueueUrl"]
    here.sqs.send_message(QueueUrl=dead, MessageBody="not ours")
    with here.start("-m", "standalone", "redrive") as process:
        said, _ = process.communicate(timeout=60)
    assert said.decode().splitlines() == [
        "Work items moved back to the job events queue: 2.",
        "Not log work, left in the dead-letter queue: 1.",
    ]
    here.collect()
    assert here.read_by_extended_client() == here.truth()
    assert here.count(here.dead_letters) == 1


#: Find the run and say that its logs are due; fetch none.
POLL_ONLY = """
import os, threading
from datetime import timedelta
from ingest.bootstrap.collector import open_standalone_collector
from ingest.domain.ledger import RepositoryRecord
from ingest.services.monitoring.poll_runs import poll_repository
from ingest.settings import read_settings

collector = open_standalone_collector(read_settings(os.environ.get), stop=threading.Event())
context = collector.context
now = context.clock.now()
context.store.add_repository(
    RepositoryRecord(full_name="octo/api", added_at=now, watched_since=now - timedelta(days=1))
)
record = context.store.claim_repository(holder=context.worker_id, now=now, lease_seconds=60)
assert poll_repository(context, record, should_continue=lambda: True) is None
collector.close()
"""
