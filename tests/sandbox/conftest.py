"""Start sandboxes for a test, and stop them after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sandbox.support import Api
from support.world_builder import WorldBuilder

from standalone.sandbox.clock import SandboxClock
from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import Settings
from standalone.sandbox.world import World

Serve = Callable[..., Api]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve a builder's world, its clock standing `at` seconds after its start."""
    apis: list[Api] = []

    def start(builder: WorldBuilder, *, at: float = 1000, **settings: object) -> Api:
        return start_world(builder.build(), now=builder.start + at, **settings)

    def start_world(world: World, *, now: float, **settings: object) -> Api:
        server = SandboxServer(
            world,
            clock=SandboxClock(now, speed=0),
            settings=Settings(threads=24, **settings),  # type: ignore[arg-type]
        )
        apis.append(Api(server))
        return apis[-1]

    start.world = start_world  # type: ignore[attr-defined]
    yield start
    for api in apis:
        api.close()
