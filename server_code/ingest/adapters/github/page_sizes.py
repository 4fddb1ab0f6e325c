"""Which lists need smaller pages: learned from what GitHub failed to answer."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

logger = logging.getLogger(__name__)

#: A list gets smaller pages after this many failures in a row: one may have passed by itself.
STRIKES = 2

#: Lists that are remembered, and for how long: an outage must not cost requests for ever.
MAX_REMEMBERED = 1000
REMEMBERED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class _Memory:
    """The size that a list was answered in, and how often in a row a larger one failed."""

    size: int
    strikes: int
    until: float


class PageSizes:
    """The page sizes of lists, by path. Safe for many threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Memory] = OrderedDict()
        self._lock = threading.Lock()

    def allowed(self, path: str, sizes: Sequence[int]) -> list[int]:
        """Return the sizes to try for a list, the largest first."""
        with self._lock:
            known = self._known.get(path)
        if known is None or known.strikes < STRIKES or time.monotonic() >= known.until:
            return list(sizes)
        return [size for size in sizes if size <= known.size]

    def note(self, path: str, size: int, *, is_reduced: bool, is_usual: bool) -> None:
        """Note the size that a page was answered in; ``is_reduced``: larger ones just failed."""
        with self._lock:
            known = self._known.get(path)
            if is_reduced:
                strikes = 1 if known is None else known.strikes + 1
                logger.info("list needs smaller pages", extra={"path": path, "per_page": size})
                until = time.monotonic() + REMEMBERED_SECONDS
                self._known[path] = _Memory(size, strikes, until)
                self._known.move_to_end(path)
                while len(self._known) > MAX_REMEMBERED:
                    self._known.popitem(last=False)
            elif is_usual:
                self._known.pop(path, None)
