"""GitHub's JSON objects, built from specs for a point in time.

`users`, `repositories`, `runs`, `jobs`, `commits`, `pulls`, `hooks`, `apps`: one object each,
with every key that GitHub's API description requires.
"""
