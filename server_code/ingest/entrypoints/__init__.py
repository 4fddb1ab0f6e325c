"""Anvil's doors: background tasks, callables and HTTP endpoints, a few lines each.

``desk`` opens what they work with, ``doors`` says who may enter, ``arguments`` what is accepted.
"""
