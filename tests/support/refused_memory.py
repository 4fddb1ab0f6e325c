"""A source of GitHub for which the machine refuses memory."""

from __future__ import annotations


class TooLittleMemory:
    """A source for one of whose methods the machine refuses memory."""

    def __init__(self, github, method: str) -> None:
        self._github = github
        self._method = method

    def __getattr__(self, name):
        if name == self._method:
            return self._refuse
        return getattr(self._github, name)

    def _refuse(self, *_arguments, **_more):
        raise MemoryError
