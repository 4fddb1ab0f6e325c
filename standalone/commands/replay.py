"""``replay``: publish the messages of past runs again."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime

import click
from ingest.bootstrap.buses import open_bus
from ingest.bootstrap.collector import open_standalone_collector
from ingest.domain.counted_nouns import plural
from ingest.domain.counters import Counters
from ingest.domain.repositories import parse_full_name
from ingest.domain.timestamps import format_timestamp, parse_timestamp
from ingest.errors import IngestError, QueueMissing
from ingest.ports import EventBus, Publisher
from ingest.services.collections.replay import ReplayProgress
from ingest.services.collections.replay import replay as publish_again
from ingest.services.collections.replay_span import ReplaySpan
from ingest.services.context import CollectorContext

from ..command import command, examples
from ..environment import read_environment
from ..logs import write_notice
from ..output import print_result
from ..stopping import Stop, shutdown_deadline, stopped_by_signals

#: The pause between two reports of the progress.
NOTICE_SECONDS = 5.0

_DATE_LENGTH = len("2026-11-01")


class TimeType(click.ParamType["datetime"]):
    """A time in UTC. A date means its first second, or with ``is_end`` its last one."""

    name = "time"

    def __init__(self, *, is_end: bool = False) -> None:
        self._is_end = is_end

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the moment in UTC."""
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        of_day = "23:59:59" if self._is_end else "00:00:00"
        is_date = len(text) == _DATE_LENGTH
        moment = parse_timestamp(f"{text}T{of_day}Z" if is_date else text)
        if moment is None:
            self.fail(
                f"{text!r} is not a time. Give 2026-11-01 or 2026-11-01T12:00:00Z.", param, ctx
            )
        return moment


@command(
    epilog=examples(
        "runstream replay --repo octo/api --since 2026-11-01",
        "runstream replay --repo octo/api --run 123456789 --to repair_queue",
    )
)
@click.option("--repo", required=True, metavar="OWNER/NAME", help="The repository, or its URL.")
@click.option(
    "--since", type=TimeType(), metavar="TIME", help="Runs created at this time or later."
)
@click.option(
    "--until",
    type=TimeType(is_end=True),
    metavar="TIME",
    help="Runs created at this time or before.  [default: now]",
)
@click.option(
    "--run",
    "run_id",
    type=click.IntRange(min=1),
    metavar="ID",
    help="Only this run, whenever it was created.",
)
@click.option("--to", "queue", metavar="QUEUE", help="Send all messages to this queue instead.")
def replay(
    repo: str,
    *,
    since: datetime | None,
    until: datetime | None,
    run_id: int | None,
    queue: str | None,
) -> int:
    """Publish the messages of past runs again.

    Use it if a consumer lost its data. The messages have their old event_id, and "replayed": true.
    They are built from the state and the stored logs, or from GitHub if those are gone. A TIME is
    a date or 2026-11-01T12:00:00Z, in UTC; --until includes the whole date. A replay that is
    stopped prints how to continue.
    """
    if since is None and run_id is None:
        raise click.UsageError("Give --since, or --run for one run.")
    if run_id is not None and (since is not None or until is not None):
        raise click.UsageError("--run is for one run, whenever it was created: give it alone.")
    if since is not None and until is not None and until < since:
        raise click.UsageError("--until is before --since.")
    settings = read_environment()
    repository = parse_full_name(repo, hosts=settings.github.web_hosts)
    with (
        stopped_by_signals() as stop,
        shutdown_deadline(stop),
        closing(open_standalone_collector(settings, stop=stop.event)) as collector,
    ):
        now = collector.context.clock.now()
        if since is not None and since > now:
            raise click.UsageError("--since is in the future.")
        span = ReplaySpan(
            repository=repository,
            since=since or now,
            until=min(until or now, now),
            run_id=run_id,
        )
        if queue is None:
            return _run(collector.context, span, stop)
        with closing(open_bus(settings)) as bus:
            publisher = _open_queue(bus, queue)
            context = replace(collector.context, metrics_queue=publisher, logs_queue=publisher)
            return _run(context, span, stop)


def _open_queue(bus: EventBus, name: str) -> Publisher:
    """Open the queue of ``--to``, which ``setup`` does not create. Raises QueueMissing."""
    try:
        return bus.open_publisher(name, Counters())
    except QueueMissing as error:
        raise QueueMissing(
            f"The queue {name} of --to does not exist. Create it, or correct the name."
        ) from error


def _run(context: CollectorContext, span: ReplaySpan, stop: Stop) -> int:
    """Replay with notices of the progress; return the exit code."""
    progress = ReplayProgress(reached=span.since)
    noticed_at = time.monotonic()
    try:
        for progress in publish_again(context, span, should_continue=stop.should_continue):
            if time.monotonic() - noticed_at >= NOTICE_SECONDS:
                noticed_at = time.monotonic()
                write_notice(_describe(progress))
    except IngestError:
        if progress.attempts:
            write_notice(_how_to_continue(span, progress))
        raise
    has_any = progress.attempts or progress.lost_attempts or stop.event.is_set()
    print_result(_describe(progress) if has_any else _nothing_found(span))
    for count, what in ((progress.lost_attempts, "attempt"), (progress.lost_logs, "log")):
        if count:
            print_result(f"Neither stored nor on GitHub any more: {plural(count, what)}.")
    if progress.refused_messages:
        print_result(f"The queue refused {plural(progress.refused_messages, 'message')}.")
    if stop.event.is_set():
        write_notice(_how_to_continue(span, progress))
        return stop.exit_code
    return 0


def _describe(progress: ReplayProgress) -> str:
    return (
        f"Replayed {plural(progress.attempts, 'attempt')}, "
        f"{plural(progress.messages, 'message')} about runs and jobs, "
        f"and {plural(progress.logs, 'log')}, up to {format_timestamp(progress.reached)}."
    )


def _nothing_found(span: ReplaySpan) -> str:
    if span.run_id is not None:
        return f"Run {span.run_id} of {span.repository} has no attempt, or filters leave it out."
    return (
        f"No run of {span.repository} was created from {format_timestamp(span.since)} to "
        f"{format_timestamp(span.until)}, or filters leave all of them out."
    )


def _how_to_continue(span: ReplaySpan, progress: ReplayProgress) -> str:
    if span.run_id is not None:
        return "To continue, run the same command again; repeated messages keep their event_id."
    since = f"--since {format_timestamp(progress.reached)}"
    return f"To continue, run it with {since}; repeated messages keep their event_id."
