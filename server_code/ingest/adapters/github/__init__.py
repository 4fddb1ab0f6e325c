"""GitHub over its REST and GraphQL APIs.

``requests`` carries the requests and PyGithub signs in as an app. PyGithub's own requester is not
used: it follows redirects and waits by itself, outside the limits.
"""

from .actions import GithubActions
from .client import GithubClient
from .open_token_pool import open_token_pool
from .repository_lists import GithubRepositories
from .tokens import TokenPool

__all__ = ["GithubActions", "GithubClient", "GithubRepositories", "TokenPool", "open_token_pool"]
