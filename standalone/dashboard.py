"""The dashboard that `run` starts: the Anvil app, which also does the collecting."""

from __future__ import annotations

import os
import textwrap
from contextlib import ExitStack

from ingest.errors import IngestError

from .app_server.errors import CannotServe
from .app_server.messages import describe_served_app, masked_echo
from .app_server.served_app import (
    DEFAULT_PORT,
    ServeOptions,
    open_app_server,
)
from .environment import read_environment
from .local.free_port import free_port, is_free
from .local.local_environment import LocalEnvironment
from .output import print_result
from .stopping import Stop

STOP_LINE = "Stop   Ctrl-C"


def serve_dashboard(local: LocalEnvironment, stop: Stop) -> int | None:
    """Serve until stopped, and return 0; print why and return None if the app cannot be served."""
    environment = {**os.environ, **local.settings}
    settings = read_environment(environment)
    options = ServeOptions(
        folder=local.folder,
        port=DEFAULT_PORT if is_free(DEFAULT_PORT) else free_port(),
        sources=tuple(local.sources),
        backfill_days=settings.collecting.backfill_days,
        is_durable=not local.has_sandbox,
    )
    echo = masked_echo(environment)
    with ExitStack() as stack:
        try:
            served = stack.enter_context(
                open_app_server(options, environment, echo=echo, stop=stop.event)
            )
        except IngestError as error:
            echo(_view_line(error))
            return None
        if served is not None:  # else it was stopped before the app answered
            print_result("\n".join([*describe_served_app(served), STOP_LINE]))
            served.wait(stop.event)
        echo("Stopping the app server.")
    return 0


def _view_line(error: IngestError) -> str:
    """Return a line on why the live view is shown instead; a long command is left to `serve`."""
    has_command = isinstance(error, CannotServe) and error.remedy is not None
    text = f"{error} `runstream serve` says what to do." if has_command else str(error)
    return textwrap.fill(
        f"View   below. {text}",
        width=80,
        subsequent_indent=" " * 7,
        break_long_words=False,
        break_on_hyphens=False,
    )
