"""Do something on the server from a handler: every outcome ends on the page."""

from . import connection


def attempt(say, name, *arguments):
    """Return (whether it was done, the answer); `say` gets the sentence of what went wrong."""
    try:
        return True, connection.ask(name, *arguments)
    except connection.QUIET:
        return False, None
    except Exception as error:  # noqa: BLE001 - whatever it is, it has a sentence
        say(str(error))
        return False, None
