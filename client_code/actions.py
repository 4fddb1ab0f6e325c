"""Run an action on the server from an event handler, and show its outcome on the form."""

import time

from anvil import get_open_form

from . import connection, dom

ERROR_SECONDS = 30  # the shortest time that an error is shown


def perform(form, name, *arguments, progress=""):
    """Call the server and return (is_done, answer).

    The form's element `message` shows `progress` first, then the error if there is one. If a
    refresh gives a row another `row_key` meanwhile, the banner shows the error.
    """
    row_key, error_text = getattr(form, "row_key", None), ""
    is_done, answer = False, None
    dom.fill(form, message=progress)
    try:
        answer = connection.call(name, *arguments)
        is_done = True
    except connection.ALREADY_SHOWN:
        pass
    except Exception as error:  # noqa: BLE001 - every error has a text for the reader
        error_text = str(error)
    if getattr(form, "row_key", None) == row_key:
        dom.fill(form, message=error_text)
        form.failed_at = time.time() if error_text else 0
    elif error_text:
        get_open_form().show_banner(error_text)
    return is_done, answer


def clear_old_message(form):
    """Remove an error after ERROR_SECONDS; a form calls it whenever it is drawn."""
    failed_at = getattr(form, "failed_at", 0)
    if failed_at and time.time() - failed_at > ERROR_SECONDS:
        form.failed_at = 0
        dom.fill(form, message="")
