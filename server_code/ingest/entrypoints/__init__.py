"""Anvil's entry points: background tasks, callables and HTTP endpoints, a few lines each.

``request_context`` opens settings and state, ``auth`` checks the user, ``arguments`` the input.
"""
