"""GitHub's redirect to the app, with a code or after an installation."""

from anvil.js.window import history, location

from . import routes

_STATE = {"code": None}


def page_to_open():
    """Return the link to the page that continues after GitHub's redirect; None without one.

    The parameters are removed from the address, because a code is for one use.
    """
    _, parameters = routes.parse_address("#home" + str(location.search))
    if not (parameters.get("code") or parameters.get("setup_action")):
        return None
    history.replaceState(None, "", location.pathname + str(location.hash))
    if parameters.get("code"):
        _STATE["code"] = {"code": parameters["code"], "state": parameters.get("state", "")}
        return routes.address("settings", part="credentials")
    return routes.address("repositories", installed="yes")


def take_code():
    """Remove the code and its state and return them; None if there are none."""
    taken, _STATE["code"] = _STATE["code"], None
    return taken
