"""Objects of GitHub's lists that cannot be parsed: left out, with messages to be reported."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ...errors import MalformedPayload

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Messages about one repository that are kept until they are reported.
MAX_MESSAGES = 20


class MalformedObjects:
    """A parser of lists that skips malformed objects. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: dict[str, dict[str, None]] = {}

    def parse_each(
        self,
        parse: Callable[[Mapping[str, Any]], T],
        payloads: Iterable[Mapping[str, Any]],
        *,
        repository: str,
        path: str,
    ) -> Iterator[T]:
        """Parse the objects of a list; a malformed one does not stop the others."""
        for payload in payloads:
            try:
                yield parse(payload)
            except MalformedPayload as error:
                logger.warning("malformed object", extra={"reason": str(error), "path": path})
                self._keep_message(repository, f"{error} It is left out of {path}.")

    def take_messages(self, repository: str) -> list[str]:
        """Remove and return the messages about a repository's objects that could not be parsed."""
        with self._lock:
            return list(self._messages.pop(repository.lower(), ()))

    def _keep_message(self, repository: str, message: str) -> None:
        with self._lock:
            messages = self._messages.setdefault(repository.lower(), {})
            if len(messages) < MAX_MESSAGES:
                messages[message] = None
