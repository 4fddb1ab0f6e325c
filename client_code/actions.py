"""Run an action on the server from an event handler, and show its outcome on the form."""

import time

from . import connection, dom

ERROR_SECONDS = 30  # the shortest time that an error is shown


def perform(form, name, *arguments, progress=""):
    """Call the server and return (is_done, answer).

    The form's element `message` shows `progress` first, then the error if there is one.
    """
    dom.fill(form, message=progress)
    try:
        answer = connection.call(name, *arguments)
    except connection.ALREADY_SHOWN:
        dom.fill(form, message="")
        return False, None
    except Exception as error:  # noqa: BLE001 - every error has a text for the reader
        dom.fill(form, message=str(error))
        form.failed_at = time.time()
        return False, None
    dom.fill(form, message="")
    return True, answer


def clear_old_error(form):
    """Remove an error after ERROR_SECONDS; for forms whose message shows errors only."""
    if time.time() - getattr(form, "failed_at", 0) > ERROR_SECONDS:
        dom.fill(form, message="")
