"""Work items that somebody else made up: each is rejected whole, and others are processed."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.messaging.encoding import QueueMessage
from ingest.ports.queues import REJECTION_ATTRIBUTE
from ingest.services.log_ingestion.ingest_logs import ingest_due_logs
from services.faulty_ports import Fuse, Fused, Killed
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault


def two_jobs(stage, **options):
    world = WorldBuilder().run(seconds=60).job("one", log=b"1")
    world.run(seconds=60).job("two", log=b"2")
    here = stage(world, at=100, **options)
    assert here.poll() is None
    return here


def forged(here, **changes: Any) -> QueueMessage:
    """Build a work item like the first one on the queue, with some values replaced."""
    [first, *_] = here.queues.job_events.messages()
    envelope = json.loads(first.body)
    envelope["data"] |= changes
    return as_message(envelope)


def as_message(envelope: dict[str, Any]) -> QueueMessage:
    return QueueMessage(
        event_id="forged",
        group="forged",
        body=json.dumps(envelope),
        attributes={"event_type": envelope["event_type"]},
    )


def exchange(here, *messages: QueueMessage) -> None:
    """Put others in the place of the work items on the queue."""
    queue = here.queues.job_events
    queue.delete(queue.receive(max_messages=10, wait_seconds=0))
    queue.send(messages)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"repo": "../user?x="}, "not a work item"),
        ({"log_url": "http://169.254.169.254/"}, "fields other than"),
        ({"job_id": 4711}, "job 4711"),  # the ledger knows each log before its work is sent
    ],
)
def test_a_forged_item_is_rejected_at_once_and_holds_no_other(stage, changes, why):
    """It becomes no request and no message; test_log_work has the items that are not read."""
    here = two_jobs(stage)
    poison = forged(here, **changes)
    here.queues.job_events.send([poison])
    ingest_due_logs(here.context, wait_seconds=0)
    [letter] = here.queues.job_events.dead_letters()
    assert letter.body == poison.body
    assert why in letter.attributes[REJECTION_ATTRIBUTE]
    assert sorted(log["data"]["log_content"] for log in here.logs()) == ["1", "2"]
    assert here.queues.job_events.messages() == []
    assert here.server.stats()["violations"] == 0


def test_work_that_is_received_before_its_attempt_is_recorded_is_done(stage):
    """The log agent may be faster than the collector, which dies before it records the attempt."""
    here = stage(WorldBuilder().run(seconds=60).job("one", log=b"1"), at=100)

    dies = replace(here.context, job_events_queue=Fused(here.queues.job_events, Fuse(1)))
    with pytest.raises(Killed):
        here.poll(context=dies)
    assert here.attempt().published_jobs == {}
    here.ingest()
    assert [log["data"]["log_content"] for log in here.logs()] == ["1"]
    assert here.queues.job_events.dead_letters() == []


def test_an_item_cannot_make_a_log_final(stage):
    """Neither the tries that it claims nor the end of its job are believed."""
    here = two_jobs(stage)
    here.fail(Fault(path="/logs$", do="missing"))
    exchange(here, forged(here, tries=59, completed_at="2020-01-01T00:00:00Z"))
    ingest_due_logs(here.context, wait_seconds=0)
    assert here.logs() == []
    [again] = here.queues.job_events.messages()
    assert json.loads(again.body)["data"]["tries"] == 1


def test_an_item_cannot_exchange_the_names_of_an_archive(stage):
    """Names identify an archive's files, so a log would become another job's."""
    world = WorldBuilder().run(seconds=60).job("one", log=b"1").job("two", log=b"2")
    here = stage(world, at=100, log_mode="economy")
    assert here.poll() is None
    [item] = here.queues.job_events.messages()
    envelope = json.loads(item.body)
    first, second = envelope["data"]["jobs"]
    first["job_name"], second["job_name"] = second["job_name"], first["job_name"]
    exchange(here, as_message(envelope))
    here.ingest()
    logs = {log["data"]["job_name"]: log["data"]["log_content"] for log in here.logs()}
    assert logs == {"one": "1", "two": "2"}


@pytest.mark.parametrize(
    "changes",
    [{"job_name": 7}, {"job_id": 4711}, {"never_started": "no"}, {"conclusion": ["success"]}],
    ids=ascii,
)
def test_a_forged_item_of_an_archive_holds_no_other(stage, changes):
    """An attempt's only log is as safe there as alone."""
    here = two_jobs(stage, log_mode="economy")
    [first, _] = here.queues.job_events.messages()
    envelope = json.loads(first.body)
    envelope["data"]["jobs"][0] |= changes
    here.queues.job_events.send([as_message(envelope)])
    here.ingest()
    [letter] = here.queues.job_events.dead_letters()
    assert json.loads(letter.body) == envelope
    assert sorted(log["data"]["log_content"] for log in here.logs()) == ["1", "2"]
    assert (here.requests("get_attempt_log"), here.requests("get_job_log")) == (2, 0)


def test_an_item_of_an_archive_cannot_rename_its_only_job(stage):
    """The ledger's name identifies the file."""
    here = two_jobs(stage, log_mode="economy")
    [first, _] = here.queues.job_events.messages()
    envelope = json.loads(first.body)
    envelope["data"]["jobs"][0]["job_name"] = "forged"
    exchange(here, as_message(envelope))
    here.ingest()
    assert [log["data"]["job_name"] for log in here.logs()] == ["one"]
    assert here.requests("get_attempt_log") == 1


@pytest.mark.parametrize("claim", [{"never_started": True}, {"job_name": "forged"}], ids=ascii)
def test_an_item_cannot_claim_that_a_job_never_started_nor_rename_it(stage, claim):
    """The ledger knows which jobs started and the names that GitHub gave; the log is fetched."""
    here = two_jobs(stage)
    exchange(here, forged(here, **claim))
    here.ingest()
    [log] = here.logs()
    assert (log["event_type"], log["data"]["job_name"]) == ("job_log_fetched", "one")


@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_an_odd_name_of_a_job_is_a_name(stage, log_mode, tmp_path):
    """GitHub cuts names through surrogate pairs, and workflows may hold any character."""
    odd = "half \ud83d nul \x00 last \uffff line \u2028 end"
    world = WorldBuilder().run(seconds=60).job(odd, log=b"1").job(f"{odd} 2", log=b"2")
    here = stage(world, at=100, log_mode=log_mode)
    assert here.poll() is None
    with closing(open_sql_state(f"sqlite:///{tmp_path}/state.db")) as state:
        state.save_attempts([here.attempt()])
        state.save_job_logs(list(here.state.load_job_logs(here.attempt().key).values()))
        here.ingest(context=replace(here.context, store=state))
    assert sorted(log["data"]["log_content"] for log in here.logs()) == ["1", "2"]
    assert sorted(log["data"]["job_name"] for log in here.logs()) == [odd, f"{odd} 2"]
