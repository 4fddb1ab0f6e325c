"""When messages arrived, and how long after the fact that was."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from tests.chaos.clock import Pace
from tests.chaos.reader import Reader


class Lags(NamedTuple):
    """How late ended runs and their logs came, in words."""

    runs: str
    logs: str


class ArrivalReader(Reader):
    """A reader that also keeps when each thing came first, in GitHub's time."""

    def __init__(self, endpoint: str, metrics: str, logs: str, *, pace: Pace) -> None:
        self._pace = pace
        self.began_at = pace.sandbox_start
        self.runs: dict[tuple[Any, ...], float] = {}
        self.logs: dict[tuple[Any, ...], float] = {}
        super().__init__(endpoint, metrics, logs)

    def _take_fact(self, envelope: dict[str, Any]) -> None:
        super()._take_fact(envelope)
        if envelope["event_type"] == "workflow_run_completed":
            data = envelope["data"]
            key = (data["repo"], data["run_id"], data["run_attempt"])
            self.runs.setdefault(key, self._pace.now())

    def _take_log(self, envelope: dict[str, Any]) -> None:
        super()._take_log(envelope)
        data = envelope["data"]
        key = (data["repo"], data["run_id"], data["run_attempt"], data["job_id"])
        self.logs.setdefault(key, self._pace.now())


def lags(ended: Iterable[dict[str, Any]], reader: ArrivalReader) -> Lags:
    """Measure from the end of each attempt to its message, and to the messages of its logs."""
    runs: list[float] = []
    logs: list[float] = []
    for attempt in ended:
        key = (attempt["repo"], attempt["run_id"], attempt["run_attempt"])
        end = seconds_of(attempt["updated_at"])
        if key not in reader.runs or end < reader.began_at:
            continue
        runs.append(reader.runs[key] - end)
        keys = ((*key, job["job_id"]) for job in attempt["jobs"])
        logs += [reader.logs[each] - end for each in keys if each in reader.logs]
    return Lags(_words(runs), _words(logs))


def seconds_of(time: str) -> float:
    """Read a time of GitHub's in seconds since the epoch."""
    return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()


def _words(seconds: list[float]) -> str:
    if len(seconds) < 2:
        return "-"
    parts = statistics.quantiles(seconds, n=20)
    return (
        f"median {statistics.median(seconds):.0f} s, p95 {parts[-1]:.0f} s, "
        f"longest {max(seconds):.0f} s of {len(seconds)}"
    )
