"""The interfaces to everything outside the collector.

Each port has one adapter per vendor; ``tests/contracts`` tests all adapters of a port with the same
suite. Adapters raise only the errors of ``errors.py``. Of the parts of ``StateStore``, agents share
their heartbeats, pauses and claims in ``CoordinationStore``. ``DashboardStore`` holds what is kept
for pages, and ``DashboardReads`` reads what each refresh of a page needs.
"""

from ..messaging.claim_check import BlobReference as BlobReference
from .bus import EventBus as EventBus
from .bus import QueueDepth as QueueDepth
from .clock import Clock as Clock
from .coordination_store import CoordinationStore as CoordinationStore
from .dashboard_reads import DashboardReads as DashboardReads
from .dashboard_store import DashboardStore as DashboardStore
from .github import ActionsApi as ActionsApi
from .github import Answer as Answer
from .github import JobList as JobList
from .github import PullQuery as PullQuery
from .github import RateLimitStatus as RateLimitStatus
from .github import RepositoryInfo as RepositoryInfo
from .github import RunPage as RunPage
from .github import RunQuery as RunQuery
from .ledger_store import LedgerStore as LedgerStore
from .ledger_store import LogStateStore as LogStateStore
from .log_cache import LogCache as LogCache
from .queues import BlobStore as BlobStore
from .queues import Publisher as Publisher
from .queues import ReceivedMessage as ReceivedMessage
from .queues import SendFailure as SendFailure
from .queues import WorkQueue as WorkQueue
from .repository_api import CredentialInfo as CredentialInfo
from .repository_api import RepositoryApi as RepositoryApi
from .repository_api import RepositoryList as RepositoryList
from .repository_api import RepositoryListQuery as RepositoryListQuery
from .repository_store import RepositoryStore as RepositoryStore
from .source_store import SourceStore as SourceStore
from .state import StateStore as StateStore
