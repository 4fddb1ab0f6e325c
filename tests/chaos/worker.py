"""One collector process of the chaos run: made to be killed."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from ingest.bootstrap.collector import Collector, open_collector
from ingest.bootstrap.state_stores import open_state
from ingest.settings import read_settings

from standalone.agents import add_repositories, run_agents
from tests.chaos.clock import FastClock, Pace


def open_worker(pace: Pace, stop: threading.Event) -> Collector:
    """Join a collector that lives in the sandbox's time."""
    settings = read_settings(os.environ.get)
    return open_collector(settings, state=open_state(settings), clock=FastClock(pace, stop))


def main() -> None:
    pace, repositories = Pace(**json.loads(sys.argv[1])), json.loads(sys.argv[2])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    collector = open_worker(pace, stop)
    try:
        add_repositories(collector, repositories)
        run_agents(collector, lambda: repositories, stop=stop, on_progress=lambda: None)
    finally:
        collector.close()


if __name__ == "__main__":
    main()
