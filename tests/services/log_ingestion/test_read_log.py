"""A person reads a log: from the cache, from S3, from GitHub, or learns why not."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.domain.ledger import LOG_PENDING
from ingest.domain.log_outline import LogOutline
from ingest.domain.log_pages import LogLines
from ingest.domain.runs import AttemptKey
from ingest.errors import QueueUnavailable, StateUnavailable
from ingest.ports.log_cache import LogCache, LogPageStore
from ingest.services.log_ingestion import read_log
from ingest.services.log_ingestion.read_log import UnreadableLog
from support.changed_ports import raising
from support.log_caches import open_log_cache
from support.world import REPOSITORY, log_reader
from support.world_builder import FIRST_JOB, FIRST_RUN, WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.specs import LogSpec

KEY = AttemptKey(REPOSITORY, FIRST_RUN + 1, 1)
JOB = FIRST_JOB + 1
LOG = b"".join(b"line %d\r\n" % number for number in range(1, 3001))
MIB = 1 << 20
LOG_TEXT = b"%08d " + b"the quick brown fox jumps over the lazy dog, " * 20 + b"\n"


class FullDisk(LogPageStore):
    """A store that holds nothing, for its disk is full."""

    def new_log(self, job, now):
        raise StateUnavailable("The disk is full.")

    def add_logs(self, logs, now):
        raise StateUnavailable("The disk is full.")

    def find_log(self, job):
        return None


def collected(stage, *, cache=None, log=LOG, conclusion="success", **options):
    """Collect one job's log with a cache; its queue takes so little that it goes to the bucket."""
    builder = WorldBuilder().run(seconds=60).job("build", conclusion, log=log)
    here = stage(builder, at=100, **options)
    here.context = replace(here.context, log_cache=cache)
    assert here.poll() is None
    here.ingest()
    return here


def read(here, first=1, count=10):
    answer = log_reader(here.context).read(KEY, JOB, first, count)
    assert isinstance(answer, LogLines), answer
    return [line.content for line in answer.lines]


def unreadable(here, job_id=JOB):
    answer = log_reader(here.context).read(KEY, job_id, 1, 10)
    assert isinstance(answer, UnreadableLog)
    return answer


def test_a_delivered_log_is_read_from_the_cache(stage):
    """GitHub and S3 are not asked again."""
    here = collected(stage, cache=open_log_cache())
    asked = here.requests()
    assert read(here, 2999) == [b"line 2999\r\n", b"line 3000\r\n"]
    assert read(here, 5000) == []
    assert here.requests() == asked


def test_a_log_that_left_the_cache_comes_from_the_bucket(stage):
    """And is kept again; GitHub is not asked, for it may have deleted it by now."""
    here = collected(stage, cache=open_log_cache(), with_bucket=True, max_message_bytes=2000)
    here.context = replace(here.context, log_cache=open_log_cache())
    asked = here.requests()
    assert read(here, 1500, 1) == [b"line 1500\r\n"]
    assert here.requests() == asked
    assert here.context.log_cache.find_lines(KEY, JOB, "LINE 1500").lines == (1500,)


def test_a_log_that_left_the_cache_comes_from_github(stage):
    """Where no bucket has it."""
    here = collected(stage, cache=open_log_cache())
    here.context = replace(here.context, log_cache=open_log_cache())
    assert read(here, 7, 1) == [b"line 7\r\n"]
    assert here.context.log_cache.load_lines(KEY, JOB, 1, 1) is not None


@pytest.mark.parametrize("damage", [b"", b"<Error/>", b"other"])
def test_a_damaged_object_is_not_shown(stage, damage):
    """GitHub is asked instead."""
    here = collected(stage, with_bucket=True, max_message_bytes=2000)
    name = here.blobs.keys()[0]
    here.blobs.put(name, [damage], content_type="application/json")
    assert read(here, 3, 1) == [b"line 3\r\n"]


@pytest.mark.parametrize("cache", [None, LogCache(FullDisk())])
def test_a_log_is_read_without_a_working_cache(stage, cache):
    """Only slower; its delivery was not repeated, and the failure is named."""
    here = collected(stage, cache=cache)
    assert read(here, 2000, 2) == [b"line 2000\r\n", b"line 2001\r\n"]
    assert len(here.logs()) == 1
    assert [error for error in here.errors() if "not cached" in error] == (
        [] if cache is None else here.errors()
    )


