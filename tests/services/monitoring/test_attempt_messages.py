"""What there is to say of an attempt, given what was said before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.domain.filters import FilterChain, Filters
from ingest.domain.ledger import AttemptRecord
from ingest.messaging.truncation import encode_to_fit
from ingest.services.monitoring.attempt_messages import find_unpublished_changes
from support.builders import a_commit, a_job, a_run, at, envelope_of_run


def a_record(run, *jobs) -> AttemptRecord:
    return AttemptRecord(key=run.key, created_at=run.created_at, run=run, jobs=jobs)


def publish(record, *, log_mode="live"):
    return find_unpublished_changes(
        record, a_commit(), log_mode=log_mode, now=at(100), filters=FilterChain()
    )


def kinds(changes):
    return [fact.event_type for fact in changes.envelopes]


def test_a_status_that_comes_back_is_a_fact_of_its_own():
    """waiting, in progress, waiting again: three messages with three ids."""
    record, ids = a_record(a_run()), []
    for status in ("waiting", "in_progress", "waiting", "waiting", "in_progress"):
        run = a_run(status=status, conclusion=None)
        changes = publish(replace(record, run=run))
        record = changes.record
        ids += [fact.event_id for fact in changes.envelopes]
    assert record.published_statuses == ("waiting", "in_progress", "waiting", "in_progress")
    assert len(ids) == len(set(ids)) == 4


def test_what_was_reported_is_not_reported_again():
    """A second read of the same state has no changes."""
    record = publish(a_record(a_run(), a_job())).record
    changes = publish(record)
    assert (changes.envelopes, changes.log_work, changes.pending_logs) == ((), (), ())


def test_a_run_begins_before_its_jobs_and_ends_after_them():
    """Readers meet things in the order in which they happened."""
    in_flight = a_record(a_run(status="in_progress", conclusion=None), a_job(status="queued"))
    assert kinds(publish(in_flight)) == ["workflow_run_in_progress", "workflow_job_queued"]
    ended = a_record(a_run(), a_job())
    assert kinds(publish(ended)) == ["workflow_job_completed", "workflow_run_completed"]


def test_live_orders_each_log_at_its_jobs_end():
    """The work is there while the run still runs."""
    run = a_run(status="in_progress", conclusion=None)
    changes = publish(
        a_record(run, a_job(), a_job(job_id=2, status="in_progress", conclusion=None))
    )
    assert [work.attributes["event_type"] for work in changes.log_work] == ["job_log_due"]
    assert [log.job_id for log in changes.pending_logs] == [a_job().job_id]


def test_economy_orders_and_expects_logs_only_when_the_attempt_ends():
    """A log that is not ordered is not pending, so nobody orders it early."""
    jobs = a_job(), a_job(job_id=2, name="other")
    running = a_record(a_run(status="in_progress", conclusion=None), *jobs)
    first = publish(running, log_mode="economy")
    assert (first.log_work, first.pending_logs) == ((), ())
    changes = publish(replace(first.record, run=a_run()), log_mode="economy")
    assert [work.attributes["event_type"] for work in changes.log_work] == ["attempt_logs_due"]
    assert len(changes.pending_logs) == 2
    assert publish(changes.record, log_mode="economy").log_work == ()


SKIPPED = a_job(job_id=2, conclusion="skipped", steps=(), runner_name=None)


def test_economy_orders_the_only_log_of_an_attempt_as_its_archive():
    """It costs the same, and its step files prove where the steps are."""
    changes = publish(a_record(a_run(), a_job(), SKIPPED), log_mode="economy")
    assert [work.attributes["event_type"] for work in changes.log_work] == ["attempt_logs_due"]


def test_live_orders_the_only_log_of_an_ended_attempt_alone():
    """As the logs of jobs that end before their run; an archive may come later."""
    changes = publish(a_record(a_run(), a_job(), SKIPPED))
    assert [work.attributes["event_type"] for work in changes.log_work] == ["job_log_due"] * 2


@pytest.mark.parametrize(("days", "kind"), [(89, "attempt_logs_due"), (91, "job_log_due")])
def test_economy_orders_an_only_log_that_has_most_likely_expired_alone(days, kind):
    """An archive that has expired is not believed without its log: a request more."""
    record, now = a_record(a_run(), a_job()), at(days * 86_400)
    changes = find_unpublished_changes(
        record, a_commit(), log_mode="economy", now=now, filters=FilterChain()
    )
    assert [work.attributes["event_type"] for work in changes.log_work] == [kind]


def test_economy_orders_a_single_log_of_several_alone():
    """The archive would hold logs that nobody wants."""
    failed = a_job(job_id=2, conclusion="failure")
    filters = FilterChain((Filters(logs="failed"),))
    record = a_record(a_run(conclusion="failure"), a_job(), failed)
    changes = find_unpublished_changes(
        record, a_commit(), log_mode="economy", now=at(60), filters=filters
    )
    assert [work.attributes["event_type"] for work in changes.log_work] == ["job_log_due"]


@pytest.mark.parametrize(
    ("max_bytes", "omitted"), [(10**6, None), (12_000, "steps_omitted"), (2_000, "jobs_omitted")]
)
def test_a_fact_gives_up_only_what_its_queue_has_no_room_for(max_bytes, omitted):
    """First the steps go, then the jobs: both are on the queue alone."""
    jobs = [a_job(job_id=number) for number in range(1, 16)]
    envelope = envelope_of_run(a_run(), jobs, a_commit(), occurrence=0, now=at(0))
    message = encode_to_fit(envelope, max_bytes=max_bytes)
    assert message.event_id == envelope.event_id
    assert message.size_bytes <= max_bytes
    assert [name for name in ("steps_omitted", "jobs_omitted") if name in message.body] == (
        [omitted] if omitted else []
    )


def test_an_attempt_that_was_never_seen_reports_nothing():
    """Only its number is known."""
    record = replace(a_record(a_run()), run=None)
    assert publish(record).envelopes == ()
