"""GitHub's JSON objects, made from plans at an instant.

`users`, `repositories`, `runs`, `jobs`, `commits`, `pulls`, `hooks`, `apps`: one object each,
with every key that GitHub's API description requires.
"""
