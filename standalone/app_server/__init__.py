"""Anvil's open-source app server on this checkout, as `serve`, `run` and the tests start it."""
