"""Small logs share requests, and each is recorded once its message is on the queue."""

from __future__ import annotations

from dataclasses import replace

from ingest.domain.ledger import LOG_FETCHED, JobLogRecord
from ingest.domain.log_cache import compress_log
from ingest.domain.log_outline import LogOutline
from ingest.domain.runs import AttemptKey
from ingest.errors import IngestError, MessageRefused, QueueUnavailable, StateUnavailable
from ingest.messaging.encoding import QueueMessage
from ingest.ports import SendFailure
from ingest.services.log_ingestion.deliver_log import LogMessage
from ingest.services.log_ingestion.small_log_sender import MAX_GATHERED_LOGS, SmallLogSender
from support.changed_ports import raising
from support.log_caches import open_log_cache
from support.world_builder import WorldBuilder

KEY = AttemptKey("octo/api", 1, 1)


def a_message(number: int, body: str = "{}") -> QueueMessage:
    return QueueMessage(event_id=f"log-{number}", group="g", body=body, attributes={})


def filled(here, count: int, body: str = "{}") -> tuple[SmallLogSender, dict[int, IngestError]]:
    """Fill a sender; the second value holds the error of each log."""
    sender, troubles = SmallLogSender(here.context), {}
    for number in range(count):
        record = JobLogRecord(
            key=KEY, job_id=number, job_name="x", state=LOG_FETCHED, updated_at=here.clock.now()
        )

        def trouble(error: IngestError, number: int = number) -> None:
            troubles[number] = error

        log = compress_log(key=KEY, job_id=number, content=b"line\n", outline=LogOutline())
        sender.add(LogMessage(a_message(number, body), record, log), trouble)
    return sender, troubles


def recorded(here) -> set[int]:
    return set(here.state.load_job_logs(KEY))


def test_fifty_logs_take_five_requests(stage, monkeypatch):
    """And one write of their records."""
    here = stage(WorldBuilder())
    sender, troubles = filled(here, MAX_GATHERED_LOGS)
    assert sender.is_full
    assert recorded(here) == set()
    writes, save = [], here.state.save_job_logs
    monkeypatch.setattr(here.state, "save_job_logs", lambda logs: (writes.append(1), save(logs)))
    sender.send()
    assert here.counters.read("queue_requests") == 5
    assert here.counters.read("logs") == MAX_GATHERED_LOGS
    assert recorded(here) == set(range(MAX_GATHERED_LOGS))
    assert writes == [1]
    assert troubles == {}
    assert not sender.is_full


def test_a_batch_holds_no_more_bytes_than_a_request(stage):
    """Some queues take messages of many megabytes."""
    here = stage(WorldBuilder(), max_message_bytes=100_000)
    sender, _ = filled(here, 20, body="x" * 5_000)
    assert sender.is_full
    sender.send()
    assert not sender.is_full


def test_the_logs_of_a_batch_are_cached_together(stage):
    """For the pages; where that fails, they are sent and recorded all the same."""
    here = stage(WorldBuilder())
    cache = open_log_cache()
    here.context = replace(here.context, log_cache=cache)
    sender, _ = filled(here, 3)
    sender.send()
    assert [b"".join(cache.load_content(KEY, number)) for number in range(3)] == [b"line\n"] * 3
    cache.save_logs = raising(StateUnavailable("The disk is full."))
    sender, troubles = filled(here, 4)
    sender.send()
    assert recorded(here) == set(range(4))
    assert troubles == {}
    assert ["not cached" in error for error in here.errors()] == [True]


def test_an_empty_batch_asks_for_nothing(stage):
    """As when the agent waits for a large log."""
    here = stage(WorldBuilder())
    SmallLogSender(here.context).send()
    assert here.counters.read("queue_requests") == 0


def test_a_queue_that_takes_nothing_troubles_every_log(stage):
    """None is recorded, so all come again."""
    here = stage(WorldBuilder())
    here.queues.logs.send = raising(QueueUnavailable("not now"))
    sender, troubles = filled(here, 3)
    sender.send()
    assert set(troubles) == {0, 1, 2}
    assert recorded(here) == set()
    assert here.counters.read("logs") == 0


def test_a_log_that_the_queue_refuses_keeps_no_other_back(stage):
    """Its work alone comes back."""
    here = stage(WorldBuilder())

    def refuse_one(batch):
        return tuple(
            SendFailure(event_id=message.event_id, reason="too long", is_final=True)
            for message in batch
            if message.event_id == "log-1"
        )

    here.queues.logs.send = refuse_one
    sender, troubles = filled(here, 3)
    sender.send()
    assert isinstance(troubles[1], MessageRefused)
    assert set(troubles) == {1}
    assert recorded(here) == {0, 2}


def test_large_logs_go_alone(stage):
    """What could fill a request with a few of its like is not held back."""
    here = stage(WorldBuilder(), max_message_bytes=1_048_576)
    sender = SmallLogSender(here.context)
    assert sender.accepts(50_000)
    assert not sender.accepts(100_000)
