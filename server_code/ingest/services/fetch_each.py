"""Concurrent requests for single items."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from ..errors import IngestError
from .context import CollectorContext
from .time_limits import await_result

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


def fetch_each(
    context: CollectorContext, keys: Iterable[_Key], fetch: Callable[[_Key], _Value]
) -> dict[_Key, _Value | IngestError]:
    """Fetch the item of each key; if that fails, the error takes the item's place."""

    def fetch_or_error(key: _Key) -> _Value | IngestError:
        try:
            return fetch(key)
        except IngestError as error:
            return error

    futures = {key: context.executor.submit(fetch_or_error, key) for key in keys}
    return {key: await_result(each, context.while_waiting) for key, each in futures.items()}
