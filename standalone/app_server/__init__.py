"""Anvil's open-source app server on this checkout, as `serve`, `run` and the tests start it.

`program` finds it, `configuration` writes what it reads, `app_folder` gives the app the name that
it asks for, `running` starts it and watches it, `first_account` makes the first login.
"""

from .errors import CannotServe, ServerEnded
from .served_app import ServedApp, ServeOptions, open_app_server

__all__ = ["CannotServe", "ServeOptions", "ServedApp", "ServerEnded", "open_app_server"]
