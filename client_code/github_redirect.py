"""GitHub's redirect to the app: with the code of a new GitHub App, or after its installation."""

from anvil.js.window import history, location

from . import routes

#: The code that was received last, with its state, until it is taken.
_RECEIVED = {"code": None}


def page_to_open():
    """Return the link to the page that continues after GitHub's redirect; None without one.

    The parameters are removed from the address, because a code is for one use.
    """
    _, parameters = routes.parse_address("#home" + str(location.search))
    if not (parameters.get("code") or parameters.get("setup_action")):
        return None
    history.replaceState(None, "", location.pathname + str(location.hash))
    if parameters.get("code"):
        _RECEIVED["code"] = {"code": parameters["code"], "state": parameters.get("state", "")}
        return routes.address("settings", part="credentials")
    # A member who is no owner only requests the installation.
    is_requested = parameters["setup_action"] == "request"
    return routes.address("repositories", installed="requested" if is_requested else "yes")


def take_code():
    """Remove the code and its state and return them; None if there are none."""
    taken, _RECEIVED["code"] = _RECEIVED["code"], None
    return taken
