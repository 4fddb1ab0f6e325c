r"""A GitHub that runs here: a real HTTP server that behaves as the documented REST API does.

It shares no code with the collector. Everything is planned when it is created and read at an
instant, so the same seed and the same clock give the same answers.

    from standalone.sandbox.builder import WorldBuilder
    from standalone.sandbox.clock import SandboxClock
    from standalone.sandbox.server import SandboxServer

    builder = (
        WorldBuilder()                                # starts 2026-01-05T08:00:00Z
        .repository("octo/api")                        # what follows happens in it
        .run("failure", created=0, seconds=60)        # seconds after the world's start
        .job("lint", "success")
        .job("test", log=b"2026-01-05T08:00:06.0000000Z it broke\n")
        .rerun("success", at=300)                     # attempt 2
        .job("test")
    )
    clock = SandboxClock(builder.start + 600, speed=0)
    with SandboxServer(builder.build(), clock=clock) as server:
        server.url, server.stats(), server.truth(), server.advance(60)

Modules: `specs` describe runs and jobs over their whole lifetime. They come from `builder`,
`simulation` (seeded random numbers) or `corpus` (recordings). `timeline` computes their status at
a point in time, and `payloads` builds GitHub's objects from it. `handlers` answer operations;
`exchange` applies tokens, limits and preconditions. `gateway` and `blobs` are the two servers.
`faults`, `limits` and `hook_sender` add GitHub's failures. `settings` (or a YAML `scenario`)
configures all of it; `control` serves the paths below /_sandbox/.
"""
