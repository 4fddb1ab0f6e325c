"""The lists that need smaller pages, because GitHub failed to answer larger ones.

After a list has failed in every size, each read of it tries one size only. So does every read while
several lists fail: smaller pages do not help in an outage, and must not cost more requests.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

logger = logging.getLogger(__name__)

#: How often in a row a list fails before it gets smaller pages: one failure may be an incident.
FAILURES_BEFORE_LIMIT = 2

#: Lists that are remembered, and for how long.
MAX_REMEMBERED = 1000
REMEMBERED_SECONDS = 3600.0

#: GitHub has an outage once so many lists have failed in a row, with none answered in between.
OUTAGE_LISTS = 3


@dataclass(frozen=True, slots=True)
class _SizeLimit:
    """The page size that GitHub answered, and how often in a row larger ones failed."""

    size: int
    failures: int
    until: float

    @property
    def applies(self) -> bool:
        """Return whether larger pages are not tried for now."""
        return self.failures >= FAILURES_BEFORE_LIMIT and time.monotonic() < self.until


class ListFailures:
    """The lists that GitHub failed to answer, by path. Safe for many threads."""

    def __init__(self) -> None:
        self._limits: OrderedDict[str, _SizeLimit] = OrderedDict()
        self._failures: OrderedDict[str, int] = OrderedDict()
        self._failed_in_a_row: set[str] = set()
        self._lock = threading.Lock()

    def allowed_sizes(self, path: str, sizes: Sequence[int], *, offset: int = 0) -> list[int]:
        """Return the sizes to try for the part of a list at an offset, the largest first."""
        with self._lock:
            limit, failures = self._limits.get(path), self._failures.get(f"{path} {offset}", 0)
        if limit is not None and limit.applies:
            sizes = [size for size in sizes if size <= limit.size]
        if failures or self.is_outage:
            return [sizes[failures % len(sizes)]]
        return list(sizes)

    @property
    def is_outage(self) -> bool:
        """Return whether several lists have failed in a row."""
        return len(self._failed_in_a_row) >= OUTAGE_LISTS

    def has_failed(self, path: str, *, offset: int = 0) -> bool:
        """Return whether a part of a list was not answered when it was last read."""
        with self._lock:
            return f"{path} {offset}" in self._failures

    def note_failure(self, path: str, *, offset: int = 0) -> None:
        """Note that a part of a list was not answered in any of the allowed sizes."""
        part = f"{path} {offset}"
        with self._lock:
            self._failures[part] = self._failures.pop(part, 0) + 1
            if len(self._failures) > MAX_REMEMBERED:
                self._failures.popitem(last=False)
            if len(self._failed_in_a_row) < OUTAGE_LISTS:
                self._failed_in_a_row.add(path)

    def note_answer(
        self, path: str, size: int, *, is_reduced: bool, is_largest_size: bool, offset: int = 0
    ) -> None:
        """Note the size of a page that GitHub answered; ``is_reduced``: larger ones just failed."""
        with self._lock:
            self._failures.pop(f"{path} {offset}", None)
            self._failed_in_a_row.clear()
            limit = self._limits.get(path)
            if is_reduced:
                failures = 1 if limit is None else limit.failures + 1
                logger.info("list needs smaller pages", extra={"path": path, "per_page": size})
                until = time.monotonic() + REMEMBERED_SECONDS
                self._limits[path] = _SizeLimit(size, failures, until)
                self._limits.move_to_end(path)
                while len(self._limits) > MAX_REMEMBERED:
                    self._limits.popitem(last=False)
            elif is_largest_size:
                self._limits.pop(path, None)
