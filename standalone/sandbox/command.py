"""Serve a sandbox from the command line until it is interrupted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .clock import SandboxClock
from .corpus import corpus_world
from .scenario import read_scenario
from .server import SandboxServer
from .settings import DEFAULT_TOKEN, Settings
from .simulation import simulated_world

MAX_NAMES_SHOWN = 5


def serve_sandbox(  # noqa: PLR0913 - each is an option of the command
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    seed: str = "0",
    speed: float = 1.0,
    corpus: Path | None = None,
    scenario: Path | None = None,
    repositories: int | Sequence[str] = 3,
    runs_per_hour: float = 12.0,
    history_days: float = 1.0,
    webhook_url: str | None = None,
    webhook_secret: str = "",
    echo: Callable[[str], None],
    stop: threading.Event,
) -> None:
    """Serve until `stop` is set; `echo` is called with every line of output."""
    settings = Settings() if scenario is None else read_scenario(scenario)
    hooks = [] if webhook_url is None else [(webhook_url, webhook_secret)]
    if corpus is None:
        world = simulated_world(
            seed=seed,
            start=time.time(),
            repositories=repositories,
            runs_per_hour=runs_per_hour,
            history_days=history_days,
            hooks=hooks,
        )
    else:
        world = corpus_world(corpus)
    clock = SandboxClock(world.newest_at, speed=speed)
    with SandboxServer(world, clock=clock, settings=settings, host=host, port=port) as server:
        for line in startup_message(server):
            echo(line)
        stop.wait()


def startup_message(server: SandboxServer) -> list[str]:
    """Return how to use a sandbox: its addresses, a token, and an example."""
    names = [repository.spec.full_name for repository in server.world.repositories]
    more = f" and {len(names) - MAX_NAMES_SHOWN} more" if len(names) > MAX_NAMES_SHOWN else ""
    tokens = server.settings.tokens
    token = tokens[0].value if tokens else DEFAULT_TOKEN
    return [
        f"GitHub's sandbox   {server.url}  (logs from {server.blob_url})",
        f"Token              {token}",
        f"Repositories       {', '.join(names[:MAX_NAMES_SHOWN])}{more}",
        f"Statistics         {server.url}/_sandbox/stats",
        f"Truth              {server.url}/_sandbox/truth",
        "",
        f"GITHUB_API_URL={server.url} GITHUB_TOKEN={token} \\",
        f"    runstream collect {names[0] if names else 'OWNER/REPO'}",
    ]
