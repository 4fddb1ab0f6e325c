"""Retries at the start, for a database, an app server or a local SQS that is starting as well."""

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

_Result = TypeVar("_Result")

#: A server that restarts, or starts after this process, responds within this time.
MAX_WAIT_SECONDS = 300.0
MAX_PAUSE_SECONDS = 15.0


def retry_at_start(
    function: Callable[[], _Result], *, retry_on: type[Retriable], stop: threading.Event
) -> _Result:
    """Call ``function`` until it no longer raises ``retry_on``; return its result.

    Raises other errors at once, and ``retry_on`` after MAX_WAIT_SECONDS. Exits if ``stop`` is set.
    """
    ends_at, pause, last_notice = time.monotonic() + MAX_WAIT_SECONDS, 1.0, ""
    while True:
        try:
            return function()
        except retry_on as error:
            if stop.is_set():
                raise click.exceptions.Exit(0) from error
            if time.monotonic() >= ends_at:
                raise
            minutes = math.ceil((ends_at - time.monotonic()) / 60)
            notice = f"{error} Trying again for {minutes} min."
            if notice != last_notice:
                last_notice = notice
                write_notice(notice, level=logging.WARNING)
        stop.wait(pause)
        pause = min(2 * pause, MAX_PAUSE_SECONDS)
