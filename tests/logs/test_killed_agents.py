"""Agents that are killed with -9 in the middle of their work lose nothing of it."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from contextlib import ExitStack

import pytest
from logs.rig import OpenRig, Rig, a_world
from support.aws_server import take_messages
from support.command_line import wait_until

#: LOG_PROOF=full kills them in the middle of 1,000 logs.
LOGS = 1000 if os.environ.get("LOG_PROOF") == "full" else 240
JOBS_PER_RUN = 40
VISIBILITY_SECONDS = "5"


def event_ids(here: Rig) -> dict[int, list[str]]:
    """Read the logs' queue to its end; return each job's messages."""
    found: dict[int, list[str]] = defaultdict(list)
    for message in take_messages(here.sqs, here.logs):
        envelope = json.loads(message["Body"])
        assert envelope["event_type"] == "job_log_fetched"
        found[envelope["data"]["job_id"]].append(envelope["event_id"])
    return found


@pytest.mark.slow
def test_two_agents_killed_in_the_middle_of_many_logs_lose_none(rig: OpenRig, postgres) -> None:
    """Whoever comes after them finds their work on the queue; a repeat has the same id."""
    world = a_world()
    for number in range(LOGS // JOBS_PER_RUN):
        world.run(seconds=60, created=number)
        for job in range(JOBS_PER_RUN):
            world.job(f"job {job}", log=b"run %d job %d\n" % (number, job) * 20)
    here = rig(world, DATABASE_URL=postgres.new_database_url())
    url = here.sqs.get_queue_url(QueueName=here.work)["QueueUrl"]
    timeout = {"VisibilityTimeout": VISIBILITY_SECONDS}
    here.sqs.set_queue_attributes(QueueUrl=url, Attributes=timeout)
    for reached in (LOGS // 4, LOGS // 2, LOGS * 3 // 4):
        with ExitStack() as agents:
            for _ in range(2):
                agents.enter_context(here.agent())
            wait_until(lambda logs=reached: here.count(here.logs) >= logs, seconds=240)
    here.collect()
    found = event_ids(here)
    assert found.keys() == here.truth().keys()
    assert len(found) == LOGS
    assert {job_id for job_id, ids in found.items() if len(set(ids)) > 1} == set()
    assert here.count(here.dead_letters) == 0
    print(f"{sum(map(len, found.values())) - LOGS} repeats, each with the id of the first")
