"""``run``: everything on this machine, in one command."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import click
from ingest.domain.sources import parse_sources
from ingest.errors import QueueUnavailable

from ..command import command, examples
from ..environment import read_environment
from ..output import print_result
from ..sources import find_repositories
from ..startup_retries import retry_at_start
from ..stopping import Stop, shutdown_deadline, stopped_by_signals

if TYPE_CHECKING:
    from ..local.local_environment import LocalEnvironment


@command(
    epilog=examples(
        "runstream run",
        "runstream run --terminal --seconds 60",
        "GITHUB_TOKEN=... AWS_PROFILE=... runstream run octo/api",
    )
)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Stop after this many seconds.",
)
@click.option(
    "--terminal",
    "on_terminal",
    is_flag=True,
    help="Show a live view here instead of the dashboard.",
)
def run(sources: tuple[str, ...], *, seconds: float | None, on_terminal: bool) -> int:
    """Try Runstream: start everything on this machine.

    A SOURCE is owner/name, a URL, owner, or owner/api-*. Without a token, an App and a source, it
    collects from a sandbox GitHub with simulated runs. Without AWS credentials, it publishes to a
    local SQS. It serves the dashboard if Java and the extra `server` are installed, and shows a
    live view in this terminal otherwise. It prints which defaults it chose, and why.
    """
    # Sources and settings are checked first: an error should be reported before anything starts.
    patterns = parse_sources(sources, hosts=read_environment().github.web_hosts)
    from ..dashboard import STOP_LINE, serve_dashboard
    from ..local.local_environment import open_local_environment

    with (
        stopped_by_signals() as stop,
        shutdown_deadline(stop, exit_code=0),
        open_local_environment(list(map(str, patterns)), environment=os.environ) as local,
    ):
        if seconds is not None:
            timer = threading.Timer(seconds, stop.event.set)
            timer.daemon = True
            timer.start()
        print_result("\n".join(local.lines))
        if local.has_local_aws:
            _create_local_queues(local, stop)
        if on_terminal:
            print_result("View   below, because of --terminal")
        else:
            code = serve_dashboard(local, stop)
            if code is not None:
                return code
        print_result("\n".join([STOP_LINE, "", *local.live_view_lines, ""]))
        return _collect(local, stop)


def _create_local_queues(local: LocalEnvironment, stop: Stop) -> None:
    from ingest.bootstrap.queues import set_up_queues

    settings = read_environment(local.settings)
    retry_at_start(
        lambda: list(set_up_queues(settings)), retry_on=QueueUnavailable, stop=stop.event
    )


def _collect(local: LocalEnvironment, stop: Stop) -> int:
    """Open a collector with the chosen settings, and show its agents on the terminal."""
    from ingest.bootstrap.collector import open_standalone_collector

    from ..collecting import collect_until_stopped

    settings = read_environment(local.settings)
    with closing(open_standalone_collector(settings, stop=stop.event)) as collector:
        patterns = parse_sources(local.sources, hosts=settings.github.web_hosts)
        found = find_repositories(collector, patterns, is_once=False)
        return collect_until_stopped(collector, found.names_to_poll, stop)
