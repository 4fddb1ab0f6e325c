"""Runstream beside what others would use: requests, CPU and completeness of one backfill.

Each gets the same simulated GitHub with runs that have ended, one of them in two attempts, and is a
process of its own; CPU is that process's alone. Runstream's modules are compiled before, as an
installation does. ``tap-github`` and Airbyte's ``source-github`` come from the package index into
environments of their own (``BENCH_PEERS`` names the folder), and only extract runs and jobs: they
know no queues, and read no logs.
"""

from __future__ import annotations

import compileall
import json
import os
import subprocess
import sys
import venv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from standalone.sandbox.settings import DEFAULT_TOKEN, TokenSpec
from tests.bench.report import Row
from tests.bench.services import running_services
from tests.support.world import GENEROUS
from tests.support.world_builder import WorldBuilder

JOBS = 5
TURNS = 3
GROWING_REPOSITORIES = 10
REPOSITORY = "octo/api"
SINCE = "2020-01-01T00:00:00Z"
PACKAGES = {"tap": "meltanolabs-tap-github==1.30.1", "airbyte": "airbyte-source-github==2.7.1"}
ROOT = Path(__file__).parents[2]
STREAMS = {"workflow_runs": "attempts", "workflow_run_jobs": "jobs", "workflow_jobs": "jobs"}

#: tap-github tests its token at api.github.com, whatever server is configured.
_TAP = """
from tap_github import authenticator, tap
authenticator.TokenManager.is_valid_token = lambda self: True
tap.TapGitHub.cli()
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What one way to collect cost, and what it delivered."""

    cpu_seconds: float
    charged: int
    counts: Mapping[str, int] = field(default_factory=dict)


def measure(*, quick: bool) -> Iterator[Row]:
    """Measure every peer, and Runstream with more and more runs."""
    runs = 50 if quick else 200
    for package in ("server_code", "standalone"):
        compileall.compile_dir(ROOT / package, quiet=1)
    ours, tuned = _in_turns(runs)
    yield _row("Runstream, economy", runs, ours, ours)
    yield _row("tuned script", runs, tuned, ours)
    yield _row("naive script", runs, _script("naive", runs), ours)
    for name, peer in (("tap-github", _tap), ("Airbyte source-github", _airbyte)):
        yield _row(name, runs, peer(runs), ours)
    for more in (300,) if quick else (300, 1000):
        own, script = _in_turns(more)
        yield _row("Runstream, economy", more, own, own)
        yield _row("tuned script", more, script, own)
    for more in (200, 1000) if quick else (200, 1000, 5000, 20_000):
        yield _growth(more, _runstream(more, GROWING_REPOSITORIES))


