"""What a benchmark runs against: a simulated GitHub, a local SQS, and a folder for the state."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.bootstrap.queues import set_up_queues
from ingest.settings import read_settings

from standalone.local.aws import LocalAws
from standalone.sandbox.clock import SandboxClock
from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import DEFAULT_TOKEN, Settings
from tests.support.world import GENEROUS
from tests.support.world_builder import WorldBuilder


@dataclass(frozen=True, slots=True)
class Services:
    """Running services, and the environment of a collector that uses them."""

    aws: LocalAws
    github: SandboxServer
    folder: Path
    environment: dict[str, str]


@contextmanager
def running_services(
    builder: WorldBuilder,
    *,
    at: float = 600,
    settings: Settings = GENEROUS,
    tokens: Sequence[str] = (DEFAULT_TOKEN,),
    **more: str,
) -> Iterator[Services]:
    """Run services, and create the queues; GitHub's clock begins ``at`` seconds in the world."""
    with (
        LocalAws() as aws,
        SandboxServer(
            builder.build(), clock=SandboxClock(builder.start + at), settings=settings
        ) as github,
        tempfile.TemporaryDirectory(prefix="runstream-bench-") as folder,
    ):
        environment = {
            **aws.environment,
            "GITHUB_API_URL": github.url,
            "GITHUB_TOKEN": ",".join(tokens),
            "DATABASE_URL": f"{folder}/bench.db",
            "BACKFILL_DAYS": "3650",
            **more,
        }
        for _ in set_up_queues(read_settings(environment.get)):
            pass
        yield Services(aws, github, Path(folder), environment)
