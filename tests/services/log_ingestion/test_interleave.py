"""Work on many threads, its items taken on one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from ingest.services.log_ingestion.interleave import MAX_BUFFERED, Finished, interleave


@pytest.fixture
def executor():
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_every_item_comes_in_its_keys_order_and_then_its_end(executor):
    """Keys are mixed, but each keeps its own order."""
    taken: dict[int, list[object]] = {key: [] for key in range(10)}
    for key, item in interleave(executor, list(taken), lambda key: iter(range(key))):
        taken[key].append(item if not isinstance(item, Finished) else "end")
    assert taken == {key: [*range(key), "end"] for key in taken}


def test_an_error_ends_its_own_key_only(executor):
    """The others go on to their ends."""

    def produce(key):
        yield key
        if key == 1:
            raise ValueError(key)

    ends = {
        key: item.error
        for key, item in interleave(executor, [0, 1, 2], produce)
        if isinstance(item, Finished)
    }
    assert (ends[0], ends[2]) == (None, None)
    assert isinstance(ends[1], ValueError)


def test_what_ends_a_worker_ends_its_taker(executor):
    """SystemExit, or a panic of a library, is not one key's error: nobody waits for its end."""

    def produce(key):
        yield key
        raise SystemExit(7)

    idle: list[int] = []

    def when_idle() -> None:
        idle.append(1)
        assert len(idle) < 5, "the end of the key never comes"

    items = interleave(executor, [1], produce, when_idle=when_idle)
    assert next(items) == (1, 1)
    with pytest.raises(SystemExit, match="7"):
        next(items)
    assert len(idle) < 5


def test_a_taker_is_called_again_and_again_while_it_waits(executor):
    """So that an agent that waits for a long log is known to be alive."""
    calls, go_on = [], threading.Event()

    def produce(key):
        go_on.wait(30)
        yield key

    def when_idle() -> None:
        calls.append(1)
        if len(calls) == 3:
            go_on.set()

    items = [item for _, item in interleave(executor, [7], produce, when_idle=when_idle)]
    assert items[0] == 7
    assert len(calls) >= 3


def test_a_stop_ends_at_once_what_has_not_begun(executor):
    """What has begun ends after the item in progress, for which the taker waits."""
    go_on = threading.Event()

    def produce(key):
        go_on.wait(30)
        yield "first"
        yield "second"

    items = interleave(executor, range(6), produce, should_continue=lambda: False)
    for _, end in [next(items), next(items)]:
        assert end.is_cut_short
    go_on.set()
    rest: dict[int, list[object]] = {}
    for key, item in items:
        rest.setdefault(key, []).append(item)
    assert sorted(rest) == [0, 1, 2, 3]
    assert all(first == "first" and end.is_cut_short for first, end in rest.values())


def test_what_a_shutdown_cancels_ends(executor):
    """Nobody else would end it, and the taker would wait for it."""
    begun, go_on = threading.Barrier(5), threading.Event()

    def produce(key):
        begun.wait(60)
        go_on.wait(60)
        yield key

    idle: list[int] = []

    def when_idle() -> None:
        idle.append(1)
        assert len(idle) < 60, "the end of a cancelled key never comes"
        if len(idle) == 1:
            begun.wait(60)
            executor.shutdown(wait=False, cancel_futures=True)
            go_on.set()

    ends = {
        key: item.is_cut_short
        for key, item in interleave(executor, range(6), produce, when_idle=when_idle)
        if isinstance(item, Finished)
    }
    assert ends == {0: False, 1: False, 2: False, 3: False, 4: True, 5: True}


def test_a_taker_that_leaves_stops_the_work(executor):
    """Generators end at their next item, and those that wait for a thread never begin."""
    begun, go_on = [], threading.Event()

    def produce(key):
        begun.append(key)
        yield key
        go_on.wait(10)
        for _ in range(1000 * MAX_BUFFERED):
            yield key

    items = interleave(executor, list(range(50)), produce)
    next(items)
    go_on.set()
    items.close()
    assert len(begun) < 50


def test_a_thread_that_cannot_be_started_stops_the_work(executor):
    """What has begun would wait for ever for a taker that was never there."""
    ended = threading.Event()

    def produce(key):
        try:
            yield from range(1000 * MAX_BUFFERED)
        finally:
            ended.set()

    def submit(work, key):
        if key == 1:
            raise RuntimeError("can't start new thread")
        return executor.submit(work, key)

    with pytest.raises(RuntimeError, match="new thread"):
        next(interleave(SimpleNamespace(submit=submit), [0, 1], produce))
    assert ended.wait(60)


def test_nothing_to_do_is_no_work(executor):
    """No key, no item."""
    assert list(interleave(executor, [], lambda _: iter(()))) == []
