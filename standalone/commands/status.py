"""``status``: agents, repositories, queues and errors, read from the state."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timezone

import click
from ingest.bootstrap.queues import queue_depths
from ingest.bootstrap.state_stores import open_state
from ingest.errors import IngestError
from ingest.ports import QueueDepth
from ingest.ports.inspection import OK
from ingest.services.dashboard.health import Health, load_health
from ingest.services.doctor.machine import check_machine

from ..command import command, examples
from ..environment import read_environment
from ..failures import sentence_for
from ..output import print_result
from ..state_file import require_state
from ..terminal.snapshot import CollectorSnapshot, load_snapshot

SHOWN_ERRORS = 20
SHOWN_REPOSITORIES = 50
PIPE_WIDTH = 160
NO_AGENT = "No agent has reported: `collect` without `--once`, `serve` and `uplink` start both."

Depths = Mapping[str, QueueDepth | IngestError]


@command(
    epilog=examples(
        "runstream status",
        "runstream status --all",
        "runstream status --json",
    )
)
@click.option("--all", "shows_all", is_flag=True, help="List every repository.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(*, shows_all: bool, as_json: bool) -> None:
    """Show agents, repositories, queues and errors.

    Reads the state of DATABASE_URL, by default runstream.db in this folder; a collector can be
    running. Also shows the overall health, and problems of this machine. Of more than 50
    repositories it lists those that fail, then those that changed last.
    """
    settings = read_environment()
    require_state(settings.database_url)
    with closing(open_state(settings)) as store:
        now = datetime.now(timezone.utc)
        snapshot = load_snapshot(
            store, now=now, max_errors=SHOWN_ERRORS, web_url=settings.github.web_url
        )
        health = load_health(store, settings, snapshot.repositories, now=now)
    depths = queue_depths(settings)
    machine = [check for check in check_machine() if check.status != OK]
    if as_json:
        more = {
            "health": health.as_json(),
            "queues": _as_json(depths),
            "machine": [check.as_json() for check in machine],
        }
        print_result(json.dumps({**snapshot.as_json(), **more}))
        return
    _draw(snapshot, health, depths, shows_all=shows_all)
    for check in machine:
        print_result(f"This machine: {check.finding} {check.remedy}")


def _as_json(depths: Depths) -> list[dict[str, object]]:
    return [
        {"name": name, "error": sentence_for(depth)}
        if isinstance(depth, IngestError)
        else {"name": name, "error": None, **asdict(depth)}
        for name, depth in depths.items()
    ]


def _draw(snapshot: CollectorSnapshot, health: Health, depths: Depths, *, shows_all: bool) -> None:
    from rich.console import Console

    from ..terminal.tables import (
        agents_table,
        errors_table,
        health_lines,
        queues_table,
        repositories_table,
        unpolled_lines,
    )

    # A pipe has no width of its own, and a table cut to 80 columns shows little.
    console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
    now, counts = snapshot.taken_at, snapshot.counts
    with console.capture() as drawn:
        console.print(health_lines(health, now))
        console.print(agents_table(snapshot.agents, now) if snapshot.agents else NO_AGENT)
        if snapshot.repositories:
            shown = snapshot if shows_all else snapshot.shortened(SHOWN_REPOSITORIES)
            console.print(repositories_table(shown))
            if shown.left_out:
                console.print(
                    "Listed: failing ones, then those that changed last; --all lists every one.\n"
                )
            console.print(unpolled_lines(snapshot))
        console.print(queues_table(_describe_depths(depths)))
        console.print(
            f"{counts.attempts:,} attempts known, {counts.open_attempts:,} of them open; logs: "
            f"{counts.logs_fetched:,} fetched, {counts.logs_pending:,} pending, "
            f"{counts.logs_unavailable:,} unavailable.\n"
        )
        console.print(errors_table(snapshot.errors, now))
    print_result(drawn.get().removesuffix("\n"))


def _describe_depths(depths: Depths) -> dict[str, str]:
    """Return each queue's depth or error; an error that several share is in full only once."""
    texts: dict[str, str] = {}
    first_names: dict[str, str] = {}
    for name, depth in depths.items():
        text = _describe(depth)
        first = first_names.setdefault(text.replace(name, ""), name)
        is_repeated = isinstance(depth, IngestError) and first != name
        texts[name] = f"The same error as {first}." if is_repeated else text
    return texts


def _describe(depth: QueueDepth | IngestError) -> str:
    if isinstance(depth, IngestError):
        return sentence_for(depth)
    counts = {"waiting": depth.visible, "in flight": depth.in_flight, "delayed": depth.delayed}
    known = [f"{count:,} {noun}" for noun, count in counts.items() if count is not None]
    return ", ".join(known) or "The bus does not report how many messages wait."
