"""Calls to the server, and the state of the connection."""

import json
import time

import anvil.server
import anvil.users


class ConnectionLost(Exception):
    """The server cannot be reached: the banner shows it, and the next refresh tries again."""


class LoggedOut(Exception):
    """The session has ended: the login page is shown."""


class ServerFailed(Exception):
    """The app server itself failed, for example because its database refuses writes."""


ALREADY_SHOWN = (ConnectionLost, LoggedOut)  # by the banner and by the login page
_LOST = (anvil.server.AppOfflineError, anvil.server.RuntimeUnavailableError)
# If the process of the server code has just ended, Anvil's internal server error has these words.
_NO_RUNTIME = "Server runtime not available"
# The server itself failed; these words are followed by the id of the error in its log.
_INTERNAL_ERROR = "Internal server error"
FAILED = "Runstream's server does not work: its database may be down, full or read-only. ({})"
RETRY_SECONDS = 3
UNREACHABLE = "Runstream cannot be reached. Try again in a moment."
# An account that is disabled during its session is denied every call.
_LOGGED_OUT = (anvil.users.AuthenticationFailed, anvil.server.PermissionDenied)
_STATE = {"is_lost": False, "on_change": None, "on_logout": None}


def watch(on_change, on_logout):
    """Register `on_change(is_lost)` for the connection and `on_logout()` for the session."""
    _STATE["on_change"], _STATE["on_logout"] = on_change, on_logout


def call(name, *arguments, **options):
    """Return the server's answer, without a spinner.

    Raises ConnectionLost or LoggedOut, which the page already shows. Raises ServerFailed or one of
    Runstream's own errors, whose texts are written for the reader.
    """
    try:
        answer = call_in_session(name, *arguments, as_json=True, **options)
    except _LOGGED_OUT:
        _STATE["on_logout"]()
        raise LoggedOut from None
    except Exception as error:
        if _is_lost(error):
            _set_lost(is_lost=True)
            raise ConnectionLost from None
        if _is_server_failure(error):
            raise ServerFailed(describe(error) + " Try again in a moment.") from None
        raise
    _set_lost(is_lost=False)
    return json.loads(answer) if isinstance(answer, str) else answer  # else it is a file


def describe(error):
    """Return the text of a call's error for the reader."""
    if _is_lost(error):
        return UNREACHABLE
    return FAILED.format(error) if _is_server_failure(error) else str(error)


def call_in_session(name, *arguments, **options):
    """Return the server's answer as it is, in a new session if this one has expired."""
    try:
        return anvil.server.call_s(name, *arguments, **options)
    except anvil.server.SessionExpiredError:
        anvil.server.reset_session()  # a remembered login stays valid in the new session
        return anvil.server.call_s(name, *arguments, **options)


def _is_lost(error):
    return isinstance(error, _LOST) or _NO_RUNTIME in str(error)


def _is_server_failure(error):
    return str(error).startswith(_INTERNAL_ERROR)


def _set_lost(*, is_lost):
    if is_lost != _STATE["is_lost"]:
        _STATE["is_lost"] = is_lost
        _STATE["on_change"](is_lost)


def current_user():
    """Return the user and the server's time, or None; retry until the server works."""
    while True:
        try:
            user = call_in_session("get_session")
        except Exception as error:
            if not (_is_lost(error) or _is_server_failure(error)):
                raise
            _set_lost(is_lost=True)
            time.sleep(RETRY_SECONDS)
        else:
            _set_lost(is_lost=False)
            return user
