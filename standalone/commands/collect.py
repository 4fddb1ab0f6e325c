"""``collect``: both agents, without Anvil."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click
from ingest.domain.sources import parse_sources

from ..command import command, examples
from ..environment import read_environment
from ..http.server import Address, AddressType, http_option, is_http_typed
from ..sources import find_repositories
from ..stopping import shutdown_deadline, stopped_by_signals

if TYPE_CHECKING:
    from ingest.services.collections.collection_plan import CollectionPolicy


@command(
    epilog=examples(
        "runstream collect octo/api https://github.com/octo/web",
        "runstream collect 'octo/*' '!octo/archive'",
        "runstream collect --once --json octo/api",
        "runstream collect --webhooks 0.0.0.0:8443 --http 127.0.0.1:8080",
    )
)
@click.argument("source_texts", nargs=-1, metavar="[SOURCE]...")
@click.option("--once", is_flag=True, help="Collect everything available, then exit.")
@click.option(
    "--only",
    type=click.Choice(["metrics", "logs"]),
    help="Run one of the two agents, to scale them separately.",
)
@click.option(
    "--webhooks",
    type=AddressType(),
    metavar="[HOST:]PORT",
    help="Also receive GitHub's webhooks at this address.",
)
@http_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def collect(  # noqa: PLR0913 - one for each option
    source_texts: tuple[str, ...],
    *,
    once: bool,
    only: str | None,
    webhooks: Address | None,
    health_and_metrics: Address | None,
    as_json: bool,
) -> int:
    """Collect runs, jobs, commits and logs until stopped.

    A SOURCE is owner/name, a URL, owner, owner/api-*, or * for all repositories that the
    credentials can read; !owner/name excludes repositories. Sources are saved: without one, all
    saved sources and those of REPOSITORIES are collected. SIGTERM, SIGHUP or Ctrl-C stops after the
    work in progress, Ctrl-C again at once; the next start continues. Exits with 78 if a person must
    act, with 69 if a later start may succeed, and with 75 if --once left items pending.
    """
    if once:
        _refuse_servers(webhooks)
    settings = read_environment()
    patterns = parse_sources(source_texts, hosts=settings.github.web_hosts)

    from ingest.bootstrap.collector import open_standalone_collector

    from .. import collecting
    from ..http.endpoints import serve_endpoints

    options = collecting.CollectOptions(as_json=as_json, only=only, base_policy=_base_policy())
    open_collector = open_standalone_collector if once else collecting.open_when_state_responds
    needs_bucket = options.policy.collects_logs
    with (
        stopped_by_signals() as stop,
        shutdown_deadline(stop, exit_code=None if once else 0),
        closing(open_collector(settings, stop=stop.event, checks_bucket=needs_bucket)) as collector,
    ):
        if not stop.should_continue():
            return stop.exit_code if once else 0
        found = find_repositories(
            collector, patterns, is_once=once, should_continue=stop.should_continue
        )
        if once:
            return collecting.collect_all_once(collector, found, stop, options)
        agents = options.agent_options.agent_names
        with serve_endpoints(
            collector, webhooks=webhooks, health_and_metrics=health_and_metrics, agents=agents
        ):
            return collecting.collect_until_stopped(collector, found.names_to_poll, stop, options)


def _base_policy() -> CollectionPolicy:
    """Return the policy that a calling program passes as click's object, else the complete one."""
    from ingest.services.collections import collection_plan

    given = click.get_current_context().find_object(collection_plan.CollectionPolicy)
    return given or collection_plan.COMPLETE_COLLECTION


def _refuse_servers(webhooks: Address | None) -> None:
    """Raise UsageError for the options of servers, which ``--once`` does not start."""
    if webhooks is not None:
        raise click.UsageError("--once and --webhooks exclude each other.")
    if is_http_typed():
        raise click.UsageError("--once and --http exclude each other.")
