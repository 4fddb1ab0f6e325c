"""Run both agents for a person or a program: show their progress, report what they collected."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from ingest.bootstrap.collector import Collector, open_standalone_collector
from ingest.domain.counted_nouns import plural
from ingest.errors import IngestError, RateLimited, RequestPaused, StateUnavailable
from ingest.services.collections.collection_plan import COMPLETE_COLLECTION, CollectionPolicy
from ingest.services.collections.one_time_collection import save_one_time_collection
from ingest.settings import Settings

from .agents import DEFAULT_OPTIONS, AgentOptions, NamesToPoll, run_agents
from .failures import INCOMPLETE, exit_code_for, sentence_for
from .logs import write_notice
from .once import collect_once
from .output import print_result
from .repositories import FoundRepositories
from .startup_retries import retry_at_start
from .stopping import Stop
from .terminal.live_view import open_view
from .terminal.progress import PendingItem, Summary, summarize

#: The values of ``--only``: each names an agent by what it publishes.
METRICS = "metrics"
LOGS = "logs"

#: How many pending items a person reads; ``--json`` prints all.
PENDING_SHOWN = 20


def open_when_state_responds(
    settings: Settings, *, stop: threading.Event, checks_bucket: bool
) -> Collector:
    """Open a collector for the agents; wait up to five minutes for a database that is starting.

    Raises what ``open_standalone_collector`` raises.
    """
    opener = partial(open_standalone_collector, settings, stop=stop, checks_bucket=checks_bucket)
    return retry_at_start(opener, retry_on=StateUnavailable, stop=stop)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectOptions:
    """How a collection reports, and which agent it runs: METRICS, LOGS, or None for both.

    ``base_policy``: what ``--once`` collects, before ``only`` restricts it to one agent.
    """

    as_json: bool = False
    only: str | None = None
    base_policy: CollectionPolicy = COMPLETE_COLLECTION

    @property
    def agent_options(self) -> AgentOptions:
        """Return the threads of the agents that run."""
        options = DEFAULT_OPTIONS
        if self.only == METRICS:
            return replace(options, log_threads=0)
        return replace(options, monitoring_threads=0) if self.only == LOGS else options

    @property
    def policy(self) -> CollectionPolicy:
        """Return what ``--once`` collects."""
        return replace(
            self.base_policy, collects_runs=self.only != LOGS, collects_logs=self.only != METRICS
        )


def collect_until_stopped(
    collector: Collector,
    names_to_poll: NamesToPoll,
    stop: Stop,
    options: CollectOptions = CollectOptions(),
) -> int:
    """Run the agents until ``stop`` is set; return 0, because being stopped is not a failure.

    ``names_to_poll`` returns the repositories to poll now, or None to poll all in the state.
    """
    started = time.monotonic()
    with open_view(collector) as show, _announcing_stop(stop):
        run_agents(
            collector,
            names_to_poll,
            stop=stop.event,
            on_progress=show,
            options=options.agent_options,
        )
    _report(summarize(collector, seconds=time.monotonic() - started), as_json=options.as_json)
    return 0


def collect_all_once(
    collector: Collector, found: FoundRepositories, stop: Stop, options: CollectOptions
) -> int:
    """Collect everything, save the outcome for ``status``, and return the exit code.

    What was collected is reported first, then the error of each repository that failed.
    """
    started_at = collector.context.clock.now()
    try:
        code, note = _collect_all(collector, found, stop, options)
    except Exception as error:
        _save_outcome(collector, found, started_at, exit_code_for(error), sentence_for(error))
        raise
    _save_outcome(collector, found, started_at, code, note)
    return code


def _collect_all(
    collector: Collector, found: FoundRepositories, stop: Stop, options: CollectOptions
) -> tuple[int, str | None]:
    """Collect and report; return the exit code, and a sentence on what is left, None for 0."""
    policy = options.policy
    with open_view(collector) as show, _announcing_stop(stop):
        result = collect_once(
            collector, found.names, stop=stop.event, on_progress=show, policy=policy
        )
    summary, errors = result.summary, {**found.refused, **result.errors}
    if options.as_json or summary.attempts or not errors:
        _report(summary, as_json=options.as_json)
    was_stopped = stop.signal_number is not None
    raised = None if was_stopped else _first_failure(found.refused, result.errors)
    for name, error in result.errors.items():
        if error is not raised:
            write_notice(f"{name}: {sentence_for(error)}", level=logging.ERROR)
    if was_stopped:
        notice = "Stopped before everything was collected; the next start continues."
        write_notice(notice)
        return stop.exit_code, notice
    if summary.pending:
        write_notice(_describe_pending(summary.pending), level=logging.WARNING)
    if raised is not None:
        raise raised
    if summary.pending or errors:
        left = plural(len(summary.pending) + len(errors), "item is", "items are")
        return INCOMPLETE, f"{left} pending; the next start continues."
    return 0, None


def _first_failure(
    refused: Mapping[str, IngestError], failed: Mapping[str, IngestError]
) -> IngestError | None:
    """Return the error that ends the command; a rate limit does not: its items are left pending."""
    limits = (RateLimited, RequestPaused)
    failures = (error for error in failed.values() if not isinstance(error, limits))
    return next(iter(refused.values()), None) or next(failures, None)


def _save_outcome(
    collector: Collector,
    found: FoundRepositories,
    started_at: datetime,
    exit_code: int,
    note: str | None,
) -> None:
    context = collector.context
    with suppress(IngestError):  # the exit code reports the outcome, too
        save_one_time_collection(
            context,
            started_at=started_at,
            exit_code=exit_code,
            repositories=len(found.names) or len(context.store.list_repositories()),
            note=note,
        )


@contextmanager
def _announcing_stop(stop: Stop) -> Iterator[None]:
    """Announce the stop when ``stop`` is set; set it at the end of the block, to end the thread."""
    has_ended = threading.Event()

    def announce() -> None:
        stop.event.wait()
        if not has_ended.is_set():
            again = "" if stop.signal_number is None else " Ctrl-C again stops at once."
            write_notice(f"Stopping after the work in progress.{again}")

    thread = threading.Thread(target=announce)
    thread.start()
    try:
        yield
    finally:
        has_ended.set()
        stop.event.set()
        thread.join()


def _describe_pending(pending: Sequence[PendingItem]) -> str:
    lines = [
        f"  {item.name}" + (f": {item.reason}" if item.reason else "")
        for item in pending[:PENDING_SHOWN]
    ]
    more = [f"  and {len(pending) - PENDING_SHOWN:,} more"] if len(pending) > PENDING_SHOWN else []
    head = f"Not collected yet, {len(pending):,} in all; the next start tries again:"
    return "\n".join([head, *lines, *more])


def _report(summary: Summary, *, as_json: bool) -> None:
    print_result(json.dumps(summary.as_json()) if as_json else _describe_summary(summary))


def _describe_summary(summary: Summary) -> str:
    missing = f" ({summary.logs_unavailable:,} more do not exist)" * bool(summary.logs_unavailable)
    charged, free = (summary.github_requests[kind] for kind in ("charged", "free"))
    queues = "".join(f"\n  {name}: {count:,}" for name, count in summary.messages.items())
    return (
        f"Collected {summary.runs:,} runs in {summary.attempts:,} attempts, {summary.jobs:,} jobs, "
        f"{summary.steps:,} steps, {summary.commits:,} commits\nand {summary.logs:,} logs{missing} "
        f"in {summary.seconds:,.1f} s.\n{_describe_filtered(summary)}Messages sent:{queues}\n"
        f"Requests: {charged:,} charged and {free:,} free by GitHub, "
        f"{summary.queue_requests:,} to the queues. Errors: {summary.errors:,}."
    )


def _describe_filtered(summary: Summary) -> str:
    """Return a line on what filters left out; an empty text if they left out nothing."""
    if not (summary.runs_filtered or summary.logs_filtered):
        return ""
    return (
        f"Left out by filters: {plural(summary.runs_filtered, 'run')} and "
        f"{plural(summary.logs_filtered, 'log')}.\n"
    )
