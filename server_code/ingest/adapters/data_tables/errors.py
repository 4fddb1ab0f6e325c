"""Translation of Anvil's errors to StateUnavailable, with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import anvil.server
import anvil.tables

from ...errors import StateBusy, StateUnavailable
from .transactions import is_contention, is_expired

_Store = TypeVar("_Store", bound=type)

#: What Anvil raises where a query was not answered; most of these have no common base class.
_UNANSWERED = (
    anvil.server.AnvilWrappedError,
    anvil.server.ExecutionTerminatedError,
    anvil.server.InternalError,
    anvil.server.PermissionDenied,
    anvil.server.RuntimeUnavailableError,
    anvil.server.SerializationError,
    anvil.server.ServiceNotAdded,
    anvil.server.TimeoutError,
    anvil.server.UplinkDisconnectedError,
    OSError,
)

#: The module of the Uplink's errors, such as a handshake that a proxy refuses while Anvil is down.
_WEBSOCKET_ERRORS = "ws4py.exc"

_CONFLICT = "Data Tables are busy: other processes hold the same rows. Runstream tries again."
_TOO_SLOW = "Data Tables are too slow: a save took over 10 seconds. Runstream tries again."

_NOT_MIGRATED = (
    "The app's tables are not those of this version: on Anvil, open the app in the editor and "
    "apply the schema of anvil.yaml; on an app server, start it with --auto-migrate."
)


def translate_errors(store: _Store) -> _Store:
    """Let every public method of a store raise StateUnavailable for whatever Anvil raises."""
    for name, method in vars(store).items():
        if not name.startswith("_") and callable(method):
            setattr(store, name, translating_errors()(method))
    return store


@contextmanager
def translating_errors() -> Iterator[None]:
    """Turn Anvil's errors into StateUnavailable."""
    try:
        yield
    except StateUnavailable:
        raise
    except Exception as error:
        reason = _reason(error)
        if reason is None:
            raise
        kind = StateBusy if is_contention(error) else StateUnavailable
        raise kind(reason) from error


def _reason(error: Exception) -> str | None:
    """Return what is wrong; None for an error that is not Anvil's."""
    if is_contention(error):
        return _TOO_SLOW if is_expired(error) else _CONFLICT
    if isinstance(error, (anvil.tables.QuotaExceededError, anvil.server.QuotaExceededError)):
        return f"Data Tables are full: {error}. Set RETENTION_DAYS lower, or take a larger plan."
    if _is_not_migrated(error):
        return f"{error}. {_NOT_MIGRATED}"
    if isinstance(error, _UNANSWERED):
        return f"Data Tables do not answer: {error}"
    # The Uplink raises plain exceptions for its own failures.
    is_of_uplink = type(error) is Exception or isinstance(error, RuntimeError)
    if is_of_uplink or type(error).__module__ == _WEBSOCKET_ERRORS:
        return f"Data Tables do not answer: {error}"
    return None


def _is_not_migrated(error: Exception) -> bool:
    """Return whether a table (an attribute of AppTables) or a column is missing."""
    if isinstance(error, AttributeError):
        return "AppTables" in str(error)
    has_class = isinstance(error, anvil.tables.NoSuchColumnError)
    return has_class or "no such column" in str(error).lower()
