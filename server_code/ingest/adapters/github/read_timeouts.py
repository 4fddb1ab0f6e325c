"""Read timeouts, which are longer for URLs that a server was too slow to answer before."""

from __future__ import annotations

import threading
from collections import OrderedDict

#: The usual timeout: most answers begin within a second.
READ_SECONDS = 20.0

#: The longest one: each silence of a busy server doubles the timeout of the next request for the
#: same URL.
MAX_READ_SECONDS = 55.0

#: Slow URLs that are remembered.
MAX_URLS = 1000


class ReadTimeouts:
    """The read timeout of each URL. Safe for many threads."""

    def __init__(self, read_seconds: float = READ_SECONDS) -> None:
        self._read_seconds = read_seconds
        self._slow: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def seconds(self, url: str) -> float:
        """Return the timeout of the next request for a URL."""
        with self._lock:
            return self._slow.get(url, self._read_seconds)

    def note_silence(self, url: str) -> None:
        """Note that no answer began within the timeout."""
        with self._lock:
            seconds = self._slow.pop(url, self._read_seconds)
            self._slow[url] = min(2 * seconds, MAX_READ_SECONDS)
            if len(self._slow) > MAX_URLS:
                self._slow.popitem(last=False)

    def note_answer(self, url: str, *, took_seconds: float) -> None:
        """Note when an answer began: after a fast one the usual timeout applies again."""
        if took_seconds < self._read_seconds:
            with self._lock:
                self._slow.pop(url, None)
