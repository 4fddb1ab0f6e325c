"""Both agents as an Uplink server: the app shows what they do, and asks them for its pages."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import closing

from ingest.bootstrap import open_collector, open_data_tables_state
from ingest.settings import Settings

from ..agents import Pace, agent_threads, watch
from ..failures import UNAVAILABLE
from ..http_server import Address
from ..http_services import served
from .link import AppAddress, connect, disconnect
from .watchdog import Watchdog

#: Every question to the state goes over the link, which may lead round the world.
OVER_THE_LINK = Pace(
    monitoring_threads=1, idle_seconds=2.0, ask_wish_seconds=10.0, heartbeat_seconds=15.0
)


def serve_app(
    settings: Settings,
    *,
    app: AppAddress,
    operations: Address | None,
    stop: threading.Event,
    tell: Callable[[str], None],
) -> None:
    """Connect and run both agents until ``stop`` is set; what is registered is answered meanwhile.

    Health and metrics are served at ``operations``. Raises WrongUplinkKey, AppUnreachable,
    BadSettings, and what opening a collector raises. A link that dies
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
            watchdog = Watchdog(app.url, stop=stop, tell=tell, on_dead=_end_process(tell))
            watchdog.start()
            with (
                served(collector, operations=operations, ask=watchdog.ask),
                agent_threads(collector.context, None, stop, OVER_THE_LINK),
            ):
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
