"""Run an action on the server from an event handler, and show its outcome on the form."""

from . import connection, dom


def attempt(form, name, *arguments, progress=""):
    """Call the server and return (is_done, answer).

    The form's element `message` shows `progress` first, then the error if there is one.
    """
    dom.fill(form, message=progress)
    try:
        answer = connection.call(name, *arguments)
    except connection.QUIET:
        dom.fill(form, message="")
        return False, None
    except Exception as error:  # noqa: BLE001 - every error has a text for the reader
        dom.fill(form, message=str(error))
        return False, None
    dom.fill(form, message="")
    return True, answer
