"""A collector process for the benchmarks: it reports its memory and its counts when asked.

Started with the names of its repositories; each line on its standard input is answered by a JSON
line on its standard output, and the end of the input ends it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from ingest.bootstrap.collector import open_standalone_collector
from ingest.settings import read_settings

from standalone.agents import add_repositories, run_agents
from standalone.http.endpoints import serve_endpoints
from standalone.http.server import Address

HEARTBEAT_SECONDS = 0.2


class CollectorProcess:
    """Such a process, from construction until ``close``."""

    def __init__(
        self,
        repositories: Sequence[str],
        environment: Mapping[str, str],
        *,
        port: int | None = None,
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.collector", json.dumps([list(repositories), port])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )

    def ask(self) -> dict[str, Any]:
        """Ask for memory in bytes (``rss``, ``peak``) and counts."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write("\n")
        stdin.flush()
        return cast("dict[str, Any]", json.loads(stdout.readline()))

    def wait(self, is_done: Callable[[dict[str, Any]], bool], *, seconds: float) -> dict[str, Any]:
        """Ask until the answer is as wanted; raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not is_done(answer := self.ask()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"The collector is not done: {answer}")
            time.sleep(HEARTBEAT_SECONDS)
        return answer

    def close(self) -> None:
        """End it and wait."""
        self._process.communicate("")

    def __enter__(self) -> CollectorProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def main() -> None:
    repositories, port = json.loads(sys.argv[1])
    stop = threading.Event()
    collector = open_standalone_collector(read_settings(os.environ.get), stop=stop)

    def answer() -> None:
        for _ in sys.stdin:
            counts = collector.context.counters.snapshot()
            print(
                json.dumps({**_memory(), "cpu_seconds": time.process_time(), "counts": counts}),
                flush=True,
            )
        stop.set()

    threading.Thread(target=answer, daemon=True).start()
    webhooks = None if port is None else Address("127.0.0.1", port)
    with serve_endpoints(collector, webhooks=webhooks):
        add_repositories(collector, repositories)
        run_agents(collector, lambda: repositories, stop=stop, on_progress=lambda: None)
    collector.close()


def _memory() -> dict[str, int]:
    lines = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {
        "rss": int(fields["VmRSS"].split()[0]) * 1024,
        "peak": int(fields["VmHWM"].split()[0]) * 1024,
    }


if __name__ == "__main__":
    main()
