"""The command line as a person starts it: processes in an environment of their own."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import requests
from ingest.adapters.aws.provision import ensure_queues
from support.processes import run_program

from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import Settings, TokenSpec
from standalone.sandbox.times import iso

from .aws_server import LocalAws, sqs_client
from .forked_commands import can_be_forked, run_forked
from .world_builder import WorldBuilder

ROOT = Path(__file__).parents[2]
TOKEN = "ghp_SandboxToken0123456789"
POWERLESS = "github_pat_Powerless0123456789"

_PROGRAM = (sys.executable, "-m", "standalone")
_numbers = itertools.count(1)


@dataclass
class CommandLine:
    """Start `runstream` in an environment and a folder of its own."""

    environment: dict[str, str]
    folder: Path
    github: SandboxServer
    aws: LocalAws
    queues: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = _PROGRAM

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, in a process that is forked where that changes nothing."""
        if self.program == _PROGRAM and can_be_forked(environment):
            return run_forked(
                ("-m", "standalone", *arguments),
                folder=self.folder,
                environment=self.whole_environment(environment),
                seconds=120,
            )
        return self.run_new(*arguments, **environment)

    def run_new(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, in a Python that starts with it."""
        return run_program(
            [*self.program, *arguments],
            folder=self.folder,
            environment=self.whole_environment(environment),
        )

    def json(self, *arguments: str, **environment: str) -> dict[str, Any]:
        """Run a command with --json; its stdout is one object on one line, and nothing else."""
        done = self.run(*arguments, "--json", **environment)
        assert done.stdout.count("\n") == 1, done
        return json.loads(done.stdout)

    def json_printed(self, *arguments: str, **environment: str) -> dict[str, Any]:
        """Run a command whose stdout is a JSON document for people, and nothing else."""
        done = self.run(*arguments, **environment)
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    @contextmanager
    def started(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command that works until it is stopped."""
        with subprocess.Popen(
            [*self.program, *arguments],
            cwd=self.folder,
            env=self.whole_environment(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def inject(self, **fault: object) -> None:
        """Let the sandbox fail as a fault says, from now on."""
        self._replace_faults(fault)

    def heal(self) -> None:
        """Let the sandbox fail no longer."""
        self._replace_faults()

    def _replace_faults(self, *faults: dict[str, object]) -> None:
        answer = requests.post(f"{self.github.url}/_sandbox/faults", json=faults, timeout=60)
        answer.raise_for_status()

    def count_messages(self, setting: str) -> int:
        """Count the messages of a queue, named by its setting."""
        url = self._sqs.get_queue_url(QueueName=self.queues[setting])["QueueUrl"]
        name = "ApproximateNumberOfMessages"
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    @cached_property
    def _sqs(self) -> Any:
        return sqs_client(self.aws)

    def whole_environment(self, more: dict[str, str] | None = None) -> dict[str, str]:
        """Name all variables that a command is started with."""
        return {**os.environ, **self.environment, **(more or {})}


def stop(
    process: subprocess.Popen[str], number: int = signal.SIGTERM, *, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Send a signal to a command, and wait for its end; return what it printed."""
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == code, stderr
    return subprocess.CompletedProcess(process.args, code, stdout, stderr)


def wait_until(condition: Callable[[], object], *, seconds: float = 60) -> None:
    """Wait for what another process does, which sends no event."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not become so in time"
        time.sleep(0.05)


@pytest.fixture
def github() -> Iterator[SandboxServer]:
    """Serve two repositories with ended runs; the powerless token may not read their Actions."""
    world = WorldBuilder(iso(time.time() - 3600))
    world.repository("octo/api").run().job().job("test").run("failure").job()
    world.repository("octo/web").run().job()
    tokens = (
        TokenSpec(value=TOKEN),
        TokenSpec(value=POWERLESS, kind="fine-grained", permissions=frozenset({"metadata"})),
    )
    with SandboxServer(world.build(), settings=Settings(tokens=tokens, threads=16)) as server:
        yield server


@pytest.fixture
def bare(github: SandboxServer, aws: LocalAws, tmp_path: Path) -> CommandLine:
    """Return a command line whose queues do not exist yet."""
    number = next(_numbers)
    names = ("METRICS_QUEUE", "LOGS_QUEUE", "JOB_EVENTS_QUEUE")
    queues = {name: f"{name.lower()}-{os.getpid()}-{number}" for name in names}
    environment = {
        **aws.environment,
        **queues,
        "GITHUB_API_URL": github.url,
        "GITHUB_TOKEN": TOKEN,
        "PYTHONPATH": str(ROOT),
    }
    return CommandLine(environment, tmp_path, github, aws, queues)


@pytest.fixture
def cli(bare: CommandLine) -> CommandLine:
    """Return a command line whose queues exist."""
    metrics, logs, job_events = bare.queues.values()
    ensure_queues(sqs_client(bare.aws), metrics=metrics, logs=logs, job_events=job_events)
    return bare
