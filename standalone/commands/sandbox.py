"""``sandbox``: a simulated GitHub on this machine, for tests of collectors."""

from __future__ import annotations

import re
from pathlib import Path

import click

from ..command import command, examples, host_option, option
from ..stopping import stopped_by_signals

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@command(
    epilog=examples(
        "runstream sandbox",
        "runstream sandbox --port 8080 --speed 60 --runs-per-hour 120",
    )
)
@host_option
@option(
    "--port",
    "PORT",
    8080,
    "Port to listen on. 0 selects a free one.",
    type=click.IntRange(0, 65535),
)
@option("--seed", "TEXT", "0", "Determines all simulated data.")
@option("--speed", "N", 1.0, "Simulated seconds per second.", type=click.FloatRange(min=0))
@click.option("--corpus", type=_FOLDER, help="Serve recorded data from this folder instead.")
@click.option("--scenario", type=_FILE, help="YAML file with limits, faults and tokens.")
@option("--repositories", "N", 3, "Number of repositories.", type=click.IntRange(min=1))
@option(
    "--runs-per-hour",
    "N",
    12.0,
    "Runs per hour of each repository.",
    type=click.FloatRange(min=0, max=512),
)
@option("--history-days", "N", 1.0, "Days of past runs at the start.", type=click.FloatRange(min=0))
@click.option("--webhook-url", metavar="URL", help="Send webhooks to this address.")
@click.option("--webhook-secret", default="", metavar="TEXT", help="Secret that signs webhooks.")
def sandbox(*, scenario: Path | None, **options: object) -> None:
    """Serve a simulated GitHub for tests.

    Prints how to use it. It has GitHub's REST and GraphQL API for Actions, with rate limits,
    faults and webhooks.
    """
    from ..sandbox.command import serve_sandbox

    if options["corpus"] is not None and options["webhook_url"] is not None:
        raise click.UsageError(
            "--corpus and --webhook-url exclude each other: recorded runs never change."
        )
    if scenario is not None:
        _require_readable(scenario)
    with stopped_by_signals() as stop:
        serve_sandbox(scenario=scenario, echo=click.echo, stop=stop.event, **options)  # type: ignore[arg-type] # click's own types


def _require_readable(scenario: Path) -> None:
    """Raise UsageError for a scenario that is not YAML, or that has unknown settings."""
    from yaml import YAMLError

    from ..sandbox.scenario import read_scenario

    try:
        read_scenario(scenario)
    except (AttributeError, TypeError, ValueError, re.error, YAMLError) as error:
        raise click.UsageError(f"{scenario} is not a scenario: {error}") from error
