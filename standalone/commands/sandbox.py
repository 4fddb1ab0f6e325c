"""``sandbox``: a GitHub on this machine, to try collectors on."""

from __future__ import annotations

from pathlib import Path

import click

from ..command import command, examples, host_option
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
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    metavar="PORT",
    show_default=True,
    help="Port to listen on. 0 selects a free one.",
)
@click.option(
    "--seed", default="0", metavar="TEXT", show_default=True, help="Determines all simulated data."
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=1.0,
    metavar="N",
    show_default=True,
    help="Simulated seconds per second.",
)
@click.option("--corpus", type=_FOLDER, help="Serve recorded data from this folder instead.")
@click.option("--scenario", type=_FILE, help="YAML file with limits, faults and tokens.")
@click.option(
    "--repositories",
    type=click.IntRange(min=1),
    default=3,
    metavar="N",
    show_default=True,
    help="Number of repositories.",
)
@click.option(
    "--runs-per-hour",
    type=click.FloatRange(min=0, max=512),
    default=12.0,
    metavar="N",
    show_default=True,
    help="Runs per hour of each repository.",
)
@click.option(
    "--history-days",
    type=click.FloatRange(min=0),
    default=1.0,
    metavar="N",
    show_default=True,
    help="Days of past runs at the start.",
)
@click.option("--webhook-url", metavar="URL", help="Send webhooks to this address.")
@click.option("--webhook-secret", default="", metavar="TEXT", help="Secret that signs webhooks.")
def sandbox(*, scenario: Path | None, **options: object) -> None:
    """Serve a simulated GitHub for tests.

    Prints how to use it. It has GitHub's REST and GraphQL API for Actions, with rate limits,
    faults and webhooks.
    """
    from ..sandbox.command import serve_sandbox

    if scenario is not None:
        _require_readable(scenario)
    with stopped_by_signals() as stop:
        serve_sandbox(scenario=scenario, echo=click.echo, stop=stop.event, **options)  # type: ignore[arg-type] # click's own types


def _require_readable(scenario: Path) -> None:
    """Refuse a scenario that is no YAML, or sets what cannot be set."""
    from yaml import YAMLError

    from ..sandbox.scenario import read_scenario

    try:
        read_scenario(scenario)
    except (AttributeError, TypeError, ValueError, YAMLError) as error:
        raise click.UsageError(f"{scenario} is not a scenario: {error}") from error
