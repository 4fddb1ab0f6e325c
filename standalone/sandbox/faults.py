"""Faults: what goes wrong, where, and how often; decided by seeded chance or by count."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .rng import seeded_fraction

KINDS = frozenset(
    {
        "error",
        "cut",
        "reset",
        "slow",
        "secondary",
        "busy",
        "missing",
        "dead_redirect",
        "late_jobs",
        "sso",
        "suspended",
        "blocked",
        "archive_lacks",
        "archive_empty",
        "archive_differs",
        "unauthorized",
        "gone",
        "broken_json",
        "empty_list",
        "malformed",
        "revoked",
        "direct_log",
        "unchanged",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule.

    `path` is a regular expression that is searched in the path (of the API or of the logs' host),
    `query` one that is searched in the query, such as `status=queued`.
    `count` stops after this many (for each path alone with `per_path`); `probability` is drawn anew
    for each request. `do` says what happens:
    error: `status`, as `html` or JSON; cut: the body stops after `fraction` of it; reset: the
    connection closes without an answer; slow: the answer comes `seconds` of real time late;
    secondary: a secondary limit (`status` 403, 404 or 429) for `seconds`, with Retry-After if
    `retry_after`, as an HTTP date if `retry_after_date`; busy: `status` with a Retry-After of
    `seconds`, for this path alone; missing: 404; dead_redirect: a
    log's redirect leads to a closed port;
    late_jobs: jobs are shown as they were `seconds` ago; sso: 403, or `status` 404, with
    X-GitHub-SSO; suspended: 403 of a suspended installation; blocked: 451;
    archive_lacks, archive_empty, archive_differs: the archive of logs misses the first job's file,
    or holds it empty or without the mark at its begin; unauthorized: 401; gone: 410;
    broken_json: 200 with the first half of the body;
    empty_list: a list without its items, which it counts; malformed: a list whose first item has
    no id; revoked: the token that asks is unknown from now on; direct_log: a log is answered
    itself in place of its address; unchanged: 304 for every ETag, as of a
    cache that is wrong. With `above_page_size`, only requests for more items a page
    fail.
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
        """Refuse a rule that cannot be followed."""
        if self.do not in KINDS:
            raise ValueError(f"A fault cannot do {self.do!r}; it can do {sorted(KINDS)}.")
        re.compile(self.path)
        re.compile(self.query)


class Faults:
    """The fault rules in force; they decide for each request whether one applies."""

    def __init__(self, rules: Iterable[Fault] = (), *, seed: object = 0) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._rules: list[Fault] = list(rules)
        self._asked: Counter[object] = Counter()
        self._applied: Counter[object] = Counter()

    @property
    def rules(self) -> list[Fault]:
        """Return the rules in force."""
        return list(self._rules)

    def replace(self, rules: Iterable[Fault]) -> None:
        """Replace the rules, with all counts at zero."""
        with self._lock:
            self._rules = list(rules)
            self._asked.clear()
            self._applied.clear()

    def select(self, path: str, page_size: int = 30, query: str = "") -> Fault | None:
        """Return the first rule that strikes a request for this path and query."""
        if not self._rules:
            return None
        with self._lock:
            for number, rule in enumerate(self._rules):
                if rule.above_page_size is not None and page_size <= rule.above_page_size:
                    continue
                is_meant = re.search(rule.path, path) and re.search(rule.query, query)
                if is_meant and self._applies(number, rule, path):
                    return rule
        return None

    def _applies(self, number: int, rule: Fault, path: str) -> bool:
        key = (number, path) if rule.per_path else (number, None)
        if rule.count is not None and self._applied[key] >= rule.count:
            return False
        self._asked[number] += 1
        if seeded_fraction(self._seed, "fault", number, self._asked[number]) >= rule.probability:
            return False
        self._applied[key] += 1
        return True
