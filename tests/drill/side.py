"""One side of the drill: a GitHub, queues, a collector and a reader of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from ingest.bootstrap.queues import set_up_queues
from ingest.settings import read_settings

from standalone.local.aws import LocalAws
from standalone.sandbox.clock import SandboxClock
from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import Settings
from tests.drill.arrivals import ArrivalReader
from tests.drill.broken import (
    BROKEN_TOKEN,
    REPOSITORIES,
    SEALED_REPOSITORY,
    SOUND_TOKEN,
    Broken,
    Hour,
)

STOP_SECONDS = 60


class Side:
    """A collector at work, from ``__enter__`` until ``stop``. ``broken`` None: all is well."""

    def __init__(self, name: str, hour: Hour, broken: Broken | None, home: Path) -> None:
        pace = hour.pace
        self._stack = ExitStack()
        self._pace = pace
        self.name = name
        self._home = home
        is_well = broken is None
        settings = Settings(
            tokens=(SOUND_TOKEN, BROKEN_TOKEN) if is_well else (SOUND_TOKEN,),
            faults=() if is_well else broken.faults,
        )
        clock = SandboxClock(pace.sandbox_start, speed=pace.speed)
        world = hour.world()
        self.sandbox = self._stack.enter_context(
            SandboxServer(world, clock=clock, settings=settings)
        )
        aws = self._stack.enter_context(LocalAws())
        os.environ.update(aws.environment)  # for the reader; each side names its own address
        self._environment = {
            **os.environ,
            **aws.environment,
            "GITHUB_API_URL": self.sandbox.url,
            "GITHUB_TOKEN": f"{SOUND_TOKEN.value},{BROKEN_TOKEN.value}",
            "DATABASE_URL": f"sqlite:///{home / name}.db",
            "BACKFILL_DAYS": "1",
        }
        for _ in set_up_queues(read_settings(self._environment.get)):
            pass
        self.reader = ArrivalReader(
            aws.endpoint_url, "ci_cd_metrics_queue", "ci_cd_logs_queue", pace=pace
        )
        self._stack.callback(self.reader.close)
        self._collector = self._start()
        self._stack.callback(self._collector.kill)

    def truth(self) -> list[dict[str, Any]]:
        """Return what this side's GitHub holds now."""
        return self.sandbox.truth()

    def stop(self) -> None:
        """End the collector as a person would, and read the rest of the queues."""
        self._collector.terminate()
        self._collector.wait(timeout=STOP_SECONDS)
        self.reader.close()

    def __enter__(self) -> Side:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _start(self) -> subprocess.Popen[bytes]:
        """Start the product itself; where the clock runs fast, its agents in a test's process."""
        names = [*REPOSITORIES, SEALED_REPOSITORY]
        command = ["standalone", "collect", *names]
        if self._pace.speed != 1:
            command = ["tests.chaos.worker", json.dumps(asdict(self._pace)), json.dumps(names)]
        log = self._stack.enter_context((self._home / f"{self.name}.log").open("wb"))
        return subprocess.Popen(
            [sys.executable, "-m", *command], env=self._environment, stdout=log, stderr=log
        )
