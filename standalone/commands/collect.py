"""``collect``: both agents, without Anvil."""

from __future__ import annotations

from contextlib import closing

import click

from ..command import command
from ..environment import read_environment
from ..repositories import parse_repositories, require_any, require_known_to_github
from ..stopping import stopped_by_signals


@command()
@click.argument("repositories", nargs=-1, metavar="[OWNER/REPO | URL]...")
@click.option("--once", is_flag=True, help="Collect all that there is, then exit.")
@click.option(
    "--webhooks",
    "webhook_port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Also take GitHub's webhooks in on this port.",
)
@click.option("--webhook-host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def collect(
    repositories: tuple[str, ...],
    *,
    once: bool,
    webhook_port: int | None,
    webhook_host: str,
    as_json: bool,
) -> int:
    """Collect runs, jobs, commits and logs of repositories until stopped.

    Repositories are remembered; without any, those of the last time are collected. SIGTERM or
    Ctrl-C ends after the work in hand, Ctrl-C again at once; the next start goes on.
    """
    if once and webhook_port is not None:
        raise click.UsageError("--once and --webhooks exclude each other.")
    settings = read_environment()
    names = parse_repositories(repositories, settings)

    from ingest.bootstrap import open_headless

    from ..collecting import collect_all_once, collect_until_stopped
    from ..webhook_server import webhooks_taken_in

    with (
        stopped_by_signals() as stop,
        closing(open_headless(settings, stop=stop.event)) as collector,
    ):
        require_any(names, collector.world.store)
        require_known_to_github(names, collector)
        if once:
            return collect_all_once(collector, names, stop, as_json=as_json)
        with webhooks_taken_in(collector, host=webhook_host, port=webhook_port):
            return collect_until_stopped(collector, names, stop, as_json=as_json)
