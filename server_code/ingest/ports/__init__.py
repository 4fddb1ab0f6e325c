"""Everything the collector needs from the world.

Each port has one adapter per vendor; ``tests/contracts`` holds all adapters of a port to the same
behaviour. Adapters raise nothing but the errors of ``errors.py``.
"""

from .agent_store import AgentStore
from .bus import EventBus, QueueDepth
from .clock import Clock
from .dashboard_store import DashboardStore
from .github import (
    ActionsApi,
    Answer,
    JobList,
    RateLimitStatus,
    RepositoryInfo,
    RunPage,
    RunQuery,
)
from .ledger_store import LedgerStore, LogStateStore
from .logs import LogCache
from .queues import BlobReference, BlobStore, Publisher, ReceivedMessage, SendFailure, WorkQueue
from .repository_api import CredentialInfo, RepositoryApi, RepositoryList, RepositoryListQuery
from .repository_store import RepositoryStore
from .source_store import SourceStore
from .state import SeldomChangedRecords, StateStore

__all__ = [
    "ActionsApi",
    "AgentStore",
    "Answer",
    "BlobReference",
    "BlobStore",
    "Clock",
    "CredentialInfo",
    "DashboardStore",
    "EventBus",
    "JobList",
    "LedgerStore",
    "LogCache",
    "LogStateStore",
    "Publisher",
    "QueueDepth",
    "RateLimitStatus",
    "ReceivedMessage",
    "RepositoryApi",
    "RepositoryInfo",
    "RepositoryList",
    "RepositoryListQuery",
    "RepositoryStore",
    "RunPage",
    "RunQuery",
    "SeldomChangedRecords",
    "SendFailure",
    "SourceStore",
    "StateStore",
    "WorkQueue",
]
