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

Modules: `specs` describe runs and jobs over their whole lifetime. They come from `simulation`
(seeded random numbers) or `corpus` (recordings). `timeline` computes their status at a point in
time, and `payloads` builds GitHub's objects from it. `handlers` answer operations;
`exchange` applies tokens, limits and preconditions. `gateway` and `blobs` are the two servers.
`faults`, `limits` and `hook_sender` add GitHub's failures. `settings` (or a YAML `scenario`)
configures all of it; `control` serves the paths below /_sandbox/.
"""
