"""``sources``: list, add and remove what selects the watched repositories."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import click
from ingest.bootstrap.state_stores import open_state
from ingest.domain.filters import (
    FILTERS_APPLY_FROM_NOW_ON,
    LOG_CHOICES,
    NO_FILTERS,
    parse_filters,
)
from ingest.domain.ledger import ActivityRecord
from ingest.domain.source_records import FROM_COMMAND_LINE
from ingest.domain.sources import parse_source
from ingest.ports import StateStore
from ingest.services.dashboard.sources import list_source_rows
from ingest.services.sources.manage_sources import (
    add_sources,
    change_filters,
    describe_exclusion,
    load_source,
    plan_removal,
    remove_source,
)

from ..command import RunstreamCommand, examples
from ..environment import read_environment
from ..output import print_result

#: The actor whom the audit trail names.
ACTOR = "command line"

_FILTER_HELP = {
    "workflows": "Workflows to collect, by name or file, such as 'ci.yml,deploy-*'.",
    "branches": "Branches whose runs are collected, such as 'main,!renovate/*'.",
    "events": "Events whose runs are collected, such as 'push'.",
    "actors": "Accounts whose runs are collected, such as '!dependabot[bot]'.",
}


@click.group(
    invoke_without_command=True,
    epilog=examples("runstream sources add octo/api", "runstream sources list"),
)
@click.pass_context
def sources(context: click.Context) -> None:
    """List, add and remove sources of repositories."""
    if context.invoked_subcommand is None:
        context.invoke(list_sources, as_json=False)


@sources.command("list", cls=RunstreamCommand, epilog=examples("runstream sources list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_sources(*, as_json: bool) -> None:
    """List sources with their repositories and filters."""
    with closing(open_state(read_environment())) as store:
        rows = list_source_rows(store)
    if as_json:
        print_result(json.dumps({"sources": rows}))
        return
    if not rows:
        print_result("No source is configured. Add one: runstream sources add OWNER")
    for row in rows:
        print_result(f"{row['pattern']}: {row['finding']}")


@sources.command(
    "add",
    cls=RunstreamCommand,
    epilog=examples(
        "runstream sources add 'octo/api-*'",
        "runstream sources add octo/web --branches main --logs failed",
        "runstream sources add octo/web --branches ''",
    ),
)
@click.argument("given", metavar="SOURCE")
@click.option("--workflows", metavar="PATTERNS", help=_FILTER_HELP["workflows"])
@click.option("--branches", metavar="PATTERNS", help=_FILTER_HELP["branches"])
@click.option("--events", metavar="PATTERNS", help=_FILTER_HELP["events"])
@click.option("--actors", metavar="PATTERNS", help=_FILTER_HELP["actors"])
@click.option("--logs", type=click.Choice(LOG_CHOICES), help="Jobs whose logs are collected.")
def add_source(given: str, **texts: str | None) -> None:
    """Add a source, or change the filters of one.

    A SOURCE is owner/name, a URL, owner, or owner/api-*. A running collector finds its
    repositories within seconds; `runstream doctor SOURCE` lists them without adding it. An empty
    value removes a filter.
    """
    settings = read_environment()
    pattern = parse_source(given, hosts=settings.github.web_hosts)
    changed = _read_filters({name: text for name, text in texts.items() if text is not None})
    if changed and pattern.is_exclusion:
        raise click.UsageError(f"{pattern} excludes repositories, so it has no filters.")
    with closing(open_state(settings)) as store:
        now = datetime.now(timezone.utc)
        consequence = "A running collector lists its repositories now."
        if pattern.is_exclusion:
            consequence = describe_exclusion(store, pattern)
        # With its filters at once: a collector may find its repositories before they are changed.
        filters = replace(NO_FILTERS, **changed)
        is_new = add_sources(store, [pattern], origin=FROM_COMMAND_LINE, now=now, filters=filters)
        if is_new:
            _record_activity(store, f"added the source {pattern}")
            print_result(f"Added {pattern}. {consequence}")
        elif not changed:
            print_result(f"{pattern} is a source already.")
        if changed:
            known = load_source(store, str(pattern)).filters
            sentence = change_filters(store, str(pattern), replace(known, **changed))
            _record_activity(store, f"changed {sentence[0].lower()}{sentence[1:]}")
            print_result(f"{sentence} {FILTERS_APPLY_FROM_NOW_ON}")


@sources.command(
    "remove", cls=RunstreamCommand, epilog=examples("runstream sources remove octo/web --yes")
)
@click.argument("given", metavar="SOURCE")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def remove(given: str, *, yes: bool) -> None:
    """Remove a source, after confirmation."""
    settings = read_environment()
    pattern = str(parse_source(given, hosts=settings.github.web_hosts))
    with closing(open_state(settings)) as store:
        print_result(f"If {pattern} is removed: {plan_removal(store, pattern).sentence}")
        if not yes:
            click.confirm("Remove it?", abort=True)
        remove_source(store, pattern)
        _record_activity(store, f"removed the source {pattern}")
        print_result(f"Removed {pattern}.")


def _read_filters(texts: dict[str, str]) -> dict[str, Any]:
    """Return the filters that are given, by their names. Raises UsageError."""
    try:
        filters = parse_filters(texts)
    except ValueError as fault:
        raise click.UsageError(f"A filter is not valid: {fault}.") from fault
    return {name: getattr(filters, name) for name in texts}


def _record_activity(store: StateStore, what: str) -> None:
    now = datetime.now(timezone.utc)
    store.add_activity(ActivityRecord(occurred_at=now, actor=ACTOR, repository=None, action=what))
