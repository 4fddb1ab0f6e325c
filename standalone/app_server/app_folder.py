"""The app as the server requires it: a directory named like its package, with only its files.

The server uses the directory's name as the app's id, accepts only letters, digits and underscores
in it, and reads every file below. A checkout may have any name, and contains many more files.
"""

from __future__ import annotations

from pathlib import Path

from .errors import CannotServe

PACKAGE_NAME = "runstream"

#: The files of a checkout that are the app. Without a theme the server does not start.
APP_FILES = ("__init__.py", "anvil.yaml", "client_code", "server_code", "theme")

CHECKOUT = Path(__file__).parents[2]


def link_app(checkout: Path, folder: Path) -> Path:
    """Link the app's files into `folder`; return the directory to serve.

    The checkout may be read-only, and an edit in it is served at once.
    """
    missing = [name for name in APP_FILES if not (checkout / name).exists()]
    if missing:
        raise CannotServe(
            f"{checkout} is not the whole app: {', '.join(missing)} is not there. Serve from a "
            "checkout of the repository."
        )
    app = folder / PACKAGE_NAME
    app.mkdir(parents=True, exist_ok=True)
    for name in APP_FILES:
        link = app / name
        link.unlink(missing_ok=True)
        link.symlink_to(checkout.resolve() / name)
    return app
