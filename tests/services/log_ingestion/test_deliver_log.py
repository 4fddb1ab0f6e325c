"""One log, or the word that there is none, on the logs queue."""

from __future__ import annotations

import pytest
from ingest.domain.ledger import LOG_EXPIRED, LOG_FETCHED, LOG_UNAVAILABLE
from ingest.domain.log_outline import LogOutlineReader
from ingest.domain.runs import AttemptKey
from ingest.errors import MessageRefused
from ingest.messaging.log_content import inspect_log
from ingest.messaging.log_work import WorkItemJob
from ingest.services.log_ingestion.deliver_log import deliver_log, deliver_unavailable
from ingest.services.log_ingestion.fetch_logs import LogFetched, LogUnavailable
from ingest.services.log_ingestion.spool import Spool
from support.world_builder import WorldBuilder

KEY = AttemptKey("octo/api", 1, 2)
JOB = WorkItemJob(
    job_id=5, job_name="build", conclusion="success", completed_at=None, never_started=False
)


def a_log(content: bytes) -> LogFetched:
    spool = Spool()
    spool.write(content)
    with spool.open() as written:
        outline = LogOutlineReader()
        content_info = inspect_log(written, [outline.feed])
    found, evidence = outline.finish()
    return LogFetched(
        job=JOB, spool=spool, content_info=content_info, outline=found, evidence=evidence
    )


def test_a_log_that_fits_is_one_message(stage):
    """With a bucket or without."""
    for with_bucket in (False, True):
        here = stage(WorldBuilder(), with_bucket=with_bucket)
        record = deliver_log(here.context, KEY, a_log(b"hello\n"))
        [message] = here.logs()
        assert message["data"]["log_content"] == "hello\n"
        assert (message["data"]["part"], message["data"]["parts"]) == (1, 1)
        assert (record.state, record.log_bytes, record.blob_key) == (LOG_FETCHED, 6, None)


def test_the_first_part_reports_where_the_errors_are(stage):
    """A reader finds the error without reading the log; marks that do not fit are named."""
    log = b"##[group]Run make\n##[endgroup]\n##[error]no rule\n"
    here = stage(WorldBuilder(), max_message_bytes=2000)
    deliver_log(here.context, KEY, a_log(log + b"x" * 3000))
    first, *others = [each["data"] for each in here.logs()]
    assert first["error_lines"] == [3]
    [group] = first["groups"]
    assert log[group["first_byte"] : group["last_byte"] + 1] == log[:31]
    assert others
    assert not any("groups" in each or "error_lines" in each for each in others)
    deliver_log(here.context, KEY, a_log(log * 20))
    [full] = [each["data"] for each in here.logs() if "truncated" in each["data"]]
    assert (full["truncated"], full["groups"]) == (["groups"], [])
    assert len(full["error_lines"]) == 20


def test_the_same_log_delivered_twice_has_the_same_ids(stage):
    """Readers drop what they have seen, part by part."""
    here = stage(WorldBuilder(), max_message_bytes=2000)
    for _ in range(2):
        deliver_log(here.context, KEY, a_log(b"x" * 5000))
    ids = [each["event_id"] for each in here.logs()]
    half = len(ids) // 2
    assert half > 1
    assert ids[:half] == ids[half:]


def test_a_log_checked_in_leaves_a_pointer(stage):
    """The whole message is an object, and the record says where."""
    here = stage(WorldBuilder(), max_message_bytes=2000, with_bucket=True)
    record = deliver_log(here.context, KEY, a_log(b"x" * 5000))
    assert here.blobs.keys() == [record.blob_key, f"{record.blob_key[:-5]}.txt"]
    [message] = here.queues.logs.accepted()
    assert int(message.attributes["ExtendedPayloadSize"]) > 5000


def test_a_queue_that_can_hold_no_part_is_an_error(stage):
    """Nothing is recorded then."""
    here = stage(WorldBuilder(), max_message_bytes=200)
    with pytest.raises(MessageRefused):
        deliver_log(here.context, KEY, a_log(b"x" * 5000))


@pytest.mark.parametrize(
    ("reason", "state"), [("expired", LOG_EXPIRED), ("not_found", LOG_UNAVAILABLE)]
)
def test_an_absence_is_reported_with_its_reason(stage, reason, state):
    """And recorded as what it is."""
    here = stage(WorldBuilder())
    record = deliver_unavailable(
        here.context, KEY, LogUnavailable(job=JOB, reason=reason, detail="so")
    )
    [message] = here.logs()
    assert message["event_type"] == "job_log_unavailable"
    assert message["data"]["reason"] == reason
    assert record.state == state
    assert here.counters.read("logs_unavailable") == 1
