"""What a completed run costs, by strategy and number of jobs, beside the theoretical table.

``backfill``: the runs have ended before the first look. ``watched``: each lives while the collector
looks, in a repository with a long past; every change of the list that a poll meets is one request
more, at most three a run. ``webhooks``: the same, with a webhook for everything that happens, which
takes the place of polling. What the first sight of a repository costs is not counted in these two.
Alone, a run pays for each answer of the run list that it changes; several at once share them.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

from ingest.settings import Secret

from standalone.http.webhook_app import PATH
from standalone.local.free_port import free_port
from tests.bench.least_requests import least_requests
from tests.bench.report import Row
from tests.bench.watching import RunRequests, Watch
from tests.support.webhook_server import WebhookServer
from tests.support.world import GENEROUS, Stage
from tests.support.world_builder import WorldBuilder

JOBS = (1, 5, 20, 100)
DAY = 86_400
SECRET = "bench"
RUN_SECONDS = 300
PAUSE_SECONDS = 900

#: How long a run is queued: until a machine is started for it, or where a runner waits for it.
QUEUED_SECONDS = 45
SHORTLY_QUEUED_SECONDS = 5

#: Runs of one repository that live at the same time, and what lies between their starts.
AT_ONCE = (2, 4, 8)
STAGGER_SECONDS = 20
WARM_UP_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to collect runs."""

    log_mode: str
    how: str
    jobs: int
    runs: int
    at_once: int = 1
    queued_seconds: int = QUEUED_SECONDS


def measure(*, quick: bool) -> Iterator[Row]:
    """Measure every case."""
    yield _idle()
    for how in ("backfill", "watched", "webhooks"):
        for log_mode in ("economy", "live"):
            for jobs in JOBS:
                runs = (25 if quick else 50) if how == "backfill" else (5 if quick else 20)
                yield _row(Case(log_mode=log_mode, how=how, jobs=jobs, runs=runs))
    for log_mode in ("economy", "live"):
        runs = 5 if quick else 20
        shortly = Case(log_mode=log_mode, how="watched", jobs=5, runs=runs)
        yield _row(replace(shortly, queued_seconds=SHORTLY_QUEUED_SECONDS))
        for at_once in AT_ONCE:
            runs = at_once * (2 if quick else 5)
            yield _row(Case(log_mode=log_mode, how="watched", jobs=5, runs=runs, at_once=at_once))


def _idle() -> Row:
    stage = Stage(WorldBuilder().run().job(), at=600, poll_seconds=30)
    try:
        stage.watch()
        watch = Watch(stage)
        watch.run(60)
        before = stage.requests(column="charged"), stage.requests()
        watch.run(3600)
        charged, asked = (
            stage.requests(column="charged") - before[0],
            stage.requests() - before[1],
        )
    finally:
        stage.close()
    return Row("requests", "idle repository, one hour", f"{charged} charged", "0", f"{asked} asked")


def _row(case: Case) -> Row:
    charged, hints = _run(case)
    graphql = charged.pop("graphql", 0)
    annotations = charged.pop("list_annotations", 0) + charged.pop("list_check_runs", 0)
    total = sum(charged.values()) / case.runs
    parts = [f"{name} {count / case.runs:.2f}" for name, count in sorted(charged.items()) if count]
    parts += [f"of it {name} {count / case.runs:.2f}" for name, count in hints.items() if count]
    return Row(
        "requests",
        f"{case.log_mode}, {case.how}, {case.jobs} jobs"
        + (f", {case.at_once} runs at once" if case.at_once > 1 else "")
        + ("" if case.queued_seconds == QUEUED_SECONDS else f", queued {case.queued_seconds} s"),
        f"{total:.2f}",
        _goal(case),
        f"theory {_theory(case)} (+{graphql / case.runs:.2f} GraphQL, "
        f"{annotations / case.runs:.2f} annotations): {', '.join(parts)}",
    )


