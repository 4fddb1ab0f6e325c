"""Anvil's batches, which are thread-local and replaced at their first use."""

from __future__ import annotations

import sys

from support.processes import run_program

#: One thread searches; another uses a batch for the first time before the rows are read.
TWO_THREADS = """
from concurrent.futures import ThreadPoolExecutor

import anvil.tables
from anvil.tables import _config

_config.get_client_config = lambda: {"enable_v2": True}

from anvil.tables.v2 import _batcher
from ingest.adapters.data_tables import table


def is_updating():
    return _batcher.batch_update.active


def update():
    table._prepare_batches()
    with anvil.tables.batch_update:
        assert is_updating()


with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
    reader.submit(table._prepare_batches).result()
    writer.submit(update).result()
    assert not reader.submit(is_updating).result()
    with ThreadPoolExecutor(1) as later:
        later.submit(update).result()
    assert not writer.submit(is_updating).result()
"""


def test_a_thread_that_reads_does_not_fail_at_the_first_batch_of_another() -> None:
    """In a process of its own, because Anvil replaces the batches once."""
    program = f"import sys; sys.path[:0] = {sys.path!r}\n{TWO_THREADS}"
    done = run_program([sys.executable, "-c", program])
    assert (done.returncode, done.stderr) == (0, "")
