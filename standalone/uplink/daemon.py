"""The Uplink daemon: both agents, and the functions that the app calls for its pages."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from functools import partial

from ingest.bootstrap.collector import open_collector
from ingest.bootstrap.state_stores import open_data_tables_state
from ingest.bootstrap.workers import release_leases_of_dead_processes
from ingest.settings import Settings

from ..agents import AgentOptions, agent_threads
from ..failures import exit_code_for
from ..http.endpoints import serve_endpoints
from ..http.server import Address
from ..logs import write_notice
from ..startup_retries import retry_at_start
from .link import AppAddress, AppUnreachable, connect, disconnect
from .watchdog import Watchdog

#: Fewer threads and longer intervals: each query of the state goes over a link that may be slow.
UPLINK_OPTIONS = AgentOptions(
    monitoring_threads=1, idle_seconds=2.0, pause_check_seconds=10.0, heartbeat_seconds=15.0
)


def run_daemon(
    settings: Settings,
    *,
    app: AppAddress,
    health_and_metrics: Address | None,
    stop: threading.Event,
) -> None:
    """Connect, run both agents and answer the app's calls until ``stop`` is set.

    Health and metrics are served at ``health_and_metrics``. Raises WrongUplinkKey, AppUnreachable,
    BadSettings, and what opening a collector raises. Ends the whole process if the link is open but
    silent, because calls over it never return, and if the key was replaced.
    """
    from ingest.adapters.system_clock import SystemClock

    retry_at_start(partial(connect, app, max_wait_seconds=0), retry_on=AppUnreachable, stop=stop)
    write_notice(f"Connected to {app.url}.")
    try:
        state = open_data_tables_state()
        clock = SystemClock(stop)
        with closing(open_collector(settings, state=state, clock=clock)) as collector:
            release_leases_of_dead_processes(state, now=clock.now())
            watchdog = Watchdog(app.url, stop=stop, echo=write_notice, on_dead=_end_process)
            watchdog.start()
            with (
                serve_endpoints(
                    collector, health_and_metrics=health_and_metrics, run_query=watchdog.run_query
                ),
                agent_threads(
                    collector.context, names_to_poll=lambda: None, stop=stop, options=UPLINK_OPTIONS
                ),
            ):
                write_notice("Both agents work; the app's pages show it.")
                stop.wait()
    finally:
        disconnect()


def register(*, with_schedule: bool) -> None:
    """Import the app's functions; Anvil's client registers them, and the app then calls them here.

    Scheduled tasks are registered only ``with_schedule``, because Anvil then starts them only on
    the Uplink that has registered them.
    """
    import ingest.entrypoints.administration
    import ingest.entrypoints.callables
    import ingest.entrypoints.collect_task
    import ingest.entrypoints.pages

    if with_schedule:
        import ingest.entrypoints.tasks  # noqa: F401 - it registers them


def _end_process(error: Exception) -> None:
    write_notice(f"{error} The daemon ends.")
    os._exit(exit_code_for(error))