def _goal(case: Case) -> str:
    if case.how == "backfill":
        return "2.0 + list" if case.log_mode == "economy" else f"{case.jobs + 1.1:.1f}"
    if case.how == "webhooks":
        return "2.1" if case.log_mode == "economy" else f"{case.jobs + 1.1:.1f}"
    return "3.5" if case.log_mode == "economy" else f"{case.jobs + 4}"


def _theory(case: Case) -> str:
    """Compute B8's E and E2: jobs and logs; by polling the least that shows events in time."""
    if case.how == "watched":
        [repository] = _living(case, None).build().repositories
        runs = repository.runs(math.inf)
        lived = [attempt for run in runs for attempt in run.attempts if attempt.jobs]
        return f"{least_requests(lived, log_mode=case.log_mode) / case.runs:.2f}"
    logs = 1 if case.log_mode == "economy" or case.how == "backfill" else case.jobs
    return f"{math.ceil(case.jobs / 100) + logs}"


def _run(case: Case) -> tuple[Counter[str], dict[str, int]]:
    """Let a case happen; return what was charged by kind, and for which requests for runs."""
    port = free_port() if case.how == "webhooks" else None
    builder, begin = (_ended(case), DAY) if case.how == "backfill" else (_living(case, port), 0)
    stage = Stage(builder, at=begin, settings=GENEROUS, log_mode=case.log_mode)
    with ExitStack() as stack:
        if port is not None:
            server = WebhookServer(
                stage.state, stage.clock, secret=Secret(SECRET), host="127.0.0.1", port=port
            )
            stack.callback(server.close)
        stack.callback(stage.close)
        stage.watch(days=1)
        watch, run_requests = Watch(stage), RunRequests(stage)
        before: Counter[str] = Counter()
        if case.how == "backfill":
            _until_all_is_there(stage, watch, case.runs * case.jobs)
        else:
            watch.run(WARM_UP_SECONDS)
            before = _charged(stage)
            run_requests.charged.clear()
            watch.run(case.runs // case.at_once * PAUSE_SECONDS)
            _until_all_is_there(stage, watch, case.runs * case.jobs)
        return _charged(stage) - before, {
            name: run_requests.charged[name] for name in ("hints", "sweep")
        }


def _until_all_is_there(stage: Stage, watch: Watch, logs: int) -> None:
    """Go on until every log is on its queue; GitHub's limit a minute makes many of them wait."""
    for _ in range(120):
        if len(stage.queues.logs.accepted()) >= logs:
            return
        watch.run(60)
    raise AssertionError(f"{len(stage.queues.logs.accepted())} logs of {logs} came")


def _charged(stage: Stage) -> Counter[str]:
    endpoints = stage.server.stats()["endpoints"]
    return Counter({kind: counts["charged"] for kind, counts in endpoints.items()})


def _ended(case: Case) -> WorldBuilder:
    builder = WorldBuilder()
    for number in range(case.runs):
        builder.run("failure" if number % 3 else "success", created=number * 60)
        builder.jobs(case.jobs)
    return builder


def _living(case: Case, port: int | None) -> WorldBuilder:
    """Make runs that live one after another, above a past too long for one page."""
    builder, chance = WorldBuilder(), random.Random(case.jobs)
    for number in range(120):
        builder.run(created=(number - 150) * 3600, sha="a" * 40)
    if port is not None:
        builder.hook(f"http://127.0.0.1:{port}{PATH}", secret=SECRET)
    usual = [chance.uniform(30, RUN_SECONDS - 40) for _ in range(case.jobs - 1)]
    usual.append(RUN_SECONDS - 20)
    for number in range(case.runs):
        batch, place = divmod(number, case.at_once)
        created = WARM_UP_SECONDS + batch * PAUSE_SECONDS + 90 + place * STAGGER_SECONDS
        builder.run(created=created, starts_after=case.queued_seconds, seconds=RUN_SECONDS)
        for job, seconds in enumerate(usual):
            builder.job(f"test ({job})", "success", seconds=seconds * chance.uniform(0.95, 1.05))
    return builder
