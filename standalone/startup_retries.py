"""Retries at the start, for a database or an app server that is starting as well."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import click
from ingest.errors import Retriable

from .logs import write_notice

_Opened = TypeVar("_Opened")

#: A server that restarts, or starts after this process, responds within this time.
MAX_WAIT_SECONDS = 300.0
MAX_PAUSE_SECONDS = 15.0


def open_when_available(
    opener: Callable[[], _Opened], *, retry_on: type[Retriable], stop: threading.Event
) -> _Opened:
    """Call ``opener`` until it no longer raises ``retry_on``.

    Raises its other errors, and ``retry_on`` after MAX_WAIT_SECONDS. Exits where ``stop`` is set.
    """
    ends_at, pause, reported = time.monotonic() + MAX_WAIT_SECONDS, 1.0, ""
    while True:
        try:
            return opener()
        except retry_on as error:
            if stop.is_set():
                raise click.exceptions.Exit(0) from error
            if time.monotonic() >= ends_at:
                raise
            minutes = math.ceil((ends_at - time.monotonic()) / 60)
            notice = f"{error} Trying again for {minutes} min."
            if notice != reported:
                reported = notice
                write_notice(notice, level=logging.WARNING)
        stop.wait(pause)
        pause = min(2 * pause, MAX_PAUSE_SECONDS)
