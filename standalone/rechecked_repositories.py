"""The repositories that a command names; those that GitHub refuses are checked again later."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta

from ingest.bootstrap.collector import Collector
from ingest.domain.due import is_still_ahead
from ingest.ports import RepositoryInfo
from ingest.services.context import PIPELINE_MONITORING_AGENT
from ingest.services.fetch_each import fetch_each

from .agents import add_repositories
from .failures import sentence_for
from .logs import write_notice
from .repositories import FoundRepositories

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)

_REMEDY = "It is collected as soon as GitHub shows it; no restart is needed."


class RecheckedRepositories:
    """The repositories to poll: those that GitHub has shown, at the start or at a later check.

    So an access right that is granted later needs no restart. Refused repositories are not in the
    state, because a mistyped name must not be saved.
    """

    def __init__(self, collector: Collector, checked: FoundRepositories) -> None:
        self._collector = collector
        self._shown = checked.names
        self._refused = dict(checked.refused)
        self._pause = FIRST_PAUSE
        self._next_at = collector.context.clock.now() + FIRST_PAUSE
        self._checking = threading.Lock()

    def report(self) -> None:
        """Report each refusal as an error that ``status`` shows. Raises StateUnavailable."""
        for name, error in self._refused.items():
            self._collector.context.report_error(
                PIPELINE_MONITORING_AGENT, name, sentence_for(error), _REMEDY, is_logged=False
            )

    def names(self) -> Sequence[str]:
        """Return the repositories to poll; check the refused ones again when they are due.

        One thread checks; the others do not wait for it. Raises StateUnavailable.
        """
        if self._refused and self._checking.acquire(blocking=False):
            try:
                self._check_if_due()
            finally:
                self._checking.release()
        return self._shown

    def _check_if_due(self) -> None:
        """Check the refused repositories, unless another thread has just done so.

        A due time that is further ahead than the pause counts as past: the clock was set back.
        """
        context = self._collector.context
        if is_still_ahead(self._next_at, context.clock.now(), max_plausible=self._pause):
            return
        answers = fetch_each(context, list(self._refused), context.github.fetch_repository)
        shown = {
            name: answer.full_name
            for name, answer in answers.items()
            if isinstance(answer, RepositoryInfo)
        }
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._next_at = context.clock.now() + self._pause
        if not shown:
            return
        add_repositories(self._collector, tuple(shown.values()))
        self._shown = tuple(dict.fromkeys((*self._shown, *shown.values())))
        self._refused = {name: error for name, error in self._refused.items() if name not in shown}
        for name in shown:
            write_notice(f"{name} is collected now: GitHub shows it.", level=logging.INFO)
