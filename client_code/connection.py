"""Ask the server, and know whether it can be reached."""

import time

import anvil.server
import anvil.users


class ConnectionLost(Exception):
    """The server cannot be reached now; the banner says so, and the next refresh tries again."""


class LoggedOut(Exception):
    """The login has ended; the login page is shown."""


QUIET = (ConnectionLost, LoggedOut)  # of these the page speaks already
_LOST = (anvil.server.AppOfflineError, anvil.server.RuntimeUnavailableError)
# who is logged in, but has been disabled since, is denied each call
_NOT_LET_IN = (anvil.users.AuthenticationFailed, anvil.server.PermissionDenied)
_STATE = {"is_lost": False, "changed": None, "logged_out": None}


def watch(changed, logged_out):
    """Call `changed(is_lost)` when the connection goes or comes, `logged_out()` without a login."""
    _STATE["changed"], _STATE["logged_out"] = changed, logged_out


def ask(name, *arguments, **options):
    """Return the server's answer, without a spinner.

    Raises ConnectionLost or LoggedOut, both of which are on the page already, or the server's own
    error, whose text is a sentence for the reader.
    """
    try:
        answer = _ask_in_session(name, arguments, options)
    except _LOST:
        _set_lost(is_lost=True)
        raise ConnectionLost from None
    except _NOT_LET_IN:
        _STATE["logged_out"]()
        raise LoggedOut from None
    _set_lost(is_lost=False)
    return answer


def _ask_in_session(name, arguments, options):
    try:
        return anvil.server.call_s(name, *arguments, **options)
    except anvil.server.SessionExpiredError:
        anvil.server.reset_session()  # a remembered login lives on in the new session
        return anvil.server.call_s(name, *arguments, **options)


def _set_lost(*, is_lost):
    if is_lost != _STATE["is_lost"]:
        _STATE["is_lost"] = is_lost
        _STATE["changed"](is_lost)


def current_user():
    """Return who is logged in, or None; waits for a server that cannot be reached."""
    while True:
        try:
            with anvil.server.no_loading_indicator:
                user = anvil.users.get_user()
        except _LOST:
            _set_lost(is_lost=True)
            time.sleep(3)
        except anvil.server.SessionExpiredError:
            anvil.server.reset_session()
        else:
            _set_lost(is_lost=False)
            return user
