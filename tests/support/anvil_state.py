"""The state of an app on the real server: emptied, and used inside one of its server modules."""

from __future__ import annotations

import base64
import io
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import psycopg2

#: Tests-only server module: runs methods of the stores. Its records are those of the app's package.
CALL_STORES = """
import base64
import io
import pickle

import anvil.server

from .ingest.adapters.data_tables import open_data_tables_state
from .ingest.adapters.data_tables.log_cache import TableLogPageStore
from .ingest.ports import LogCache

APP = __name__.rpartition(".")[0]


class FromTests(pickle.Unpickler):
    def find_class(self, module, name):
        ours = module == "ingest" or module.startswith("ingest.")
        return super().find_class(f"{APP}.{module}" if ours else module, name)


@anvil.server.callable
def call_stores(text, limits):
    if anvil.server.context.remote_caller.type != "uplink":
        raise PermissionError("Only tests call this.")
    state = open_data_tables_state()
    log_cache = LogCache(TableLogPageStore(**limits)) if limits else state.log_cache
    stores = {"state": state, "log_cache": log_cache}
    answers = []
    for part, name, args, kwargs in FromTests(io.BytesIO(base64.b64decode(text))).load():
        try:
            store = state.for_dashboard() if part == "page" else stores[part]
            answer = getattr(store, name)(*args, **kwargs)
            answers.append((list(answer) if hasattr(answer, "__next__") else answer, None))
        except Exception as error:
            answers.append((None, error))
    return base64.b64encode(pickle.dumps(answers)).decode()
"""

CALL_STORES_MODULE = {"call_stores.py": CALL_STORES}

#: Which store, which of its methods, and its arguments.
StoreCall = tuple[str, str, tuple[Any, ...], dict[str, Any]]


class _FromApp(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return super().find_class(module.removeprefix("runstream."), name)


class CalledStore:
    """A store inside a server module: each call of a method is a call of the app."""

    def __init__(self, call: Callable[..., Any], part: str, **limits: int) -> None:
        self._call, self._part, self._limits = call, part, limits

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*args: Any, **kwargs: Any) -> Any:
            return call_stores(self._call, [(self._part, name, args, kwargs)], **self._limits)[0]

        return ask


def call_stores(call: Callable[..., Any], calls: Sequence[StoreCall], **limits: int) -> list[Any]:
    """Run calls in one call of the app; raises what any of them raised."""
    text = base64.b64encode(pickle.dumps(list(calls))).decode()
    answers = _FromApp(io.BytesIO(base64.b64decode(call("call_stores", text, limits)))).load()
    for _, error in answers:
        if error is not None:
            raise error
    return [answer for answer, _ in answers]


def empty_tables(database_url: str) -> None:
    """Empty all tables of an app at once; its server remembers no rows."""
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '30s'; DELETE FROM app_storage_data")
    connection.close()
