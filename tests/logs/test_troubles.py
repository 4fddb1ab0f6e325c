"""Trouble that is ours to mend: the log may well be there, so it is never given up."""

from __future__ import annotations

import pytest
from ingest.domain.ledger import LOG_FETCHED, LOG_PENDING
from ingest.errors import BadCredentials, DiskFull
from ingest.services.ingest_logs import MAX_FAILED_TRIES, TELL_EVERY_TRIES
from support.world import REPOSITORY

from standalone.sandbox.builder import FIRST_RUN, WorldBuilder


def state(here):
    [record] = here.attempt(run=1) and here.state.load_job_logs(here.attempt(run=1).key).values()
    return record.state


@pytest.mark.parametrize(
    "trouble", [DiskFull("The disk has no room."), BadCredentials("The token has expired.")]
)
def test_a_log_waits_for_as_long_as_a_person_needs(stage, trouble):
    """A full disk or a dead token over a long weekend costs no log; people are told of it."""
    here = stage(WorldBuilder().run(seconds=60).job("build", log=b"at last\n"), at=100)
    assert here.poll() is None
    fetch = here.context.source.fetch_job_log

    def fail(repository, job_id, into):
        raise trouble

    here.context.source.fetch_job_log = fail
    tries = MAX_FAILED_TRIES + 2
    with pytest.raises(AssertionError, match="work is left"):
        here.ingest(rounds=tries, every=601)
    assert here.logs() == []
    assert state(here) == LOG_PENDING
    told = [what for what in here.errors() if str(trouble) in what]
    assert 1 <= len(told) <= tries // TELL_EVERY_TRIES + 1
    here.context.source.fetch_job_log = fetch
    here.ingest(every=601)
    assert [log["data"]["log_content"] for log in here.logs()] == ["at last\n"]
    assert state(here) == LOG_FETCHED
    assert here.logs()[0]["data"]["run_id"] == FIRST_RUN + 1
    assert here.logs()[0]["data"]["repo"] == REPOSITORY
