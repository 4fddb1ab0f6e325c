"""A GitHub that runs here: a real HTTP server that behaves as the documented REST API does.

It shares no code with the collector. Everything is planned when it is created and read at an
instant, so the same seed and the same clock give the same answers.

    from standalone.sandbox.clock import SandboxClock
    from standalone.sandbox.server import SandboxServer
    from standalone.sandbox.simulation import simulated_world

    world = simulated_world(
        seed=7, start=0, repositories=3, runs_per_hour=24.0, history_days=1
    )
    with SandboxServer(world, clock=SandboxClock(3600, speed=0)) as server:
        server.url, server.stats(), server.truth(), server.advance(60)
"""
