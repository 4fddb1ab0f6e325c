"""Dead letters come back: all that is work, none of it lost on the way."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from ingest.domain.counters import Counters
from ingest.domain.runs import AttemptKey
from ingest.errors import QueueUnavailable
from ingest.messaging.encoding import QueueMessage
from ingest.messaging.log_work import WorkItemJob, job_work_message
from ingest.ports import SendFailure
from ingest.services.log_ingestion.redrive import redrive
from support.changed_ports import raising
from support.manual_clock import ManualClock
from support.memory_queue import MemoryQueue

NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)


def work(job_id: int) -> QueueMessage:
    job = WorkItemJob(
        job_id=job_id, job_name="build", conclusion=None, completed_at=NOW, never_started=False
    )
    return job_work_message(AttemptKey("octo/api", 1, 1), job, now=NOW)


def strange(body: str) -> QueueMessage:
    return QueueMessage(event_id=body, group="x", body=body, attributes={"a": "b"})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def queues(clock: ManualClock) -> tuple[MemoryQueue, MemoryQueue]:
    """Open the dead letters' queue and the queue of work."""
    return MemoryQueue("work_dlq", clock, Counters()), MemoryQueue("work", clock, Counters())


def fill(queue: MemoryQueue, *messages: QueueMessage) -> None:
    for message in messages:
        queue.send([message])


def test_all_work_comes_back_as_it_was(queues, clock):
    """More than one batch; bodies, ids and attributes are those of the first time."""
    dead_letters, due = queues
    sent = [work(job_id) for job_id in range(1, 26)]
    fill(dead_letters, *sent)
    report = redrive(dead_letters, due, clock=clock)
    assert (report.moved, report.unreadable) == (25, 0)
    assert due.messages() == sent
    assert dead_letters.messages() == []


def test_what_is_no_work_stays(queues, clock):
    """A person looks at it; it is counted once however often it is received."""
    dead_letters, due = queues
    nameless = json.loads(work(2).body)
    del nameless["event_id"]
    odd = [strange("{]"), strange("[]"), strange('{"event_type":"other"}')]
    fill(dead_letters, *odd, strange(json.dumps(nameless)), work(1))
    report = redrive(dead_letters, due, clock=clock)
    assert (report.moved, report.refused, report.unreadable) == (1, 0, 4)
    assert due.messages() == [work(1)]
    clock.sleep(3600)
    assert len(dead_letters.receive(max_messages=10, wait_seconds=0)) == 4


def test_it_ends_where_what_stays_is_visible_again_at_once(clock):
    """As on a queue whose visibility timeout is 0, where it would receive them for ever."""
    dead_letters = MemoryQueue("work_dlq", clock, Counters(), visibility_seconds=0)
    fill(dead_letters, strange("{]"))
    report = redrive(dead_letters, MemoryQueue("work", clock, Counters()), clock=clock)
    assert (report.moved, report.unreadable) == (0, 1)


def test_work_that_the_queue_refuses_stays(queues, clock):
    """It is deleted only where the other queue has it."""
    dead_letters, due = queues
    fill(dead_letters, work(1), work(2))
    send = due.send

    def refuse_the_first(batch):
        refused = [message for message in batch if message.event_id == work(1).event_id]
        send([message for message in batch if message not in refused])
        return tuple(
            SendFailure(event_id=each.event_id, reason="no", is_final=True) for each in refused
        )

    due.send = refuse_the_first
    report = redrive(dead_letters, due, clock=clock)
    assert (report.moved, report.refused, report.unreadable) == (1, 1, 0)
    clock.sleep(3600)
    [left] = dead_letters.receive(max_messages=10, wait_seconds=0)
    assert left.body == work(1).body


def test_a_queue_that_does_not_answer_costs_nothing(queues, clock):
    """The dead letters are still there for the next time."""
    dead_letters, due = queues
    fill(dead_letters, work(1))
    due.send = raising(QueueUnavailable("no route to SQS"))
    with pytest.raises(QueueUnavailable):
        redrive(dead_letters, due, clock=clock)
    clock.sleep(3600)
    assert len(dead_letters.receive(max_messages=10, wait_seconds=0)) == 1


def test_nothing_to_bring_back_is_no_error(queues, clock):
    """It says so."""
    assert redrive(*queues, clock=clock).moved == 0
