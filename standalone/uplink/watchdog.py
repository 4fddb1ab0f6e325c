"""A watchdog for the link: says when it is gone and back, and ends what it can no longer serve.

Where the server is down, Anvil's client connects again by itself, however long that takes. Where
the link is open and silent, every call on it hangs for ever: only a new process helps.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..state_query import Answer
from .link import ANSWER_SECONDS, AppUnreachable, LinkSilent, call_app, check

logger = logging.getLogger(__name__)

CHECK_SECONDS = 10.0

#: So many checks without an answer in a row, and the link is taken for dead.
MAX_SILENT_CHECKS = 3


class Watchdog:
    """A thread that checks the Uplink at intervals until ``stop`` is set."""

    def __init__(
        self,
        url: str,
        *,
        stop: threading.Event,
        echo: Callable[[str], None],
        on_dead: Callable[[Exception], None],
    ) -> None:
        self._url = url
        self._stop = stop
        self._echo = echo
        self._on_dead = on_dead
        self._lost_because: str | None = None
        self._silent_checks = 0
        self._thread = threading.Thread(target=self._run, name="uplink-watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def ask(self, query: Callable[[], Answer], /) -> Answer:
        """Call the app with a short timeout. Raises AppUnreachable.

        While the link is gone nothing is asked: what hangs on it would pile up.
        """
        if self._lost_because is not None:
            raise AppUnreachable(self._lost_because)
        return call_app(ANSWER_SECONDS, query)

    def _run(self) -> None:
        while not self._stop.wait(CHECK_SECONDS):
            try:
                check(self._url)
            except LinkSilent as error:
                self._silent_checks += 1
                self._mark_lost(str(error))
                if self._silent_checks >= MAX_SILENT_CHECKS:
                    self._on_dead(LinkSilent("The link is open, and nobody answers on it."))
                    return
            except AppUnreachable as error:
                self._silent_checks = 0
                self._mark_lost(str(error))
            except Exception as error:  # noqa: BLE001 - a watchdog must not die of what it finds
                self._on_dead(error)
                return
            else:
                self._silent_checks = 0
                self._find()

    def _mark_lost(self, why: str) -> None:
        is_new = self._lost_because is None
        self._lost_because = f"The link to the app is gone: {why}"
        if is_new:
            logger.warning("link lost", extra={"reason": why})
            self._echo(self._lost_because)

    def _find(self) -> None:
        if self._lost_because is not None:
            self._lost_because = None
            logger.warning("link is back", extra={"url": self._url})
            self._echo("The link to the app is back; the agents continue.")
