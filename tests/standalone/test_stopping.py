"""How signals end what works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.command_line import CommandLine, wait_until

from standalone.local.supervised_process import GRACE_SECONDS
from standalone.stopping import SHUTDOWN_SECONDS, stopped_by_signals

ROOT = Path(__file__).parents[2]

_WAIT = """
import signal, sys, threading
from standalone.stopping import stopped_by_signals

signal.signal(signal.SIGHUP, signal.Handlers[sys.argv[1]])
threading.Thread(target=threading.Event().wait, daemon=True).start()
with stopped_by_signals() as stop:
    # From here on the kernel gives the signal to another thread, as it may do at any time.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    print("ready", flush=True)
    stop.event.wait(60)
    print("requested", stop.signal_number, stop.exit_code, flush=True)
    threading.Event().wait(60)
"""

#: A thread that never ends, for which Python waits at its own end.
_LEFT_BEHIND = """
import threading
from standalone.stopping import shutdown_deadline, stopped_by_signals

threading.Thread(target=threading.Event().wait).start()
with stopped_by_signals() as stop, shutdown_deadline(stop):
    print("ready", flush=True)
    stop.event.wait(60)
print("ended", flush=True)
"""


#: Either is one long use of the CPU; only a sum in C keeps all other threads from running.
_BUSY = """
import sys, time
from standalone.stopping import stopped_by_signals

with stopped_by_signals(cpu_seconds=0.5):
    if sys.argv[1] == "stuck":
        sum(range(10**15))
    while time.process_time() < 2:
        pass
"""


_STARTING = """
import signal, sys
from standalone.__main__ import main

class Finder:
    def find_spec(name, *_rest):
        if name == module:
            try:
                signal.raise_signal(signal.Signals[number])
            except SystemExit as error:  # as compiled modules do while they are imported
                raise ImportError from error

number, module = sys.argv[1:]
sys.argv[1:] = ["status"]
sys.meta_path.insert(0, Finder)
main()
"""


@contextmanager
def _waiting(
    hangup: signal.Handlers = signal.SIG_DFL, code: str = _WAIT, stderr: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", code, hangup.name],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_is_a_request_and_the_second_ends_whatever_the_main_thread_does(first):
    """Also where the main thread hears of neither."""
    with _waiting() as process:
        process.send_signal(first)
        assert process.stdout.readline() == f"requested {int(first)} {128 + first}\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130


def test_nohup_keeps_it_running_when_the_terminal_closes():
    """It starts a command with SIGHUP ignored."""
    with _waiting(signal.SIG_IGN) as process:
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline() == "requested 15 143\n"


def test_a_second_request_to_end_waits_for_the_first():
    """A supervisor may repeat itself; only a person's second Ctrl-C is impatience."""
    with _waiting() as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline().startswith("requested")
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)


@pytest.mark.slow
def test_neither_a_thread_that_is_left_nor_a_stuck_reader_of_stderr_keeps_the_process():
    """Python waits for the one for ever, and the last notice for the other: its pipe is full."""
    unread, full = os.pipe()
    os.set_blocking(full, False)
    with suppress(BlockingIOError):
        while os.write(full, b"-"):
            pass
    os.set_blocking(full, True)
    with _waiting(code=_LEFT_BEHIND, stderr=full) as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "ended\n"
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
    os.close(unread)
    os.close(full)


@pytest.mark.parametrize(("how", "ends_with"), [("stuck", -signal.SIGPROF), ("busy", 0)])
def test_an_interpreter_that_lets_no_thread_run_is_ended(how: str, ends_with: int):
    """CPython does so for ever where memory is refused at the wrong moment."""
    done = subprocess.run([sys.executable, "-c", _BUSY, how], cwd=ROOT, timeout=120, check=False)
    assert done.returncode == ends_with


def test_what_ends_one_after_the_other_ends_within_twenty_seconds():
    """Servers have their own limit, from where their owner's is over; 2 s are left for a delay."""
    assert SHUTDOWN_SECONDS + GRACE_SECONDS <= 18


def test_afterwards_signals_are_whose_they_were_before():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with stopped_by_signals() as stop:
        assert signal.getsignal(signal.SIGINT) != before[0]
        signal.raise_signal(signal.SIGTERM)
        assert stop.event.wait(30)
    assert stop.signal_number == signal.SIGTERM
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert signal.set_wakeup_fd(-1) == -1


def test_a_signal_that_comes_while_handlers_are_set_is_a_request(monkeypatch: pytest.MonkeyPatch):
    """A supervisor may end a process at any moment of its start, and does not ask twice."""
    set_handler = signal.signal

    def set_and_raise(number: signal.Signals, handler: object) -> object:
        before = set_handler(number, handler)
        if number == signal.SIGTERM and handler is not before and callable(handler):
            signal.raise_signal(number)
        return before

    monkeypatch.setattr(signal, "signal", set_and_raise)
    with stopped_by_signals() as stop:
        assert stop.event.wait(30)
    assert stop.signal_number == signal.SIGTERM


@pytest.mark.parametrize("module", ["standalone.cli", "standalone.commands.status"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_still_starting_ends_without_a_traceback(number, module):
    done = subprocess.run(
        [sys.executable, "-c", _STARTING, number.name, module],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (128 + number, b"")


@pytest.mark.parametrize("lost", ["stdout", "stderr", "both"])
def test_a_collector_whose_output_nobody_reads_works_on_and_ends_well(cli: CommandLine, lost: str):
    """As ``collect | head -1`` leaves it: what it reports is no part of what it does."""
    gone, unread = os.pipe()
    os.close(gone)
    streams = {"stdout": unread, "stderr": unread} if lost == "both" else {lost: unread}
    with subprocess.Popen(
        [*cli.program, "collect", "octo/api"],
        cwd=cli.folder,
        env=cli.whole_environment({"RUNSTREAM_DEBUG": "1"}),
        **({"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | streams),
    ) as collector:
        os.close(unread)
        try:
            wait_until(lambda: cli.count_messages("LOGS_QUEUE") == 3)
            collector.send_signal(signal.SIGTERM)
            assert collector.wait(timeout=60) == 0
        finally:
            collector.kill()
    assert cli.json("status")["counts"]["logs_fetched"] == 3


@pytest.mark.parametrize("lost", ["stdout", "stderr"])
def test_a_collection_that_ends_has_its_own_exit_code_whoever_reads(cli: CommandLine, lost: str):
    gone, unread = os.pipe()
    os.close(gone)
    done = subprocess.run(
        [*cli.program, "collect", "octo/api", "--once", "--json"],
        cwd=cli.folder,
        env=cli.whole_environment(),
        check=False,
        timeout=120,
        **({"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | {lost: unread}),
    )
    os.close(unread)
    assert done.returncode == 0
