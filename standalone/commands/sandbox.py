"""``sandbox``: a simulated GitHub on this machine, for tests of collectors."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..command import command, examples, host_option, option
from ..http.server import Address, cannot_listen
from ..output import print_result
from ..stopping import stopped_by_signals

if TYPE_CHECKING:
    from ..sandbox.server import SandboxServer
    from ..sandbox.settings import Settings
    from ..sandbox.world import World

MAX_NAMES_SHOWN = 5

#: The options of a simulation: recorded runs never change, and send no webhooks.
_SIMULATION = ("seed", "repositories", "runs_per_hour", "history_days", "webhook_url")

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
def sandbox(  # noqa: PLR0913 - one for each option
    *,
    host: str,
    port: int,
    speed: float,
    corpus: Path | None,
    scenario: Path | None,
    webhook_url: str | None,
    webhook_secret: str,
    **simulation: Any,  # noqa: ANN401 - click names and types them, above
) -> None:
    """Serve a simulated GitHub for tests.

    Prints how to use it. It has GitHub's REST and GraphQL API for Actions, with rate limits,
    faults and webhooks.
    """
    from ..sandbox.clock import SandboxClock
    from ..sandbox.server import SandboxServer
    from ..sandbox.simulation import simulated_world

    _refuse_ignored_options(corpus, webhook_url, webhook_secret)
    settings = _read_settings(scenario)
    hooks = [] if webhook_url is None else [(webhook_url, webhook_secret)]
    with stopped_by_signals() as stop:
        if corpus is None:
            world = simulated_world(start=time.time(), hooks=hooks, **simulation)
        else:
            world = _read_corpus(corpus)
        clock = SandboxClock(world.clock_start, speed=speed)
        try:
            server = SandboxServer(world, clock=clock, settings=settings, host=host, port=port)
        except ValueError as error:
            raise click.UsageError(f"--host {host}: {error}") from error
        except OSError as error:
            raise cannot_listen(Address(host, port), error) from error
        with server:
            print_result("\n".join(_how_to_use(server)))
            stop.event.wait()


def _refuse_ignored_options(corpus: Path | None, webhook_url: str | None, secret: str) -> None:
    """Raise UsageError for an option that another one makes pointless."""
    context = click.get_current_context()
    given = [
        name
        for name in _SIMULATION
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    ]
    if corpus is not None and given:
        option_name = f"--{given[0].replace('_', '-')}"
        raise click.UsageError(
            f"--corpus and {option_name} exclude each other: recorded runs never change."
        )
    if secret and webhook_url is None:
        raise click.UsageError("--webhook-secret signs webhooks: it needs --webhook-url.")


def _read_corpus(folder: Path) -> World:
    """Read a folder of recordings. Raises UsageError for one that holds none, or something else."""
    from ..sandbox.corpus import corpus_world

    try:
        world = corpus_world(folder)
    except (LookupError, TypeError, ValueError) as error:
        raise click.UsageError(f"--corpus {folder} is not recorded data: {error}") from error
    if not world.repositories:
        raise click.UsageError(
            f"--corpus {folder} has no runs.jsonl, jobs.jsonl or commits.jsonl with a line."
        )
    return world


def _read_settings(scenario: Path | None) -> Settings:
    """Read a scenario. Raises UsageError for one that is not YAML, or has unknown settings."""
    from yaml import YAMLError

    from ..sandbox.scenario import read_scenario
    from ..sandbox.settings import Settings

    if scenario is None:
        return Settings()
    try:
        return read_scenario(scenario)
    except (AttributeError, TypeError, ValueError, re.error, YAMLError) as error:
        raise click.UsageError(f"{scenario} is not a scenario: {error}") from error


def _how_to_use(server: SandboxServer) -> list[str]:
    """Return the lines with the sandbox's addresses, a token, and an example."""
    from ..sandbox.settings import DEFAULT_TOKEN

    names = [repository.spec.full_name for repository in server.world.repositories]
    more = f" and {len(names) - MAX_NAMES_SHOWN} more" if len(names) > MAX_NAMES_SHOWN else ""
    tokens = server.settings.tokens
    token = tokens[0].value if tokens else DEFAULT_TOKEN
    return [
        f"Sandbox GitHub     {server.url}  (logs from {server.log_host_url})",
        f"Token              {token}",
        f"Repositories       {', '.join(names[:MAX_NAMES_SHOWN])}{more}",
        f"Statistics         {server.url}/_sandbox/stats",
        f"Truth              {server.url}/_sandbox/truth",
        "",
        f"GITHUB_API_URL={server.url} GITHUB_TOKEN={token} \\",
        f"    runstream collect {names[0] if names else 'OWNER/REPO'}",
    ]
