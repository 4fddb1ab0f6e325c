"""The version of the app, for the footer. The build of the package writes the commit."""

VERSION = "0.2.0"
COMMIT = ""


def describe():
    """Return the version, with the commit if it is known."""
    return f"Runstream {VERSION} ({COMMIT})" if COMMIT else f"Runstream {VERSION}"