def test_a_cache_that_does_not_work_is_reported_once_and_not_for_each_log(stage):
    """The list of errors keeps its other errors."""
    world = WorldBuilder()
    for number in range(12):
        world.run(seconds=number).job("build", log=b"x" * 2000)
    here = stage(world, at=100, max_message_bytes=5000)
    here.context = replace(here.context, log_cache=LogCache(FullDisk()))
    assert here.poll() is None
    here.ingest()
    assert len(here.logs()) == 12
    [error] = here.errors()
    assert "was not cached" in error


def test_a_log_too_large_for_the_cache_is_read_all_the_same(stage, monkeypatch):
    """It is fetched for each answer."""
    monkeypatch.setattr(read_log, "MAX_CACHED_LOG_BYTES", 100)
    here = collected(stage)
    here.context = replace(here.context, log_cache=open_log_cache())
    assert read(here, 2999) == [b"line 2999\r\n", b"line 3000\r\n"]
    assert here.context.log_cache.load_lines(KEY, JOB, 1, 1) is None


def test_a_log_that_github_has_deleted_meanwhile_is_reported_to_be_expired(stage):
    """There is no hope for it."""
    here = collected(stage)
    here.advance(91 * 86400)
    answer = unreadable(here)
    assert answer.state == "fetched"
    assert "410" in answer.reason
    assert not answer.may_become_available


def test_a_log_that_github_cannot_give_now_may_come(stage):
    """Ask again later."""
    here = collected(stage)
    here.fail(Fault(path="/logs", do="error", status=502))
    assert unreadable(here).may_become_available


def test_a_log_whose_bucket_cannot_be_reached_may_come_though_github_has_deleted_it(stage):
    """Ask again when the bucket answers."""
    here = collected(stage, max_message_bytes=5000, with_bucket=True)
    here.advance(91 * 86400)
    here.blobs.open = raising(QueueUnavailable("The bucket did not answer."))
    answer = unreadable(here)
    assert "410" in answer.reason
    assert answer.may_become_available


def test_the_reason_that_was_recorded_is_given(stage):
    """A skipped job never wrote a log."""
    builder = WorldBuilder().run(seconds=60).job("build", "skipped")
    here = stage(builder, at=100)
    assert here.poll() is None
    here.ingest()
    answer = unreadable(here)
    assert answer.state == "unavailable"
    assert answer.reason.startswith("never_existed:")
    assert not answer.may_become_available


def test_a_pending_and_an_unknown_log_may_come(stage):
    """The first is on its way, the second may be."""
    here = stage(WorldBuilder().run(seconds=60).job("build", log=LOG), at=100)
    assert here.poll() is None
    assert unreadable(here).state == LOG_PENDING
    assert unreadable(here, job_id=1).state == "unknown"
    assert unreadable(here).may_become_available


def test_a_50_mb_log_is_read_page_by_page_without_loading_it(stage, tmp_path):
    """Twenty pages from all over it take a fraction of its memory."""
    here = collected(stage)
    state = open_sql_state(str(tmp_path / "state.db"))
    here.context = replace(here.context, log_cache=state.log_cache)
    with (tmp_path / "log").open("w+b") as log:
        log.writelines(LOG_TEXT % number for number in range(50 * MIB // len(LOG_TEXT % 0)))
        log.seek(0)
        state.log_cache.save_log(KEY, JOB, log, LogOutline(), here.clock.now())
    total = log_reader(here.context).read(KEY, JOB, 1, 0).total_lines
    tracemalloc.start()
    for first in range(1, total, total // 20):
        assert read(here, first, 500)[0] == LOG_TEXT % (first - 1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    state.close()
    assert peak < 4 * MIB


def test_a_large_log_is_fetched_again_without_loading_it(stage, tmp_path):
    """From its object in the bucket into the cache, in constant memory."""
    here = collected(stage, log=LogSpec(seed="giant", giant_bytes=16 * MIB), with_bucket=True)
    state = open_sql_state(str(tmp_path / "state.db"))
    here.context = replace(here.context, log_cache=state.log_cache)
    tracemalloc.start()
    assert read(here, 1, 500)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(map(len, state.log_cache.load_content(KEY, JOB))) == 16 * MIB
    state.close()
    assert peak < 12 * MIB
