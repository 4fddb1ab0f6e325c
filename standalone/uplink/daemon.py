"""Both agents as an Uplink server: the app shows what they do, and asks them for its pages."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import closing

from ingest.bootstrap import open_collector, open_data_tables_state
from ingest.settings import Settings

from ..agents import agent_threads, watch
from .link import AppAddress, connect, disconnect
from .watchdog import Watchdog

#: For a supervisor, from sysexits.h: start it again later, or only once a person has acted.
UNAVAILABLE = 69
MISCONFIGURED = 78


def serve_app(
    settings: Settings,
    *,
    app: AppAddress,
    stop: threading.Event,
    tell: Callable[[str], None],
) -> None:
    """Connect and run both agents until ``stop`` is set; what is registered is answered meanwhile.

    Raises WrongUplinkKey, AppUnreachable, and what opening a collector raises. A link that dies
    without closing ends the whole process with UNAVAILABLE: what hangs on it hangs for ever.
    """
    from ingest.adapters.system_clock import SystemClock

    connect(app)
    tell(f"Connected to {app.url}.")
    try:
        state = open_data_tables_state()
        clock = SystemClock(stop)
        with closing(open_collector(settings, state=state, clock=clock)) as collector:
            watch(collector, [])
            Watchdog(app.url, stop=stop, tell=tell, on_dead=_end_process(tell)).start()
            with agent_threads(collector.world, None, stop):
                tell("Both agents work; the app's pages show it.")
                stop.wait()
    finally:
        disconnect()


def register(*, with_schedule: bool) -> None:
    """Make the app's functions ready to be called here; Anvil's client tells the app of them.

    The schedule of the app stays with the app, unless it is asked for: an Uplink that registers a
    scheduled task gets all its runs.
    """
    import ingest.entrypoints.administration
    import ingest.entrypoints.callables
    import ingest.entrypoints.collect_task
    import ingest.entrypoints.pages

    if with_schedule:
        import ingest.entrypoints.tasks  # noqa: F401 - likewise


def _end_process(tell: Callable[[str], None]) -> Callable[[str], None]:
    def end(why: str) -> None:
        tell(f"{why} The daemon ends, to be started again.")
        os._exit(UNAVAILABLE)

    return end
