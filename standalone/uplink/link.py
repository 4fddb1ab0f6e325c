"""The link to an Anvil app: its Uplink connection, with checks that Anvil's own client lacks.

``anvil.server.connect`` returns normally with a wrong key, and does not try again if the server is
down. A call over a link whose other end is silent never returns.
https://anvil.works/docs/uplink
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ingest.errors import Fatal, Retriable
from ingest.services.time_limits import call_with_timeout
from ingest.settings import Secret

_Answer = TypeVar("_Answer")

HOSTED_URL = "wss://anvil.works/uplink"

#: How long a server may take to start, and to answer a call; and the pause between two tries.
CONNECT_SECONDS = 20.0
ANSWER_SECONDS = 8.0
_PAUSE_SECONDS = 2.0

_WRONG_KEY = "incorrect uplink key"


@dataclass(frozen=True, slots=True)
class AppAddress:
    """The address of an app's Uplink, and its key."""

    url: str
    key: Secret


class WrongUplinkKey(Fatal):
    """The error that the app does not accept the key."""


class AppUnreachable(Retriable):
    """The error that the app's server cannot be reached, or does not answer."""


def _provide_tracer() -> None:
    """Set a tracer that records nothing, if OpenTelemetry is installed and no tracer is set.

    anvil-uplink 0.7.0 sets a tracer only on Anvil's own servers, and answers no call without one.
    """
    try:
        from anvil_downlink_util.tracing import impl
    except ImportError:
        return
    if impl.get_anvil_tracer_provider() is None:
        impl.set_internal_tracer_provider(impl.trace.NoOpTracerProvider())


def connect(app: AppAddress, *, max_wait_seconds: float = CONNECT_SECONDS) -> None:
    """Connect to the app, and check that it answers.

    Raises WrongUplinkKey or AppUnreachable. If the link is lost later, Anvil's client reconnects.
    """
    import anvil.server

    _provide_tracer()
    key, url = app.key, app.url
    ends_at = time.monotonic() + max_wait_seconds
    while True:
        try:
            call_app(
                ANSWER_SECONDS, lambda: anvil.server.connect(key.reveal(), url=url, quiet=True)
            )
            break
        except (OSError, ValueError) as error:
            # The server is down: it refuses the connection, or a proxy refuses the handshake.
            if time.monotonic() >= ends_at:
                raise AppUnreachable(
                    f"{url} cannot be reached ({type(error).__name__}): is the app's server "
                    "running, and is ANVIL_UPLINK_URL its address?"
                ) from error
            time.sleep(_PAUSE_SECONDS)
        except LinkSilent as error:
            raise AppUnreachable(
                f"{url} accepts connections but does not answer. Is ANVIL_UPLINK_URL right?"
            ) from error
        except Exception as error:
            raise AppUnreachable(
                f"{url} is not the Uplink of an Anvil app: {type(error).__name__}."
            ) from error
    check_link(url)


def check_link(url: str) -> None:
    """Check that the app answers. Raises WrongUplinkKey or AppUnreachable."""
    import anvil.server

    try:
        call_app(ANSWER_SECONDS, lambda: anvil.server.call("anvil.private.echo", "runstream"))
    except AppUnreachable:
        raise
    except Exception as error:
        if _WRONG_KEY in str(error).lower():
            raise WrongUplinkKey(
                f"{url} does not know this key: set ANVIL_UPLINK_KEY to the Server Uplink key of "
                "the app (its Uplink page at anvil.works, or what `serve` wrote)."
            ) from error
        raise AppUnreachable(
            f"{url} does not answer ({type(error).__name__}): Runstream tries again."
        ) from error


def disconnect() -> None:
    """Disconnect from the app; pending calls are abandoned."""
    import anvil.server

    with contextlib.suppress(AppUnreachable):
        call_app(ANSWER_SECONDS, anvil.server.disconnect)


def call_app(seconds: float, function: Callable[[], _Answer]) -> _Answer:
    """Call the app over its Uplink. Raises LinkSilent if no answer comes in time."""
    return call_with_timeout(seconds, "The app", function, error=LinkSilent)


class LinkSilent(AppUnreachable):
    """The error that the link is open, but no call is answered."""
