"""The real app server for the tests, started as `serve` starts it, on a database of its own."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anvil.server
import anvil.tables
import pytest
import requests
import yaml
from ingest.adapters.aws.provision import ensure_queues

from standalone.app_server.accounts import connected
from standalone.app_server.app_folder import APP_FILES
from standalone.app_server.errors import CannotServe
from standalone.app_server.program import find_app_server, require_startable
from standalone.app_server.served_app import ServedApp, ServeOptions, open_app_server
from standalone.local.free_port import free_port
from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import Settings, TokenSpec
from standalone.sandbox.specs import AnnotationSpec, LogSpec
from standalone.sandbox.times import iso

from .aws_server import LocalAws, sqs_client
from .postgres_server import PostgresServer
from .world_builder import WorldBuilder

ROOT = Path(__file__).parents[2]
TOKEN = "ghp_SandboxToken0123456789"
WEBHOOK_SECRET = "the webhooks' secret"
EMAIL = "admin@example.com"
MATRIX_JOBS = 120
LONG_REPOSITORY = "octo/long"
ANNOTATED_LINE = "##[error]Process completed with exit code 1."

#: Read before a test's own environment is swept clean.
_NAMED = os.environ.get("ANVIL_APP_SERVER")

_numbers = itertools.count(1)


@dataclass(frozen=True)
class AnvilApp:
    """An app that is served, and what it collects from and publishes to."""

    served: ServedApp
    database_url: str
    github: SandboxServer
    aws: LocalAws
    queues: Mapping[str, str]
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it is."""
        return self.served.address

    def get(self, path: str, **options: Any) -> requests.Response:
        """Ask one of its endpoints: `/_/api/health`."""
        return requests.get(f"{self.url}{path}", timeout=60, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        """Post to one of its endpoints."""
        return requests.post(f"{self.url}{path}", timeout=60, **options)

    @contextmanager
    def uplink(self) -> Iterator[Callable[..., Any]]:
        """Connect this process; gives `anvil.server.call`. One connection at a time."""
        with connected(self.served.uplink):
            # Anvil's client knows the tables of one app for life, and this process meets many.
            anvil.tables._clear_cache()
            links = {anvil.server._connection}
            yield anvil.server.call
            links.add(anvil.server._connection)
        # Anvil's client leaves its sockets to the garbage collector, which warns.
        for link in links - {None}:
            link._th.join(10)
            link.close_connection()


ServeAnvil = Callable[..., AnvilApp]

#: Changes the parsed `anvil.yaml` of a copy of the app in place.
EditApp = Callable[[dict[str, Any]], None]


def without_schedule(app: dict[str, Any]) -> None:
    """Let nothing happen in an app but what a test does."""
    app["scheduled_tasks"] = []


def app_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Name the environment of a server: what programs need, and the given settings only."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME")
    named = {} if _NAMED is None else {"ANVIL_APP_SERVER": _NAMED}
    return {name: os.environ[name] for name in kept if name in os.environ} | named | dict(settings)


def skip_unless_servable() -> None:
    """Skip a test, with the exact reason, where no app server is installed.

    One that ANVIL_APP_SERVER names must start: what it lacks fails the test.
    """
    environment = app_environment({})
    try:
        require_startable(find_app_server(environment), environment, lambda _: None)
    except CannotServe as error:
        if _NAMED is not None:
            raise
        pytest.skip(str(error))


def copy_app(folder: Path, modules: Mapping[str, str], edit: EditApp | None = None) -> Path:
    """Copy the app, with more server modules: their paths below server_code, and their text."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in APP_FILES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    for path, text in modules.items():
        file = folder / "server_code" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    if edit is not None:
        described = folder / "anvil.yaml"
        app = yaml.safe_load(described.read_text())
        edit(app)
        described.write_text(yaml.safe_dump(app))
    return folder


def ended_runs() -> SandboxServer:
    """Serve repositories whose runs have ended; one has many jobs, and one a long log."""
    world = WorldBuilder(iso(time.time() - 3600))
    world.repository("octo/api").run().job().job("test").run("failure").job()
    world.repository("octo/web").run().job()
    world.repository("octo/matrix").run("failure")
    for number in range(1, MATRIX_JOBS):
        world.job(f"test ({number})", "success")
    world.job("last", "failure")
    world.repository(LONG_REPOSITORY).run("failure").job(
        "test", log=LogSpec(seed="long", lines_per_step=300)
    )
    world.annotated(
        AnnotationSpec(message="assert 1 == 2", path="tests/test_login.py", line=42),
        AnnotationSpec(message="Process completed with exit code 1."),
    )
    world.job("deploy", "skipped")
    return SandboxServer(
        world.build(), settings=Settings(tokens=(TokenSpec(value=TOKEN),), threads=16)
    )


def make_queues(aws: LocalAws) -> dict[str, str]:
    """Make three queues that nobody else uses; names by setting."""
    number = next(_numbers)
    names = ("METRICS_QUEUE", "LOGS_QUEUE", "JOB_EVENTS_QUEUE")
    queues = {name: f"anvil-{name.lower()}-{os.getpid()}-{number}" for name in names}
    metrics, logs, job_events = queues.values()
    ensure_queues(sqs_client(aws), metrics=metrics, logs=logs, job_events=job_events)
    return queues


@contextmanager
def serving_anvil(
    folder: Path,
    *,
    postgres: PostgresServer,
    aws: LocalAws,
    github: Callable[[], SandboxServer] = ended_runs,
    modules: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    edit: EditApp | None = None,
    database: str | None = None,
    port: int | None = None,
) -> Iterator[AnvilApp]:
    """Serve the app until the block ends, a copy of it where it gets more modules or an edit."""
    skip_unless_servable()
    plan = ServeOptions(
        folder=folder / "served",
        port=port or free_port(),
        email=EMAIL,
        database=database or postgres.new_database_url(),
        checkout=ROOT
        if modules is None and edit is None
        else copy_app(folder / "copied", modules or {}, edit),
    )
    said: list[str] = []
    with ExitStack() as opened:
        sandbox = opened.enter_context(github())
        queues = make_queues(aws)
        whole = {
            **aws.environment,
            **queues,
            "GITHUB_API_URL": sandbox.url,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "POLL_SECONDS": "5",
            **(settings or {}),
        }
        served = opened.enter_context(
            open_app_server(plan, app_environment(whole), echo=said.append, stop=threading.Event())
        )
        assert served is not None
        assert plan.database is not None
        yield AnvilApp(served, plan.database, sandbox, aws, queues, said)


@contextmanager
def hanging(app: AnvilApp) -> Iterator[None]:
    """Let all of a server keep its connections and answer nothing."""
    stopped = processes_of(app, "")
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


def processes_of(app: AnvilApp, program: str) -> list[int]:
    """Name the processes of a server whose command line holds a text."""
    session = app.served.server._process._guard.pid  # of the guard, which leads the session
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=", "-o", "sess=", "-o", "args="],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = (line.split(maxsplit=2) for line in listed.stdout.splitlines())
    return [
        int(row[0])
        for row in rows
        if len(row) == 3 and row[1] == str(session) and program in row[2]
    ]
