"""Anvil's open-source app server on this checkout, as `serve`, `run` and the tests start it."""

from .errors import CannotServe, ServerEnded
from .served_app import ServedApp, ServeOptions, open_app_server

__all__ = ["CannotServe", "ServeOptions", "ServedApp", "ServerEnded", "open_app_server"]
