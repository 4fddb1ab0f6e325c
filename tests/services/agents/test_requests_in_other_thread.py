"""A tick reports while it waits for an answer."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from ingest.errors import GithubUnavailable
from ingest.ports import RunQuery
from ingest.services.intercepted_ports import requests_in_other_thread
from ingest.services.time_limits import await_result
from support.world import REPOSITORY, Stage
from support.world_builder import WorldBuilder

#: A source that is never released fails the test in place of hanging.
PATIENCE_SECONDS = 60


class _Slow:
    """A source that answers once somebody has checked in."""

    def __init__(self, github, checked_in: threading.Event) -> None:
        self._github = github
        self._checked_in = checked_in

    def __getattr__(self, name):
        return getattr(self._github, name)

    def fetch_runs(self, *arguments):
        assert self._checked_in.wait(PATIENCE_SECONDS)
        return self._github.fetch_runs(*arguments)

    def fetch_run(self, *_):
        raise GithubUnavailable("GitHub is away.")


@pytest.fixture
def here(stage) -> Stage:
    return stage(WorldBuilder().run(seconds=60).job("a"), at=100)


def test_the_thread_that_waits_checks_in(here):
    """And gets what was answered, or raised."""
    checked_in, threads = threading.Event(), set()

    def while_waiting() -> None:
        threads.add(threading.get_ident())
        checked_in.set()

    slow = replace(here.context, github=_Slow(here.context.github, checked_in))
    with requests_in_other_thread(slow, while_waiting) as context:
        page = context.github.fetch_runs(REPOSITORY, RunQuery()).value
        with pytest.raises(GithubUnavailable, match="away"):
            context.github.fetch_run(REPOSITORY, 1)
        assert context.metrics_queue.queue_name == here.context.metrics_queue.queue_name
    assert page is not None
    assert len(page.runs) == 1
    assert threads == {threading.get_ident()}


def test_other_threads_call_nothing_while_they_wait(here):
    """They may not use the tables, and their requests would wait for each other."""
    asked_in = []

    class _Asked(_Slow):
        def fetch_run(self, *_):
            asked_in.append(threading.get_ident())

    slow = replace(here.context, github=_Asked(here.context.github, threading.Event()))
    with requests_in_other_thread(slow, lambda: None) as context:
        worker = threading.Thread(target=context.github.fetch_run)
        worker.start()
        worker.join()
    assert asked_in == [worker.ident]


def test_the_thread_that_uploads_a_large_log_checks_in(stage):
    """An upload takes minutes, after which its agent would be taken for dead."""
    here = stage(WorldBuilder(), with_bucket=True)
    checked_in, threads = threading.Event(), []

    def chunks():
        threads.append(threading.get_ident())
        assert checked_in.wait(PATIENCE_SECONDS)
        yield b"log"

    with requests_in_other_thread(here.context, checked_in.set) as context:
        reference = context.blobs.put("key", chunks(), content_type="text/plain")
        with context.blobs.open(reference) as content:
            assert b"".join(content) == b"log"
    assert threads != [threading.get_ident()]


def test_who_waits_for_workers_checks_in(here):
    """As discovery does for its lists."""
    checked_in = threading.Event()
    slow = _Slow(here.context.github, checked_in)
    with requests_in_other_thread(replace(here.context, github=slow), checked_in.set) as context:
        read = context.executor.submit(context.github.fetch_runs, REPOSITORY, RunQuery())
        assert await_result(read, context.while_waiting).value is not None
