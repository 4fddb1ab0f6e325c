"""GitHub through PyGithub's authentication and requester, and ``requests`` for raw logs.

PyGithub's objects never leave this package: they send hidden requests for whatever a payload
lacks. Its requester is asked for JSON, which ``wire`` reads.
"""

from .actions import GithubActions
from .client import GithubClient
from .tokens import TokenPool, open_token_pool

__all__ = ["GithubActions", "GithubClient", "TokenPool", "open_token_pool"]