def _in_turns(runs: int) -> list[Result]:
    """Return the medians of Runstream and the tuned script; the first turn also reads the disk."""
    turns = [(_runstream(runs), _script("tuned", runs)) for _ in range(TURNS)]
    by_cpu = attrgetter("cpu_seconds")
    return [sorted(results, key=by_cpu)[TURNS // 2] for results in zip(*turns, strict=True)]


def _row(name: str, runs: int, result: Result, ours: Result) -> Row:
    attempts, jobs = runs + 1, (runs + 1) * JOBS
    counts = result.counts
    parts = [
        f"{counts.get('attempts', 0)} of {attempts} attempts",
        f"{counts.get('jobs', 0)} of {jobs} jobs",
        f"{counts.get('logs', 0)} of {jobs} logs",
    ]
    return Row(
        "comparison",
        f"{name}: {runs} runs of {JOBS} jobs",
        f"{result.charged / attempts:.2f} charged and "
        f"{1000 * result.cpu_seconds / attempts:.1f} ms of CPU per attempt",
        "2.02 charged, theory 2" if result is ours else "",
        f"{', '.join(parts)}; {result.cpu_seconds / ours.cpu_seconds:.2f} times Runstream's CPU",
    )


def _growth(runs: int, result: Result) -> Row:
    return Row(
        "growth",
        f"Runstream, economy: {runs} runs of {JOBS} jobs",
        f"{result.charged / (runs + 1):.2f} charged and "
        f"{1000 * result.cpu_seconds / (runs + 1):.1f} ms of CPU per attempt",
        "linear",
        f"{result.cpu_seconds:.1f} s of CPU in all, {result.counts.get('logs', 0)} logs",
    )


def last_line(output: str) -> dict[str, int]:
    """Read the counts that a script prints at its end."""
    counts: dict[str, int] = json.loads(output.splitlines()[-1])
    return counts


def _runstream(runs: int, repositories: int = 1) -> Result:
    names = _numbered(REPOSITORY, repositories)
    command = [sys.executable, "-m", "standalone", "collect", *names, "--once", "--json"]
    return _measured(runs, command, last_line, repositories=repositories)


def _numbered(first: str, count: int) -> list[str]:
    return [first, *(f"{first}-{number}" for number in range(1, count))]


def _script(name: str, runs: int) -> Result:
    script = [sys.executable, "-m", f"tests.bench.peers.{name}", REPOSITORY]
    return _measured(runs, script, last_line)


def _tap(runs: int) -> Result:
    program = [str(_installed("tap") / "python"), "-c", _TAP, "--config", "config.json"]

    def prepare(folder: Path, url: str) -> None:
        _prepare_tap(folder, url, program)

    command = [*program, "--catalog", "catalog.json"]
    return _measured(runs, command, _singer_records, prepare=prepare)


def _airbyte(runs: int) -> Result:
    program = _installed("airbyte") / "source-github"
    command = [str(program), "read", "--config", "config.json", "--catalog", "catalog.json"]
    return _measured(runs, command, _airbyte_records, prepare=_prepare_airbyte)


def _measured(
    runs: int,
    command: list[str],
    read_counts: Callable[[str], Mapping[str, int]],
    *,
    prepare: Callable[[Path, str], None] = lambda _folder, _url: None,
    repositories: int = 1,
) -> Result:
    """Run a program against a GitHub and queues of its own. Raises where it fails.

    There is a token for each repository: GitHub limits the requests of one within a minute.
    """
    builder = WorldBuilder()
    for name in _numbered(REPOSITORY, repositories):
        builder.repository(name)
        for number in range(runs // repositories):
            builder.run(created=number * 60).jobs(JOBS)
    builder.rerun(at=runs * 60 + 600).jobs(JOBS)
    tokens = _numbered(DEFAULT_TOKEN, repositories)
    settings = replace(GENEROUS, tokens=tuple(map(_unlimited, tokens)))
    more = {"LOG_MODE": "economy", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with running_services(
        builder, at=runs * 60 + 3600, settings=settings, tokens=tokens, **more
    ) as services:
        github, folder = services.github, services.folder
        prepare(folder, github.url)
        before = github.stats()["charged"]
        cpu, output = _run(command, folder, services.environment)
        return Result(cpu, github.stats()["charged"] - before, read_counts(output))


def _unlimited(token: str) -> TokenSpec:
    return TokenSpec(value=token, limit=10**6, graphql_limit=10**6)


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> tuple[float, str]:
    """Run a program; return its CPU seconds, those of its threads included, and its output."""
    started = os.times()
    answer = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    ended = os.times()
    cpu = ended.children_user + ended.children_system
    return cpu - started.children_user - started.children_system, answer.stdout


def _installed(name: str) -> Path:
    """Install a package into an environment of its own; return the folder of its programs."""
    folder = Path(os.environ.get("BENCH_PEERS", ".bench-peers")).absolute() / name
    if not (folder / "bin").exists():
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", PACKAGES[name]]
        subprocess.run(pip, check=True)
    return folder / "bin"


def _prepare_tap(folder: Path, url: str, program: Sequence[str]) -> None:
    config = {
        "repositories": [REPOSITORY],
        "start_date": SINCE,
        "api_url_base": url,
        "auth_token": DEFAULT_TOKEN,
    }
    (folder / "config.json").write_text(json.dumps(config))
    discover = [*program, "--discover"]
    found = subprocess.run(discover, cwd=folder, stdout=subprocess.PIPE, check=True)
    catalog: dict[str, Any] = json.loads(found.stdout)
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in STREAMS
    (folder / "catalog.json").write_text(json.dumps(catalog))


def _prepare_airbyte(folder: Path, url: str) -> None:
    config = {
        "credentials": {
            "option_title": "PAT Credentials",
            "personal_access_token": DEFAULT_TOKEN,
        },
        "repositories": [REPOSITORY],
        "start_date": SINCE,
        "api_url": url,
    }
    streams = [
        {
            "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
            "sync_mode": "full_refresh",
            "destination_sync_mode": "append",
        }
        for name in ("workflow_runs", "workflow_jobs")
    ]
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "catalog.json").write_text(json.dumps({"streams": streams}))


def _singer_records(output: str) -> dict[str, int]:
    lines = (json.loads(line) for line in output.splitlines())
    return _by_kind(line["stream"] for line in lines if line["type"] == "RECORD")


def _airbyte_records(output: str) -> dict[str, int]:
    lines = (json.loads(line) for line in output.splitlines() if line.startswith("{"))
    return _by_kind(line["record"]["stream"] for line in lines if line["type"] == "RECORD")


def _by_kind(streams: Iterable[str]) -> dict[str, int]:
    return dict(Counter(STREAMS[stream] for stream in streams if stream in STREAMS))
