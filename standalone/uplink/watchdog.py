"""A watchdog for the Uplink: it reports a lost link, and ends the daemon if the link is silent.

If the server is down, Anvil's client connects again by itself, however long that takes. If the
connection is open but silent, every call over it hangs, and only a new process helps.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..query_runner import Answer
from .link import ANSWER_SECONDS, AppUnreachable, LinkSilent, call_app, check_link

logger = logging.getLogger(__name__)

CHECK_SECONDS = 10.0

#: The number of unanswered checks in a row after which the link counts as dead.
MAX_SILENT_CHECKS = 3


class Watchdog:
    """A thread that checks the Uplink at intervals until ``stop`` is set."""

    def __init__(
        self,
        uplink_url: str,
        *,
        stop: threading.Event,
        echo: Callable[[str], None],
        on_dead: Callable[[Exception], None],
    ) -> None:
        self._url = uplink_url
        self._stop = stop
        self._echo = echo
        self._on_dead = on_dead
        self._lost_because: str | None = None
        self._silent_checks = 0
        self._thread = threading.Thread(target=self._run, name="uplink-watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def run_query(self, query: Callable[[], Answer], /) -> Answer:
        """Run a query over the link with a short timeout. Raises AppUnreachable.

        While the link is lost, nothing is sent, because hanging calls would pile up.
        """
        if (lost_because := self._lost_because) is not None:
            raise AppUnreachable(lost_because)
        return call_app(ANSWER_SECONDS, query)

    def _run(self) -> None:
        while not self._stop.wait(CHECK_SECONDS):
            try:
                check_link(self._url)
            except LinkSilent as error:
                self._silent_checks += 1
                self._mark_lost(str(error))
                if self._silent_checks >= MAX_SILENT_CHECKS:
                    self._on_dead(LinkSilent("The link is open, and nobody answers on it."))
                    return
            except AppUnreachable as error:
                self._silent_checks = 0
                self._mark_lost(str(error))
            except Exception as error:  # noqa: BLE001 - an error that is not foreseen ends the daemon, not this thread alone
                self._on_dead(error)
                return
            else:
                self._silent_checks = 0
                self._mark_found()

    def _mark_lost(self, why: str) -> None:
        is_new = self._lost_because is None
        self._lost_because = f"The link to the app is gone: {why}"
        if is_new:
            logger.warning("link lost", extra={"reason": why})
            self._echo(self._lost_because)

    def _mark_found(self) -> None:
        if self._lost_because is not None:
            self._lost_because = None
            logger.warning("link is back", extra={"url": self._url})
            self._echo("The link to the app is back; the agents continue.")
