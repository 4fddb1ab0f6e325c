"""Run both agents for a person or a program: show how far they are, report what they did."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from ingest.bootstrap import Collector
from ingest.errors import IngestError

from .agents import run_agents
from .live_view import open_view
from .once import collect_once
from .progress import Summary, summarize
from .stopping import Stop


def collect_until_stopped(
    collector: Collector, names: Sequence[str], stop: Stop, *, as_json: bool = False
) -> int:
    """Run the agents until ``stop``; return the exit code, for to be stopped is no failure."""
    started = time.monotonic()
    with open_view(collector.context.store) as show, _announced(stop):
        run_agents(collector, names, stop=stop.event, on_progress=show)
    _report(summarize(collector, seconds=time.monotonic() - started), as_json=as_json)
    return 0


def collect_all_once(
    collector: Collector, names: Sequence[str], stop: Stop, *, as_json: bool
) -> int:
    """Collect all that there is; return the exit code.

    What was collected is reported also where something could not be, before that is raised.
    """
    started = time.monotonic()
    try:
        with open_view(collector.context.store) as show, _announced(stop):
            summary = collect_once(collector, names, stop=stop.event, on_progress=show)
    except IngestError:
        summary = summarize(collector, seconds=time.monotonic() - started)
        if as_json or summary.attempts:
            _report(summary, as_json=as_json)
        raise
    _report(summary, as_json=as_json)
    if stop.signal_number is not None:
        click.echo("Stopped before everything was collected; the next start goes on.", err=True)
    return stop.exit_code


@contextmanager
def _announced(stop: Stop) -> Iterator[None]:
    """Say so when ``stop`` is set, for the work in hand may take a while; set it at the end."""
    is_over = threading.Event()

    def announce() -> None:
        stop.event.wait()
        if not is_over.is_set():
            click.echo("Stopping after the work in hand; Ctrl-C again ends at once.", err=True)

    thread = threading.Thread(target=announce)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        stop.event.set()
        thread.join()


def _report(summary: Summary, *, as_json: bool) -> None:
    click.echo(json.dumps(summary.as_json()) if as_json else _in_words(summary))


def _in_words(summary: Summary) -> str:
    lacking = f" ({summary.logs_unavailable:,} more do not exist)" * bool(summary.logs_unavailable)
    queues = "".join(f"\n  {name}: {count:,}" for name, count in summary.messages.items())
    return (
        f"Collected {summary.runs:,} runs in {summary.attempts:,} attempts, {summary.jobs:,} jobs, "
        f"{summary.steps:,} steps, {summary.commits:,} commits and {summary.logs:,} logs{lacking} "
        f"in {summary.seconds:,.1f} s.\nMessages sent:{queues}\n"
        f"Requests: {summary.github_charged:,} charged and {summary.github_free:,} free by GitHub, "
        f"{summary.sqs_requests:,} to SQS. Errors: {summary.errors:,}."
    )
