"""How long a server may send nothing: longer for what it was too slow to answer before."""

from __future__ import annotations

import threading
from collections import OrderedDict

#: Most answers begin within a second; one that does not is not waited for at first.
READ_SECONDS = 20.0

#: A busy server answers some requests only after longer: each silence doubles the wait of the next
#: request for the same, up to this.
MAX_READ_SECONDS = 55.0

#: Slow addresses that are remembered at once.
MAX_ADDRESSES = 1000


class ReadTimeouts:
    """The longest silence of each address. Safe for many threads."""

    def __init__(self, read_seconds: float = READ_SECONDS) -> None:
        self._read_seconds = read_seconds
        self._slow: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def seconds(self, address: str) -> float:
        """Return how long the next answer of an address may be awaited."""
        with self._lock:
            return self._slow.get(address, self._read_seconds)

    def note_silence(self, address: str) -> None:
        """Note that an address sent nothing for as long as it was given."""
        with self._lock:
            seconds = self._slow.pop(address, self._read_seconds)
            self._slow[address] = min(2 * seconds, MAX_READ_SECONDS)
            if len(self._slow) > MAX_ADDRESSES:
                self._slow.popitem(last=False)

    def note_answer(self, address: str, *, took_seconds: float) -> None:
        """Note when an answer of an address began: a fast one shows that it is slow no more."""
        if took_seconds < self._read_seconds:
            with self._lock:
                self._slow.pop(address, None)
