"""Faults: what goes wrong, with which requests, and how often: by count or by probability."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .rng import seeded_fraction

#: What a fault can do, and which of its fields configure it.
EFFECTS = {
    "nothing": "the answer is the correct one",
    "error": "`status`, as `html` or JSON",
    "cut": "the body stops after `fraction` of it",
    "reset": "the connection closes without an answer",
    "slow": "the answer comes `seconds` of real time late",
    "secondary": "a secondary limit (`status` 403, 404 or 429) for `seconds`, with Retry-After if "
    "`retry_after`, as an HTTP date if `retry_after_date`",
    "busy": "`status` with a Retry-After of `seconds`; the token is not blocked",
    "missing": "404",
    "dead_redirect": "a log's redirect leads to a closed port",
    "late_jobs": "jobs are shown as they were `seconds` ago",
    "sso": "403, or `status` 404, with X-GitHub-SSO",
    "suspended": "403 of a suspended installation",
    "blocked": "451",
    "archive_lacks": "the archive of logs lacks the first job's file",
    "archive_empty": "the first job's file in the archive of logs is empty",
    "archive_differs": "the first job's file in the archive lacks its byte order mark",
    "unauthorized": "401",
    "gone": "410",
    "broken_json": "200 with the first half of the body",
    "empty_list": "a list that lacks its items but has their count",
    "malformed": "a list whose first item has no id",
    "revoked": "the request's token is unknown from now on",
    "direct_log": "a log is answered in place of the redirect to it",
    "unchanged": "304 for every ETag, as from a stale cache",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with some requests; `do` is one of `EFFECTS`.

    `path` and `query` are regular expressions that are searched in a request's path (on the API or
    on the logs' host) and in its query. If `above_page_size` is set, only requests for larger pages
    fail. A matching request fails with `probability`, until `count` requests have failed; with
    `per_path`, failures are counted for each path separately.
    """

    path: str
    do: str
    count: int | None = None
    probability: float = 1.0
    per_path: bool = False
    status: int = 502
    html: bool = False
    fraction: float = 0.5
    seconds: float = 1.0
    retry_after: bool = True
    retry_after_date: bool = False
    above_page_size: int | None = None
    query: str = ""

    def __post_init__(self) -> None:
        """Raise an error if `do` is unknown or a pattern is not a regular expression."""
        if self.do not in EFFECTS:
            raise ValueError(f"A fault cannot do {self.do!r}; it can do {sorted(EFFECTS)}.")
        re.compile(self.path)
        re.compile(self.query)


NO_FAULT = Fault(path="", do="nothing")


class Faults:
    """The current faults; `select` decides for each request whether one of them applies."""

    def __init__(self, faults: Iterable[Fault] = (), *, seed: object = 0) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._faults = list(faults)
        self._matched: Counter[int] = Counter()
        self._applied: Counter[object] = Counter()

    def replace(self, faults: Iterable[Fault]) -> None:
        """Replace the faults, with all counts at zero."""
        with self._lock:
            self._faults = list(faults)
            self._matched.clear()
            self._applied.clear()

    def select(self, path: str, page_size: int = 30, query: str = "") -> Fault:
        """Return the first fault that applies to a request, or NO_FAULT."""
        with self._lock:
            for number, fault in enumerate(self._faults):
                if fault.above_page_size is not None and page_size <= fault.above_page_size:
                    continue
                is_meant = re.search(fault.path, path) and re.search(fault.query, query)
                if is_meant and self._applies(number, fault, path):
                    return fault
        return NO_FAULT

    def _applies(self, number: int, fault: Fault, path: str) -> bool:
        key = (number, path if fault.per_path else None)
        if fault.count is not None and self._applied[key] >= fault.count:
            return False
        self._matched[number] += 1
        chance = seeded_fraction(self._seed, "fault", number, self._matched[number])
        if chance >= fault.probability:
            return False
        self._applied[key] += 1
        return True
