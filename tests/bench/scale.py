"""A thousand repositories of twelve organizations, read with three credentials; 5 % are active.

The first part counts requests and polls by a stepped clock, after as long a time of first sights.
The second is a process of its own in real time, whose memory and processor time are read.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ingest.domain.sources import parse_sources
from ingest.settings import GithubSettings, Secret

from standalone.sandbox.settings import Settings, TokenSpec
from standalone.sandbox.simulation import simulated_world
from standalone.sandbox.world import World as SandboxWorld
from tests.bench.collector import CollectorProcess
from tests.bench.memory import MIB, stage_of
from tests.bench.report import Row
from tests.bench.watching import Watch
from tests.support.world import Stage
from tests.support.world_builder import WorldBuilder

OWNERS = [f"org-{number:02d}" for number in range(12)]
TOKENS = ("tok-a", "tok-b", "tok-c")
ACTIVE_SHARE = 0.05
RUNS_PER_HOUR = 4
POLL_SECONDS = 30
HOURLY_LIMIT = 5000
START = 1_900_000_000 // 3600 * 3600
SETTLING_SECONDS = 30.0
CPU_SECONDS = 600.0


def measure(*, quick: bool) -> Iterator[Row]:
    """Measure 1,000 repositories for an hour, or 120 for 15 minutes."""
    yield from _polling(120, seconds=900) if quick else _polling(1000, seconds=3600)
    yield from _process(1000)


def _names(repositories: int) -> list[str]:
    return [f"{OWNERS[number % 12]}/service-{number:04d}" for number in range(repositories)]


def _settings(names: Sequence[str]) -> Settings:
    """Let each of three tokens read four of the organizations."""
    tokens = [
        TokenSpec(
            value=value,
            limit=HOURLY_LIMIT,
            repositories=frozenset(
                name for name in names if OWNERS.index(name.partition("/")[0]) % 3 == number
            ),
        )
        for number, value in enumerate(TOKENS)
    ]
    return Settings(tokens=tuple(tokens), threads=16)


class _Fleet:
    """A builder of active and idle repositories."""

    start = START

    def __init__(self, names: Sequence[str], active: int) -> None:
        self._names, self._active = names, active

    def build(self) -> SandboxWorld:
        """Return the world."""
        active = self._names[:: len(self._names) // self._active][: self._active]
        world = simulated_world(
            seed=1,
            start=START,
            repositories=active,
            runs_per_hour=RUNS_PER_HOUR,
            history_days=1,
        )
        idle = WorldBuilder()
        # The active ones are numbered from 1.
        for number, name in enumerate(sorted(set(self._names) - set(active)), 1_000_000):
            idle.repository(name, id=number, private=True)
        for repository in idle.build().repositories:
            world.add(repository)
        return world


class _Polls:
    """Note the moments at which each repository is polled."""

    def __init__(self, stage: Stage) -> None:
        self.in_second: Counter[int] = Counter()
        self.gaps: dict[bool, list[float]] = {True: [], False: []}
        self._stage, self._last = stage, dict[str, float]()
        self._fetch = stage.context.github.fetch_runs
        stage.context.github.fetch_runs = self._fetch_runs

    def clear(self) -> None:
        """Forget the first hour."""
        self.in_second.clear()
        self.gaps = {True: [], False: []}

    def _fetch_runs(self, repository: str, query: Any, validator: str | None = None) -> Any:
        if query.page == 1 and query.status is None and query.created is None:
            now = self._stage.server.clock.now()
            self.in_second[int(now)] += 1
            if repository in self._last:
                is_open = self._stage.state.load_next_check_at(repository) is not None
                self.gaps[is_open].append(now - self._last[repository])
            self._last[repository] = now
        return self._fetch(repository, query, validator)


def _polling(repositories: int, *, seconds: int) -> Iterator[Row]:
    names = _names(repositories)
    stage = Stage(
        _Fleet(names, int(repositories * ACTIVE_SHARE)),  # type: ignore[arg-type]
        settings=_settings(names),
        log_mode="economy",
        poll_seconds=POLL_SECONDS,
        github=GithubSettings(),
    )
    try:
        github = GithubSettings(api_url=stage.server.url, tokens=tuple(map(Secret, TOKENS)))
        context = stage.join(github=github, log_mode="economy", poll_seconds=POLL_SECONDS)
        stage.context = replace(context, sources=parse_sources(OWNERS))
        polls, watch = _Polls(stage), Watch(stage)
        watch.run(seconds)
        watched = len(stage.state.list_repositories())
        polls.clear()
        before = _charged(stage)
        watch.run(seconds)
        yield from _rows(
            stage,
            polls,
            before,
            f"{watched:,} repositories, 3 credentials, {seconds // 60} minutes",
        )
    finally:
        stage.close()


def _rows(stage: Stage, polls: _Polls, before: int, case: str) -> Iterator[Row]:
    left = {each.name: each.remaining for each in stage.state.list_credentials()}
    yield Row(
        "scale",
        f"{case}: charged",
        f"{_charged(stage) - before:,}",
        f"{3 * HOURLY_LIMIT:,} an hour",
        f"left of {HOURLY_LIMIT:,} each: {sorted(left.values(), key=str)}; "
        f"{stage.server.stats()['violations']} sent limited",
    )
    open_gaps, idle_gaps = sorted(polls.gaps[True]) or [0.0], sorted(polls.gaps[False]) or [0.0]
    yield Row(
        "scale",
        f"{case}: longest gap between polls of an active repository",
        f"{open_gaps[-1]:.0f} s",
        f"{2 * POLL_SECONDS} s",
        f"idle repositories: median {idle_gaps[len(idle_gaps) // 2]:.0f} s",
    )
    yield Row(
        "scale",
        f"{case}: most polls in one second",
        str(max(polls.in_second.values(), default=0)),
        "",
        f"{sum(polls.in_second.values()):,} polls in all",
    )


def _process(repositories: int) -> Iterator[Row]:
    names, builder = _names(repositories), WorldBuilder()
    for name in names:
        builder.repository(name, private=True)
    more = {"REPOSITORIES": ",".join(OWNERS), "GITHUB_TOKEN": ",".join(TOKENS)}
    with (
        stage_of(builder, settings=_settings(names)) as environment,
        CollectorProcess((), {**environment, **more}) as collector,
    ):
        collector.wait(lambda status: _requests(status) >= repositories, seconds=900)
        time.sleep(SETTLING_SECONDS)
        first = collector.ask()
        time.sleep(CPU_SECONDS)
        last = collector.ask()
    share = (last["cpu_seconds"] - first["cpu_seconds"]) / CPU_SECONDS
    polls = _requests(last) - _requests(first)
    yield Row(
        "scale",
        f"{repositories:,} idle repositories of 12 sources: memory",
        f"{last['rss'] / MIB:.0f} MiB",
        "150 MiB",
        f"largest {last['peak'] / MIB:.0f} MiB",
    )
    yield Row(
        "scale",
        f"{repositories:,} idle repositories of 12 sources: one core",
        f"{100 * share:.1f} %",
        "",
        f"{polls * 60 / CPU_SECONDS:.0f} requests a minute, in the {CPU_SECONDS / 60:.0f} minutes "
        "after the first poll of each",
    )


def _requests(status: dict[str, Any]) -> int:
    counts = status["counts"]
    return sum(int(counts.get(f"github_requests.{kind}", 0)) for kind in ("free", "charged"))


def _charged(stage: Stage) -> int:
    endpoints = stage.server.stats()["endpoints"]
    return sum(each["charged"] for kind, each in endpoints.items() if kind != "graphql")
