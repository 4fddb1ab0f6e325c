"""Everything the collector needs from the world.

Each port has one adapter per vendor and one in memory; ``tests/contracts`` holds each pair to the
same behaviour. Adapters raise nothing but the errors of ``errors.py``.
"""

from .clock import Clock
from .github import ActionsSource, Answer, Budget, JobList, RepositoryFacts, RunPage, RunQuery
from .logs import LogCache
from .queues import BlobReference, BlobStore, Publisher, ReceivedMessage, Rejection, WorkQueue
from .state import LedgerStore, LogStateStore, RepositoryStore, StateStore, ViewStore

__all__ = [
    "ActionsSource",
    "Answer",
    "BlobReference",
    "BlobStore",
    "Budget",
    "Clock",
    "JobList",
    "LedgerStore",
    "LogCache",
    "LogStateStore",
    "Publisher",
    "ReceivedMessage",
    "Rejection",
    "RepositoryFacts",
    "RepositoryStore",
    "RunPage",
    "RunQuery",
    "StateStore",
    "ViewStore",
    "WorkQueue",
]
