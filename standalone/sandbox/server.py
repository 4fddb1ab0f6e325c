"""Run a sandbox: one HTTP server for the API, and one for the logs."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import Any

from .clock import SandboxClock
from .github_api import GithubApi
from .hook_sender import HookSender
from .listening import Listener
from .log_host import LogHost
from .settings import Settings
from .state import State
from .truth import truth
from .world import World


class SandboxServer:
    """A simulated GitHub that runs from its construction until `close`; use it in a `with`."""

    def __init__(
        self,
        world: World,
        *,
        clock: SandboxClock | None = None,
        settings: Settings | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.clock = clock or SandboxClock()
        self.settings = settings or Settings()
        self.world = world
        self._state = State(world, self.clock, self.settings)
        threads = self.settings.threads
        with ExitStack() as opened:
            self._api = Listener(GithubApi(self._state), host, port, threads)
            opened.callback(self._api.close)
            self._log_host = Listener(LogHost(self._state), host, 0, max(4, threads // 4))
            opened.callback(self._log_host.close)
            self._state.log_host_url = self._log_host.url
            self._state.closed_port_url = f"http://127.0.0.1:{_closed_port()}/"
            self._hooks = HookSender(self._state, self._api.url)
            opened.callback(self._hooks.close)
            self._opened = opened.pop_all()

    @property
    def url(self) -> str:
        """Return the API's address."""
        return self._api.url

    @property
    def log_host_url(self) -> str:
        """Return the address of the logs' host."""
        return self._log_host.url

    def stats(self) -> dict[str, Any]:
        """Return the counts of requests, of points charged for them, and of violations."""
        return self._state.statistics.snapshot()

    def truth(self, *, with_logs: bool = True) -> list[dict[str, Any]]:
        """Return every attempt with its jobs as of now, and the hashes of logs, which take time."""
        return truth(self._state, self.clock.now(), with_logs=with_logs)

    def advance(self, seconds: float) -> None:
        """Move the clock forward, and send the webhooks that are due by then."""
        self.clock.advance(seconds)
        self._hooks.deliver_due()

    def close(self) -> None:
        """Stop at once; no thread and no socket is left."""
        self._opened.close()

    def __enter__(self) -> SandboxServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
