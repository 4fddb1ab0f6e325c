"""GitHub's JSON objects, built from specs for a point in time.

Each module builds one kind of object, with every key that GitHub's API description requires.
"""
