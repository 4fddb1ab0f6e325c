"""A simulated GitHub: a local HTTP server that behaves as the documented REST API does.

It shares no code with the collector. A run is planned in full when it is created, and answers show
its state at the clock's time; the same seed and the same clock give the same answers.

    from standalone.sandbox.clock import SandboxClock
    from standalone.sandbox.server import SandboxServer
    from standalone.sandbox.simulation import simulated_world

    world = simulated_world(
        seed=7, start=0, repositories=3, runs_per_hour=24.0, history_days=1
    )
    with SandboxServer(world, clock=SandboxClock(3600, speed=0)) as server:
        server.url, server.stats(), server.truth(), server.advance(60)
"""
